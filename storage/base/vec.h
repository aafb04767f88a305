/*
 * The one typed vector: items in a row, owned by it.
 *
 *     VEC_DEFINE(namevec, char *);
 *     cleanup(...) struct namevec v = VEC_INIT;
 *     *vec_add(&v) = str_dup("a");
 *     VEC_EACH(&v, name) puts(*name);
 *
 * What the items themselves own is the user's to release before vec_done.
 */
#ifndef STORAGE_BASE_VEC_H
#define STORAGE_BASE_VEC_H

#include "storage/base/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define VEC_DEFINE(name, type)                                                 \
	struct name {                                                          \
		type *items;                                                   \
		size_t len;                                                    \
		size_t cap;                                                    \
	}

#define VEC_INIT                                                               \
	{                                                                      \
		.items = NULL, .len = 0, .cap = 0                              \
	}

/* Appends one zeroed item and returns its address, valid until the next is
 * added. */
#define vec_add(v)                                                             \
	({                                                                     \
		__typeof__(v) v_ = (v);                                        \
		if (v_->len == v_->cap) {                                      \
			v_->cap = v_->cap ? v_->cap * 2 : 8;                   \
			v_->items = mem_resize(                                \
			    v_->items, v_->cap, sizeof(*v_->items));           \
		}                                                              \
		memset(&v_->items[v_->len], 0, sizeof(*v_->items));            \
		&v_->items[v_->len++];                                         \
	})

/* Makes room for n items, where there is less: what has few of them from its
 * start need not have the room of many. */
#define vec_reserve(v, n)                                                      \
	do {                                                                   \
		__typeof__(v) v_ = (v);                                        \
		size_t n_ = (n);                                               \
		if (v_->cap < n_) {                                            \
			v_->cap = n_;                                          \
			v_->items =                                            \
			    mem_resize(v_->items, n_, sizeof(*v_->items));     \
		}                                                              \
	} while (0)

#define vec_done(v)                                                            \
	do {                                                                   \
		__typeof__(v) v_ = (v);                                        \
		free(v_->items);                                               \
		v_->items = NULL;                                              \
		v_->len = v_->cap = 0;                                         \
	} while (0)

#define VEC_EACH(v, it)                                                        \
	for (__auto_type it = &*(v)->items; it && it < (v)->items + (v)->len;  \
	     it++)

/* cmp as for qsort, on pointers to items. */
#define vec_sort(v, cmp)                                                       \
	do {                                                                   \
		if ((v)->len > 1)                                              \
			qsort((v)->items, (v)->len, sizeof(*(v)->items), cmp); \
	} while (0)

#endif
