#include "storage/archive/pathset.h"

#include "storage/base/digest.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

struct pathset_slot {
	uint8_t key[16]; /* all zero: empty */
};

static const struct pathset_slot empty;

static struct pathset_slot key_of(const char *path)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	struct pathset_slot key;

	digest_of(DIGEST_SHA256, path, strlen(path), digest);
	memcpy(key.key, digest, sizeof key.key);
	return key;
}

/* The slot that the key is in, or would be in. */
static struct pathset_slot *find(
    const struct pathset *s, const struct pathset_slot *key)
{
	size_t at;

	memcpy(&at, key->key, sizeof at);
	for (;; at++) {
		struct pathset_slot *slot = &s->slots[at & (s->cap - 1)];
		if (!memcmp(slot, key, sizeof *slot) ||
		    !memcmp(slot, &empty, sizeof *slot))
			return slot;
	}
}

static void grow(struct pathset *s)
{
	struct pathset bigger = {
	    .cap = s->cap ? s->cap * 2 : 256, .len = s->len};

	bigger.slots = mem_resize(NULL, bigger.cap, sizeof *bigger.slots);
	memset(bigger.slots, 0, bigger.cap * sizeof *bigger.slots);
	for (size_t i = 0; i < s->cap; i++)
		if (memcmp(&s->slots[i], &empty, sizeof empty))
			*find(&bigger, &s->slots[i]) = s->slots[i];
	free(s->slots);
	*s = bigger;
}

static bool has(const struct pathset *s, const struct pathset_slot *key)
{
	return s->cap && memcmp(find(s, key), key, sizeof *key) == 0;
}

static bool add(struct pathset *s, const struct pathset_slot *key)
{
	if (s->len * 4 >= s->cap * 3)
		grow(s);
	struct pathset_slot *slot = find(s, key);
	if (!memcmp(slot, key, sizeof *key))
		return false;
	*slot = *key;
	s->len++;
	return true;
}

bool pathset_has(const struct pathset *s, const char *path)
{
	struct pathset_slot key = key_of(path);

	return has(s, &key);
}

bool pathset_add(struct pathset *s, const char *path)
{
	struct pathset_slot key = key_of(path);

	return add(s, &key);
}

static bool is_empty(const struct pathset_slot *slot)
{
	return memcmp(slot, &empty, sizeof empty) == 0;
}

bool pathset_meets(const struct pathset *a, const struct pathset *b)
{
	for (size_t i = 0; i < a->cap; i++)
		if (!is_empty(&a->slots[i]) && has(b, &a->slots[i]))
			return true;
	return false;
}

void pathset_merge(struct pathset *to, const struct pathset *from)
{
	for (size_t i = 0; i < from->cap; i++)
		if (!is_empty(&from->slots[i]))
			add(to, &from->slots[i]);
}

void pathset_done(struct pathset *s)
{
	free(s->slots);
	*s = (struct pathset)PATHSET_INIT;
}
