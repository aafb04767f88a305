#include "storage/git/repo/base_cache.h"

#include <stdlib.h>

enum { MAX_BYTES = 24 * 1024 * 1024, MAX_ONE = MAX_BYTES / 8 };

static void drop(struct base_cache *c, struct base *b)
{
	c->bytes -= b->len;
	free(b->data);
	*b = (struct base){.data = NULL};
}

void base_cache_clear(struct base_cache *c)
{
	for (size_t i = 0; i < BASE_CACHE_SLOTS; i++)
		drop(c, &c->slots[i]);
}

static size_t slot_of(size_t pack, uint64_t offset)
{
	uint64_t mixed = (offset + pack) * 0x9e3779b97f4a7c15U;

	return (size_t)(mixed >> 52) % BASE_CACHE_SLOTS;
}

const struct base *base_cache_get(
    const struct base_cache *c, size_t pack, uint64_t offset)
{
	const struct base *b = &c->slots[slot_of(pack, offset)];

	return b->data && b->pack == pack && b->offset == offset ? b : NULL;
}

void base_cache_put(struct base_cache *c, struct base b)
{
	struct base *slot = &c->slots[slot_of(b.pack, b.offset)];

	if (b.len > MAX_ONE) {
		free(b.data);
		return;
	}
	drop(c, slot);
	*slot = b;
	c->bytes += b.len;
	while (c->bytes > MAX_BYTES) {
		c->hand = (c->hand + 1) % BASE_CACHE_SLOTS;
		if (&c->slots[c->hand] != slot)
			drop(c, &c->slots[c->hand]);
	}
}
