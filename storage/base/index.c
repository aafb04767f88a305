#include "storage/base/index.h"

#include "storage/base/buf.h"
#include "storage/base/vec.h"

#include <string.h>

struct item {
	size_t name; /* offset into names */
	uint32_t hash;
	uint32_t value;
	uint32_t next; /* of the same name */
	uint32_t last; /* of the first: where the chain ends */
};

struct index {
	struct buf names;
	VEC_DEFINE(, struct item) items;
	uint32_t *slots; /* first item of a name + 1, 0: free */
	size_t slot_count;
	size_t used;
};

/* FNV-1a; chains of slots stay short because the table is at most half full. */
static uint32_t hash_of(const char *name)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3u;
	return (uint32_t)(h ^ (h >> 32));
}

struct index *index_new(void)
{
	struct index *x = mem_new(struct index);

	x->slot_count = 1024;
	x->slots = mem_zalloc(x->slot_count * sizeof(*x->slots));
	return x;
}

void index_free(struct index *x)
{
	if (!x)
		return;
	buf_done(&x->names);
	vec_done(&x->items);
	free(x->slots);
	free(x);
}

void index_freep(struct index **x)
{
	index_free(*x);
}

static size_t slot_for(const struct index *x, const char *name, uint32_t hash)
{
	size_t slot = hash % x->slot_count;

	for (; x->slots[slot]; slot = (slot + 1) % x->slot_count) {
		const struct item *it = &x->items.items[x->slots[slot] - 1];

		if (it->hash == hash &&
		    strcmp(x->names.data + it->name, name) == 0)
			break;
	}
	return slot;
}

static void grow(struct index *x)
{
	uint32_t *old = x->slots;
	size_t old_count = x->slot_count;

	x->slot_count *= 2;
	x->slots = mem_zalloc(x->slot_count * sizeof(*x->slots));
	for (size_t i = 0; i < old_count; i++) {
		if (!old[i])
			continue;
		const struct item *it = &x->items.items[old[i] - 1];
		x->slots[slot_for(x, x->names.data + it->name, it->hash)] =
		    old[i];
	}
	free(old);
}

void index_add(struct index *x, const char *name, uint32_t value)
{
	uint32_t hash = hash_of(name);

	if (x->used * 2 >= x->slot_count)
		grow(x);
	size_t slot = slot_for(x, name, hash);
	uint32_t added = (uint32_t)x->items.len;
	struct item *item = vec_add(&x->items);

	*item = (struct item){
	    .hash = hash, .value = value, .next = INDEX_END, .last = added};
	if (x->slots[slot]) {
		struct item *first = &x->items.items[x->slots[slot] - 1];

		item->name = first->name;
		x->items.items[first->last].next = added;
		first->last = added;
		return;
	}
	item->name = x->names.len;
	buf_add(&x->names, name, strlen(name) + 1);
	x->slots[slot] = added + 1;
	x->used++;
}

uint32_t index_first(const struct index *x, const char *name)
{
	size_t slot = slot_for(x, name, hash_of(name));

	return x->slots[slot] ? x->slots[slot] - 1 : INDEX_END;
}

uint32_t index_next(const struct index *x, uint32_t it)
{
	return x->items.items[it].next;
}

const char *index_name(const struct index *x, uint32_t it)
{
	return x->names.data + x->items.items[it].name;
}

uint32_t index_value(const struct index *x, uint32_t it)
{
	return x->items.items[it].value;
}
