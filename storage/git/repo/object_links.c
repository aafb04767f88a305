#include "storage/git/repo/object_links.h"

#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 1024 };

const char *object_type_name(enum object_type type)
{
	switch (type) {
	case OBJECT_COMMIT:
		return "commit";
	case OBJECT_TREE:
		return "tree";
	case OBJECT_TAG:
		return "tag";
	case OBJECT_BLOB:
	default:
		return "blob";
	}
}

void object_links_done(struct object_links *s)
{
	free(s->slots);
	*s = (struct object_links)OBJECT_LINKS_INIT;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	static const uint8_t zero[GIT_ID_LEN];

	return memcmp(bytes, zero, len) == 0;
}

static uint8_t *slot(const struct object_links *s, size_t i)
{
	return s->slots + i * s->width;
}

/* Ids are digests: any of their bytes are evenly distributed, so that the first
 * ones serve as the hash of a table and tell almost all ids apart. Comparing
 * them as one number spares most calls of memcmp, which costs more than all
 * else here. */
static uint64_t first_bytes(const uint8_t *id)
{
	uint64_t first;

	memcpy(&first, id, sizeof(first));
	return first;
}

static bool is_free(const struct object_links *s, size_t i)
{
	return !first_bytes(slot(s, i)) && is_zero(slot(s, i), s->width);
}

static bool is_at(const struct object_links *s, size_t i, const uint8_t *id)
{
	return first_bytes(slot(s, i)) == first_bytes(id) &&
	       memcmp(slot(s, i), id, s->width) == 0;
}

/* An id that is longer than the slots is not in the set. */
static bool is_wider(const struct object_links *s, const uint8_t *id)
{
	return !is_zero(id + s->width, GIT_ID_LEN - s->width);
}

/* The slot of an id, or the free one where it belongs. */
static size_t find_slot(const struct object_links *s, const uint8_t *id)
{
	size_t at = (size_t)first_bytes(id) & (s->cap - 1);

	while (!is_at(s, at, id) && !is_free(s, at))
		at = (at + 1) & (s->cap - 1);
	return at;
}

/* The same set with more slots, or wider ones. With SHA-1 alone, which is most
 * common, a set needs much less memory. */
static void resize(struct object_links *s, size_t cap, size_t width)
{
	struct object_links bigger = *s;

	bigger.cap = cap;
	bigger.width = width;
	bigger.slots = mem_zalloc(cap * width);
	for (size_t i = 0; i < s->cap; i++) {
		uint8_t id[GIT_ID_LEN] = {0};
		if (is_free(s, i))
			continue;
		memcpy(id, slot(s, i), s->width);
		memcpy(slot(&bigger, find_slot(&bigger, id)), id, width);
	}
	free(s->slots);
	*s = bigger;
}

void object_links_add(struct object_links *s, const uint8_t id[GIT_ID_LEN])
{
	if (s->known && object_links_has(s->known, id))
		return;
	if (!s->cap)
		resize(s, FIRST_CAP, git_id_len(GIT_SHA1));
	else if (s->len * 3 >= s->cap * 2)
		resize(s, s->cap * 2, s->width);
	if (is_wider(s, id))
		resize(s, s->cap, GIT_ID_LEN);
	size_t at = find_slot(s, id);
	if (is_free(s, at)) {
		memcpy(slot(s, at), id, s->width);
		s->len++;
	}
}

bool object_links_has(
    const struct object_links *s, const uint8_t id[GIT_ID_LEN])
{
	return s->len && !is_wider(s, id) && !is_free(s, find_slot(s, id));
}

bool object_links_next(
    const struct object_links *s, size_t *at, uint8_t id[GIT_ID_LEN])
{
	for (; *at < s->cap; ++*at) {
		if (is_free(s, *at))
			continue;
		memset(id, 0, GIT_ID_LEN);
		memcpy(id, slot(s, *at), s->width);
		++*at;
		return true;
	}
	return false;
}

/* The types that git makes of a mode (canon_mode in its cache.h): a mode of
 * neither file, link nor directory counts as a submodule. */
static uint32_t canonical_mode(uint32_t mode)
{
	switch (mode & 0170000) {
	case 0100000:
		return mode & 0100 ? 0100755 : 0100644;
	case 0120000:
		return 0120000;
	case MODE_TREE:
		return MODE_TREE;
	default:
		return MODE_SUBMODULE;
	}
}

int tree_next(enum git_hash hash, const uint8_t **at, const uint8_t *end,
    struct tree_entry *e)
{
	const size_t id_len = git_id_len(hash);
	const uint8_t *p = *at;
	uint32_t mode = 0;

	if (p == end)
		return 1;
	/* Any number of digits; only the last bits count. */
	while (p < end && *p >= '0' && *p <= '7')
		mode = mode * 8 + (uint32_t)(*p++ - '0');
	if (p == end || *p != ' ' || p == *at)
		return -1;
	p++;
	const uint8_t *nul = memchr(p, '\0', (size_t)(end - p));
	if (!nul || nul == p || (size_t)(end - nul) <= id_len)
		return -1;
	e->mode = canonical_mode(mode);
	e->name = (const char *)p;
	git_id_set(hash, nul + 1, e->id);
	*at = nul + 1 + id_len;
	return 0;
}

static int tree_links(
    enum git_hash hash, const void *data, size_t len, struct object_links *into)
{
	const uint8_t *at = data;
	const uint8_t *end = at + len;
	struct tree_entry e;
	int result;

	while ((result = tree_next(hash, &at, end, &e)) == 0)
		if (e.mode != MODE_SUBMODULE)
			object_links_add(into, e.id);
	return result < 0 ? -1 : 0;
}

/* "<key> <hex digits>\n" at *at: moves on and adds it. 1 where it is another.
 */
static int id_line(enum git_hash hash, const char **at, const char *end,
    const char *key, struct object_links *into)
{
	size_t key_len = strlen(key);
	uint8_t id[GIT_ID_LEN];
	const size_t hex = git_id_digits(hash);

	if ((size_t)(end - *at) < key_len + hex + 1 ||
	    memcmp(*at, key, key_len) != 0)
		return 1;
	const char *p = *at + key_len;
	if (git_id_parse(hash, p, id) || p[hex] != '\n')
		return -1;
	object_links_add(into, id);
	*at = p + hex + 1;
	return 0;
}

static int commit_links(
    enum git_hash hash, const char *data, size_t len, struct object_links *into)
{
	const char *end = data + len;
	int result;

	if (id_line(hash, &data, end, "tree ", into))
		return -1;
	while ((result = id_line(hash, &data, end, "parent ", into)) == 0)
		;
	return result < 0 ? -1 : 0;
}

int object_links_of(enum git_hash hash, enum object_type type, const void *data,
    size_t len, struct object_links *into, struct err *err)
{
	const char *text = data;
	int result = 0;

	if (type == OBJECT_TREE)
		result = tree_links(hash, data, len, into);
	else if (type == OBJECT_COMMIT)
		result = commit_links(hash, text, len, into);
	else if (type == OBJECT_TAG)
		result = id_line(hash, &text, text + len, "object ", into);
	if (result)
		return err_set(err, ERR_FORMAT, "a %s is malformed",
		    object_type_name(type));
	return 0;
}
