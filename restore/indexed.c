#include "restore/indexed.h"

#include "restore/version.h"
#include "storage/archive/facts.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

void indexed_clear(struct indexed_vec *v)
{
	VEC_EACH (v, k) {
		if (k->facts)
			facts_done(k->facts);
		free(k->facts);
	}
	v->len = 0;
}

void indexed_done(struct indexed_vec *v)
{
	indexed_clear(v);
	vec_done(v);
}

void indexed_add(struct indexed_vec *v, const struct contents_entry *e)
{
	struct indexed *k = vec_add(v);

	*k = (struct indexed){
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
	return memcmp(((const struct indexed *)a)->path,
	    ((const struct indexed *)b)->path, DIGEST_SHA256_LEN);
}

void indexed_sort(struct indexed_vec *v)
{
	if (v->len)
		qsort(v->items, v->len, sizeof(*v->items), by_path);
}

struct indexed *indexed_find(
    const struct indexed_vec *v, const uint8_t path[DIGEST_SHA256_LEN])
{
	struct indexed key = {.path = {0}};

	memcpy(key.path, path, sizeof(key.path));
	return v->len ? bsearch(&key, v->items, v->len, sizeof(key), by_path)
		      : NULL;
}

struct contents_entry indexed_entry(
    const struct indexed *k, const struct contents_entry *against)
{
	struct contents_entry e = {.path = against->path,
	    .bytes = k->bytes,
	    .facts = k->facts ? k->facts : against->facts,
	    .located = k->located,
	    .position = k->position};

	memcpy(e.sha256, k->content, sizeof(e.sha256));
	return e;
}
