/*
 * Finds numbers by a name. One name may have several.
 */
#ifndef STORAGE_BASE_INDEX_H
#define STORAGE_BASE_INDEX_H

#include <stddef.h>
#include <stdint.h>

struct index;

enum { INDEX_END = UINT32_MAX };

struct index *index_new(void);
void index_free(struct index *x); /* takes NULL */
void index_freep(struct index **x);
/* Copies the name, and returns its own copy. */
const char *index_add(struct index *x, const char *name, uint32_t value);

/* Each value of a name, in the order they were added:
 *     for (uint32_t it = index_first(x, name); it != INDEX_END;
 *          it = index_next(x, it))
 *             use(index_value(x, it));
 */
uint32_t index_first(const struct index *x, const char *name);
uint32_t index_next(const struct index *x, uint32_t it);
uint32_t index_value(const struct index *x, uint32_t it);
/* Its own copy of the name; good as long as the index. */
const char *index_name(const struct index *x, uint32_t it);

#endif
