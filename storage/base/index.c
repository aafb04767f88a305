#include "storage/base/index.h"

#include "storage/base/texts.h"
#include "storage/base/vec.h"

#include <string.h>

/* There may be many: the values of a name are a ring, of which the slot has the
 * last, and each leads to the next. */
struct item {
	const char *name;
	uint32_t value;
	uint32_t next; /* of the same name; of the last: the first */
};

struct index {
	struct texts names;
	VEC_DEFINE(, struct item) items;
	uint32_t *slots; /* last item of a name + 1, 0: free */
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
	texts_done(&x->names);
	vec_done(&x->items);
	free(x->slots);
	free(x);
}

void index_freep(struct index **x)
{
	index_free(*x);
}

static uint32_t *slot_for(const struct index *x, const char *name)
{
	size_t slot = hash_of(name) % x->slot_count;

	while (x->slots[slot] &&
	       strcmp(x->items.items[x->slots[slot] - 1].name, name) != 0)
		slot = (slot + 1) % x->slot_count;
	return &x->slots[slot];
}

static void grow(struct index *x)
{
	uint32_t *old = x->slots;
	size_t old_count = x->slot_count;

	x->slot_count *= 2;
	x->slots = mem_zalloc(x->slot_count * sizeof(*x->slots));
	for (size_t i = 0; i < old_count; i++)
		if (old[i])
			*slot_for(x, x->items.items[old[i] - 1].name) = old[i];
	free(old);
}

const char *index_add(struct index *x, const char *name, uint32_t value)
{
	if (x->used * 2 >= x->slot_count)
		grow(x);
	uint32_t *slot = slot_for(x, name);
	uint32_t added = (uint32_t)x->items.len;
	struct item *item = vec_add(&x->items);

	*item = (struct item){.value = value, .next = added};
	if (*slot) {
		struct item *last = &x->items.items[*slot - 1];

		item->name = last->name;
		item->next = last->next;
		last->next = added;
	} else {
		item->name = texts_keep(&x->names, name);
		x->used++;
	}
	*slot = added + 1;
	return item->name;
}

uint32_t index_first(const struct index *x, const char *name)
{
	uint32_t last = *slot_for(x, name);

	return last ? x->items.items[last - 1].next : INDEX_END;
}

/* The ring ends where it comes back to what was added before. */
uint32_t index_next(const struct index *x, uint32_t it)
{
	uint32_t next = x->items.items[it].next;

	return next > it ? next : INDEX_END;
}

const char *index_name(const struct index *x, uint32_t it)
{
	return x->items.items[it].name;
}

uint32_t index_value(const struct index *x, uint32_t it)
{
	return x->items.items[it].value;
}
