#include "restore/known.h"

#include "restore/version.h"
#include "storage/archive/facts.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

void known_clear(struct known_vec *v)
{
	VEC_EACH (v, k) {
		if (k->facts)
			facts_done(k->facts);
		free(k->facts);
	}
	v->len = 0;
}

void known_done(struct known_vec *v)
{
	known_clear(v);
	vec_done(v);
}

void known_add(struct known_vec *v, const struct contents_entry *e)
{
	struct known *k = vec_add(v);

	*k = (struct known){
	    .bytes = e->bytes, .position = e->position, .located = e->located};
	digest_of(DIGEST_SHA256, e->path, strlen(e->path), k->path);
	version_digest(e, k->version);
	memcpy(k->content, e->sha256, sizeof(k->content));
	if (facts_has(e->facts, "refs") ||
	    str_eq(facts_str(e->facts, "resource"), "services")) {
		k->facts = mem_new(struct facts);
		facts_copy(k->facts, e->facts);
	}
}

static int by_path(const void *a, const void *b)
{
	return memcmp(((const struct known *)a)->path,
	    ((const struct known *)b)->path, DIGEST_SHA256_LEN);
}

void known_sort(struct known_vec *v)
{
	if (v->len)
		qsort(v->items, v->len, sizeof(*v->items), by_path);
}

struct known *known_find(
    const struct known_vec *v, const uint8_t path[DIGEST_SHA256_LEN])
{
	struct known key = {.path = {0}};

	memcpy(key.path, path, sizeof(key.path));
	return v->len ? bsearch(&key, v->items, v->len, sizeof(key), by_path)
		      : NULL;
}

struct contents_entry known_entry(
    const struct known *k, const struct contents_entry *against)
{
	struct contents_entry e = {.path = against->path,
	    .bytes = k->bytes,
	    .facts = k->facts ? k->facts : against->facts,
	    .located = k->located,
	    .position = k->position};

	memcpy(e.sha256, k->content, sizeof(e.sha256));
	return e;
}
