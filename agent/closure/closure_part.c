#include "agent/closure/closure_part.h"

#include "agent/closure/closure_room.h"
#include "agent/discover/revision_files.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/gitops/repository.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, IDS_AT_ONCE = 4096 };

/* ---- what is handed on --------------------------------------------------- */

int closure_part_mirror(struct closure *c, const struct closure_mirror *m,
    struct spool *ids, struct err *err)
{
	uint64_t before = spool_len(ids);

	if (revision_files_ids(m->dir, CLOSURE_PART_ID, ids, err))
		return -1;
	*vec_add(&c->mirrors) =
	    (struct closure_part_mirror){.repository = repository_name(m->url),
		.objects = (spool_len(ids) - before) / CLOSURE_PART_ID};
	return 0;
}

static void add_lacks(struct json_object *to, const struct closure_lacks *lacks)
{
	VEC_EACH (lacks, l) {
		struct json_object *one = json_new_object();
		json_set_bool(one, "outside", l->outside);
		json_set_str(one, "what", l->what);
		json_append(to, one);
	}
}

/* A commit may be in another mirror of the same repository. Which refs others
 * have is not handed on. */
static struct json_object *revisions_of(const struct closure *c)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&c->revisions, r) {
		if (r->there || !r->runs)
			continue;
		struct json_object *one = json_new_object();
		json_set_str(one, "url", r->url);
		json_set_str(one, "id", r->name);
		json_set_str(one, "by", r->by);
		json_set_bool(one, "searched", r->searched);
		json_append(list, one);
	}
	return list;
}

static struct json_object *document_of(const struct closure_document *d)
{
	struct json_object *one = json_new_object();
	struct json_object *keys = json_new_array();

	VEC_EACH (&d->keys, k) {
		struct json_object *key = json_new_object();
		json_set_str(key, "kind", k->kind);
		json_set_str(key, "id", k->id);
		json_set_int(key, "group", (int64_t)k->group);
		json_append(keys, key);
	}
	json_set_str(one, "by", d->by);
	json_set_int(one, "needed", (int64_t)d->needed);
	json_set(one, "keys", keys);
	return one;
}

static void add_documents(const struct closure *c, struct json_object *to)
{
	struct json_object *documents = json_new_array();
	struct json_object *sealed = json_new_array();

	VEC_EACH (&c->documents, d) {
		if (d->sops && !closure_reads(c, d))
			json_append(documents, document_of(d));
		if (!d->value || closure_opens(c, d))
			continue;
		struct json_object *one = json_new_object();
		json_set_str(one, "by", d->by);
		json_set_str(one, "name", d->name);
		json_append(sealed, one);
	}
	json_set(to, "documents", documents);
	json_set(to, "sealed", sealed);
}

static struct json_object *pgp_of(const struct closure *c)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&c->pgp, key) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		hex_add(&text, key->fingerprint, key->len);
		json_append(list, json_new_str(buf_str(&text)));
	}
	return list;
}

static struct json_object *mirrors_of(const struct closure *c)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&c->mirrors, m) {
		struct json_object *one = json_new_object();
		json_set_str(one, "repository", m->repository);
		json_set_int(one, "objects", (int64_t)m->objects);
		json_append(list, one);
	}
	return list;
}

void closure_part_write(
    struct closure *c, const struct closure_lacks *own, struct buf *out)
{
	cleanup(json_freep) struct json_object *o = json_new_object();
	struct json_object *lacks = json_new_array();
	struct json_object *age = json_new_array();

	closure_judge_own(c);
	add_lacks(lacks, own);
	add_lacks(lacks, &c->lacks);
	VEC_EACH (&c->age, recipient)
		json_append(age, json_new_str(*recipient));
	json_set_int(o, "version", VERSION);
	json_set(o, "lacks", lacks);
	json_set(o, "revisions", revisions_of(c));
	json_set(o, "age", age);
	json_set(o, "pgp", pgp_of(c));
	json_set_int(o, "sealing", (int64_t)c->sealing.len);
	add_documents(c, o);
	json_set(o, "mirrors", mirrors_of(c));
	json_write(out, o, JSON_COMPACT);
}

/* ---- what is taken in ---------------------------------------------------- */

static bool read_lacks(struct closure *c, const struct json_object *list)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *what = json_get_str(one, "what");
		if (!what)
			return false;
		closure_lack(
		    c, json_truth(json_get(one, "outside"), false), "%s", what);
	}
	return true;
}

static bool read_revisions(struct closure *c, const struct json_object *list)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *by = json_get_str(one, "by");
		if (!by || !closure_revision(c, json_get_str(one, "url"),
			       json_get_str(one, "id"), by))
			return false;
		c->revisions.items[c->revisions.len - 1].searched =
		    json_truth(json_get(one, "searched"), false);
	}
	return true;
}

static bool read_keys(
    const struct json_object *list, struct closure_document *d)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *kind = sops_kind(json_get_str(one, "kind"));
		const char *id = json_get_str(one, "id");
		int64_t group = json_get_int(one, "group", -1);
		if (!kind || !id || group < 0)
			return false;
		*vec_add(&d->keys) =
		    (struct sops_key){kind, str_dup(id), (size_t)group};
	}
	return true;
}

static bool read_documents(struct closure *c, const struct json_object *list)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *by = json_get_str(one, "by");
		int64_t needed = json_get_int(one, "needed", 0);
		if (!by || needed < 1)
			return false;
		struct closure_document *d = vec_add(&c->documents);
		*d = (struct closure_document){
		    .by = str_dup(by), .sops = true, .needed = (size_t)needed};
		if (!read_keys(json_get(one, "keys"), d))
			return false;
	}
	return true;
}

static bool read_sealed(
    struct closure *c, const struct json_object *list, size_t tried)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *by = json_get_str(one, "by");
		const char *name = json_get_str(one, "name");
		if (!by || !name)
			return false;
		*vec_add(&c->sealed) =
		    (struct closure_sealed){str_dup(by), str_dup(name), tried};
	}
	return true;
}

static bool read_pgp(struct closure *c, const struct json_object *list)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const char *text = json_str(json_at(list, i));
		struct openpgp_key key;
		if (!text || !openpgp_key_parse(text, &key))
			return false;
		*vec_add(&c->pgp) = key;
	}
	return true;
}

/* The ids of all of them are what follows the text. */
static bool read_mirrors(
    struct closure *c, const struct json_object *list, uint64_t bytes)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *name = json_get_str(one, "repository");
		int64_t objects = json_get_int(one, "objects", -1);
		if (!name || objects < 0 ||
		    (uint64_t)objects > bytes / CLOSURE_PART_ID)
			return false;
		bytes -= (uint64_t)objects * CLOSURE_PART_ID;
		*vec_add(&c->mirrors) = (struct closure_part_mirror){
		    str_dup(name), (uint64_t)objects};
	}
	return bytes == 0;
}

static bool read_all(
    struct closure *c, const struct json_object *o, uint64_t bytes)
{
	int64_t sealing = json_get_int(o, "sealing", -1);

	if (json_get_int(o, "version", 0) != VERSION || sealing < 0 ||
	    sealing > INT32_MAX)
		return false;
	json_texts(json_get(o, "age"), &c->age);
	c->sealing_elsewhere += (size_t)sealing;
	return read_lacks(c, json_get(o, "lacks")) &&
	       read_pgp(c, json_get(o, "pgp")) &&
	       read_revisions(c, json_get(o, "revisions")) &&
	       read_documents(c, json_get(o, "documents")) &&
	       read_sealed(c, json_get(o, "sealed"), (size_t)sealing) &&
	       read_mirrors(c, json_get(o, "mirrors"), bytes);
}

int closure_part_read(struct closure *c, const char *text, size_t len,
    uint64_t bytes, struct err *err)
{
	cleanup(json_freep) struct json_object *o = json_parse(text, len, err);

	if (!o)
		return -1;
	return read_all(c, o, bytes)
		   ? 0
		   : err_set(err, ERR_FORMAT,
			 "it is not what a part points to, as this version "
			 "writes and reads it");
}

/* ---- commits ------------------------------------------------------------- */

struct wanted {
	uint8_t id[CLOSURE_PART_ID];
	struct closure_revision *revision;
};
VEC_DEFINE(wanted_vec, struct wanted);

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, CLOSURE_PART_ID);
}

/* Those that are run of the repository that is mirrored. */
static void want(
    struct closure *c, const char *repository, struct wanted_vec *out)
{
	VEC_EACH (&c->revisions, r) {
		autofree char *name = repository_name(r->url);
		struct wanted w = {.revision = r};
		if (!str_eq(name, repository) ||
		    hex_decode(r->name, 2 * (size_t)CLOSURE_PART_ID, w.id))
			continue;
		r->searched = true;
		*vec_add(out) = w;
	}
	vec_sort(out, by_id);
}

/* Several objects may run the same commit. */
static void note_there(const struct wanted_vec *all, const uint8_t *id)
{
	struct wanted *found =
	    bsearch(id, all->items, all->len, sizeof(*all->items), by_id);

	if (!found)
		return;
	while (found > all->items && by_id(found - 1, id) == 0)
		found--;
	for (; found < all->items + all->len && by_id(found, id) == 0; found++)
		found->revision->there = true;
}

static int find_in(const struct wanted_vec *all, const struct spool *ids,
    uint64_t at, uint64_t objects, struct err *err)
{
	uint8_t some[IDS_AT_ONCE * CLOSURE_PART_ID];

	while (objects) {
		size_t n =
		    objects < IDS_AT_ONCE ? (size_t)objects : IDS_AT_ONCE;
		if (spool_read(ids, at, some, n * CLOSURE_PART_ID, err))
			return -1;
		for (size_t i = 0; i < n; i++)
			note_there(all, some + i * CLOSURE_PART_ID);
		at += n * CLOSURE_PART_ID;
		objects -= n;
	}
	return 0;
}

int closure_part_find(
    struct closure *c, const struct spool *ids, struct err *err)
{
	uint64_t at = 0;

	VEC_EACH (&c->mirrors, m) {
		struct wanted_vec all = VEC_INIT;
		want(c, m->repository, &all);
		int failed =
		    all.len ? find_in(&all, ids, at, m->objects, err) : 0;
		vec_done(&all);
		if (failed)
			return -1;
		at += m->objects * CLOSURE_PART_ID;
	}
	return 0;
}
