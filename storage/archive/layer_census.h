/*
 * What layers select of a platform whose parts go by one after the other, and
 * what somebody who wrote the selectors should know of it: which patterns
 * select nothing, what is in no layer, and what is in two.
 *
 * It refuses to know where the parts come from: a plan counts those of a
 * snapshot, a check those of an index or of the sources.
 */
#ifndef STORAGE_ARCHIVE_LAYER_CENSUS_H
#define STORAGE_ARCHIVE_LAYER_CENSUS_H

#include "storage/archive/layers.h"

struct layer_census;

/* Borrows the layers; the caller frees. */
struct layer_census *layer_census_new(const struct layers *l);
void layer_census_free(struct layer_census *c); /* takes NULL */
void layer_census_freep(struct layer_census **c);

/* A list whose patterns are not judged, because what they are for does not go
 * by here. Without the labels, an object that a layer would select by them is
 * in none, and is counted apart. */
void layer_census_without(struct layer_census *c, enum layer_list list);

/* Each counts one part, and returns its layer: the first that selects it, or
 * items.len. */
size_t layer_census_repository(struct layer_census *c, const char *name);
size_t layer_census_state(struct layer_census *c, const char *bucket_key);
size_t layer_census_object(
    struct layer_census *c, const struct layer_object *o, const char *name);
/* One more name that patterns of a list may be for, where nothing else is
 * known. */
void layer_census_name(
    struct layer_census *c, enum layer_list list, const char *name);

/* How many are in a layer, or, with items.len, in none. */
size_t layer_census_count(const struct layer_census *c, size_t layer);
/* How many may be in a layer by labels, which are not known. */
size_t layer_census_undecided(const struct layer_census *c);

/* Each appends a line for each finding. `of` is what nothing was found in, "the
 * snapshot". */
void layer_census_unused(const struct layer_census *c, size_t layer,
    const char *of, struct strvec *lines);
void layer_census_twice(const struct layer_census *c, struct strvec *lines);
void layer_census_unassigned(
    const struct layer_census *c, struct strvec *lines);

#endif
