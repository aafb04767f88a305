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

static bool is_free(const uint8_t *slot)
{
	static const uint8_t zero[GIT_ID_LEN];

	return memcmp(slot, zero, GIT_ID_LEN) == 0;
}

/* The slot of an id, or the free one where it belongs. Ids are digests: any
 * of their bytes spread evenly. */
static size_t find_slot(const struct object_links *s, const uint8_t *id)
{
	uint64_t hash;

	memcpy(&hash, id, sizeof(hash));
	size_t at = (size_t)hash & (s->cap - 1);
	while (
	    memcmp(s->slots[at], id, GIT_ID_LEN) != 0 && !is_free(s->slots[at]))
		at = (at + 1) & (s->cap - 1);
	return at;
}

static void grow(struct object_links *s)
{
	struct object_links bigger = *s;

	bigger.cap = s->cap ? s->cap * 2 : FIRST_CAP;

	bigger.slots = mem_zalloc(bigger.cap * GIT_ID_LEN);
	for (size_t i = 0; i < s->cap; i++)
		if (!is_free(s->slots[i]))
			memcpy(bigger.slots[find_slot(&bigger, s->slots[i])],
			    s->slots[i], GIT_ID_LEN);
	free(s->slots);
	*s = bigger;
}

void object_links_add(struct object_links *s, const uint8_t id[GIT_ID_LEN])
{
	if (s->known && object_links_has(s->known, id))
		return;
	if (s->len * 3 >= s->cap * 2)
		grow(s);
	size_t at = find_slot(s, id);
	if (is_free(s->slots[at])) {
		memcpy(s->slots[at], id, GIT_ID_LEN);
		s->len++;
	}
}

bool object_links_has(
    const struct object_links *s, const uint8_t id[GIT_ID_LEN])
{
	return s->len && !is_free(s->slots[find_slot(s, id)]);
}

const uint8_t *object_links_next(const struct object_links *s, size_t *at)
{
	while (*at < s->cap) {
		const uint8_t *slot = s->slots[(*at)++];
		if (!is_free(slot))
			return slot;
	}
	return NULL;
}

/* The types that git makes of a mode (canon_mode in its cache.h): what is
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

int tree_next(const uint8_t **at, const uint8_t *end, struct tree_entry *e)
{
	const uint8_t *p = *at;
	uint32_t mode = 0;

	if (p == end)
		return 1;
	/* Any number of digits, of which the last ones count. */
	while (p < end && *p >= '0' && *p <= '7')
		mode = mode * 8 + (uint32_t)(*p++ - '0');
	if (p == end || *p != ' ' || p == *at)
		return -1;
	p++;
	const uint8_t *nul = memchr(p, '\0', (size_t)(end - p));
	if (!nul || nul == p || end - nul <= GIT_ID_LEN)
		return -1;
	e->mode = canonical_mode(mode);
	e->name = (const char *)p;
	e->id = nul + 1;
	*at = nul + 1 + GIT_ID_LEN;
	return 0;
}

static int tree_links(const void *data, size_t len, struct object_links *into)
{
	const uint8_t *at = data;
	const uint8_t *end = at + len;
	struct tree_entry e;
	int result;

	while ((result = tree_next(&at, end, &e)) == 0)
		if (e.mode != MODE_SUBMODULE)
			object_links_add(into, e.id);
	return result < 0 ? -1 : 0;
}

/* "<key> <40 hex>\n" at *at: moves on and adds it. 1 where it is another. */
static int id_line(const char **at, const char *end, const char *key,
    struct object_links *into)
{
	size_t key_len = strlen(key);
	uint8_t id[GIT_ID_LEN];
	const size_t hex = GIT_ID_HEX - 1;

	if ((size_t)(end - *at) < key_len + hex + 1 ||
	    memcmp(*at, key, key_len) != 0)
		return 1;
	const char *p = *at + key_len;
	if (git_id_parse(p, id) || p[hex] != '\n')
		return -1;
	object_links_add(into, id);
	*at = p + hex + 1;
	return 0;
}

static int commit_links(const char *data, size_t len, struct object_links *into)
{
	const char *end = data + len;
	int result;

	if (id_line(&data, end, "tree ", into))
		return -1;
	while ((result = id_line(&data, end, "parent ", into)) == 0)
		;
	return result < 0 ? -1 : 0;
}

int object_links_of(enum object_type type, const void *data, size_t len,
    struct object_links *into, struct err *err)
{
	const char *text = data;
	int result = 0;

	if (type == OBJECT_TREE)
		result = tree_links(data, len, into);
	else if (type == OBJECT_COMMIT)
		result = commit_links(text, len, into);
	else if (type == OBJECT_TAG)
		result = id_line(&text, text + len, "object ", into);
	if (result)
		return err_set(err, ERR_FORMAT, "a %s is malformed",
		    object_type_name(type));
	return 0;
}
