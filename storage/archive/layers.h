/*
 * The layers in which a platform is delivered, and restored: which parts belong
 * to which, and what each waits for. The manifest keeps them as they were
 * configured, so that a restore knows them with nothing but the vault and the
 * keys:
 *
 *   layers   {unassigned: "last"|"first", items: [{name, depends_on: [name],
 *            sync: "manual"|"automated", select: {repositories, states,
 *            namespaces, kinds, labels, clusters}}]}, each an array of patterns
 *
 * A repository is selected by its name, a state by BUCKET/KEY, and an object
 * where each of namespaces, kinds, labels and clusters that is given has a
 * pattern that fits. What no layer selects is in one of its own, `unassigned`,
 * which comes after all others or before them.
 */
#ifndef STORAGE_ARCHIVE_LAYERS_H
#define STORAGE_ARCHIVE_LAYERS_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>

struct json_object;

#define LAYERS_UNASSIGNED "unassigned"

/* The lists of a selector, in the order of the manifest. */
enum layer_list {
	LAYER_REPOSITORIES,
	LAYER_STATES,
	LAYER_NAMESPACES,
	LAYER_KINDS,
	LAYER_LABELS,
	LAYER_CLUSTERS,
	LAYER_LISTS
};

/* Patterns, as str_glob takes them. */
struct layer_select {
	struct strvec repositories;
	struct strvec states;	  /* "BUCKET/KEY" */
	struct strvec namespaces; /* a Namespace is in itself */
	struct strvec kinds;	  /* "Deployment.apps", "Secret" */
	struct strvec labels;	  /* "KEY=VALUE", "KEY" */
	struct strvec clusters;
};

/* All owned. */
struct layer {
	char *name; /* the value of a label of Kubernetes */
	struct strvec depends_on;
	bool manual; /* somebody has to approve it */
	struct layer_select select;
};

struct layers {
	VEC_DEFINE(, struct layer) items; /* none: there are no layers */
	bool unassigned_first;
};
#define LAYERS_INIT                                                            \
	{                                                                      \
		.unassigned_first = false                                      \
	}

void layers_done(struct layers *l);

/* ERR_USAGE with one line: a name that is not a value of a label, or is there
 * twice, a dependency that is unknown, a layer that depends on itself over
 * others, a layer that selects nothing. */
int layers_check(const struct layers *l, struct err *err);

/* The array for the manifest, the caller's; NULL where there are none. */
struct json_object *layers_write(const struct layers *l);
/* ERR_FORMAT where it is none, ERR_USAGE as layers_check; NULL gives none.
 * `out` is initialised, and the caller's in any case. */
int layers_read(
    const struct json_object *j, struct layers *out, struct err *err);

/* What an object says of itself. */
struct layer_object {
	const char *cluster;
	const char *ns; /* of a Namespace its name; NULL: cluster-scoped */
	const char *group, *kind;
	const struct json_object *labels;
};

/* One of the lists, borrowed, and its name in the manifest. */
const struct strvec *layer_patterns(
    const struct layer *l, enum layer_list list);
const char *layer_list_name(enum layer_list list);
/* Whether an object has what one pattern of one of the lists for objects asks
 * for. */
bool layer_pattern_fits(
    enum layer_list list, const char *pattern, const struct layer_object *o);

bool layer_has_object(const struct layer *l, const struct layer_object *o);

/* The layers that one waits for: those it names, and the unassigned one where
 * that is first; `layer` == items.len is the unassigned one. Calls `each` for
 * their indexes. */
void layers_needs(const struct layers *l, size_t layer,
    void (*each)(void *ctx, size_t needs), void *ctx);
/* Its name, also of the unassigned one. */
const char *layers_name(const struct layers *l, size_t layer);
/* The index of that name, items.len of the unassigned one; SIZE_MAX: none. */
size_t layers_find(const struct layers *l, const char *name);
/* Whether a layer waits for another, directly or over others. */
bool layers_waits_for(const struct layers *l, size_t layer, size_t other);
/* The first layer that is not done (items.len + 1 of them) and waits for none
 * that is not; SIZE_MAX where all are done. */
size_t layers_next(const struct layers *l, const bool *done);

#endif
