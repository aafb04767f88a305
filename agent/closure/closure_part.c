#include "agent/closure/closure_part.h"

#include "agent/closure/closure_room.h"
#include "agent/discover/revision_files.h"
#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/gitops/repository.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 2, IDS_AT_ONCE = 4096 };

/* ---- what is handed on --------------------------------------------------- */

int closure_part_mirror(struct closure *c, const struct closure_mirror *m,
    struct spool *ids, struct err *err)
{
	uint64_t before = spool_len(ids), refs = 0;

	if (revision_files_ids(m->dir, CLOSURE_PART_ID, ids, &refs, err))
		return -1;
	*vec_add(&c->mirrors) =
	    (struct closure_part_mirror){.repository = repository_name(m->url),
		.objects = (spool_len(ids) - before) / CLOSURE_PART_ID - refs,
		.refs = refs};
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

static struct json_object *repositories_of(const struct closure *c)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&c->found.repositories, r) {
		if (r->covered)
			continue;
		struct json_object *one = json_new_object();
		json_set_str(one, "url", closure_least(&r->spelled));
		json_set_str(one, "by", closure_least(&r->by));
		json_append(list, one);
	}
	return list;
}

static struct json_object *buckets_of(const struct closure *c)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&c->found.buckets, b) {
		if (b->configured && !b->outside.len)
			continue;
		struct json_object *keys = json_new_array();
		struct json_object *one = json_new_object();
		VEC_EACH (&b->outside, key)
			json_append(keys, json_new_str(*key));
		json_set_str(one, "bucket", b->bucket);
		json_set_str(one, "endpoint", b->endpoint);
		json_set_str(one, "by", closure_least(&b->by));
		json_set_bool(one, "configured", b->configured);
		json_set(one, "outside", keys);
		json_append(list, one);
	}
	return list;
}

/* It may be in another mirror of the same repository. */
static struct json_object *revisions_of(const struct closure *c)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&c->revisions, r) {
		if (r->there || r->unclear || r->heard)
			continue;
		struct json_object *one = json_new_object();
		json_set_str(one, "url", r->url);
		json_set_str(one, "name", r->name);
		json_set_str(one, "by", r->by);
		json_set_bool(one, "runs", r->runs);
		json_set_bool(one, "pins", r->pins);
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

static struct json_object *sealed_of(
    const struct closure *c, const struct closure_document *d)
{
	const struct sealing_key *key = closure_heard_key(c, d);
	struct json_object *one = json_new_object();
	char id[DIGEST_SHA256_HEX];

	json_set_str(one, "by", d->by);
	json_set_str(one, "name", d->name);
	if (key) {
		sealing_key_id(key, id);
		json_set_str(one, "key", id);
	}
	return one;
}

static void add_documents(const struct closure *c, struct json_object *to)
{
	struct json_object *documents = json_new_array();
	struct json_object *sealed = json_new_array();

	VEC_EACH (&c->documents, d) {
		if (d->sops && !closure_reads(c, d))
			json_append(documents, document_of(d));
		if (d->value && !closure_opens(c, d))
			json_append(sealed, sealed_of(c, d));
	}
	json_set(to, "documents", documents);
	json_set(to, "sealed", sealed);
}

static struct json_object *pgp_of(const struct closure *c)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&c->pgp, key) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		if (key->unknown)
			continue;
		hex_add(&text, key->fingerprint, key->len);
		json_append(list, json_new_str(buf_str(&text)));
	}
	return list;
}

static struct json_object *unknown_of(const struct closure *c)
{
	struct json_object *list = json_new_array();

	VEC_EACH (&c->pgp, key) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		if (!key->unknown)
			continue;
		struct json_object *one = json_new_object();
		hex_add(&text, key->fingerprint, key->len);
		json_set_str(one, "fingerprint", buf_str(&text));
		json_set_int(one, "algorithm", key->unknown);
		json_append(list, one);
	}
	return list;
}

static struct json_object *sealing_of(const struct closure *c)
{
	struct json_object *list = json_new_array();
	char id[DIGEST_SHA256_HEX];

	VEC_EACH (&c->sealing, key) {
		sealing_key_id(*key, id);
		json_append(list, json_new_str(id));
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
		json_set_int(one, "refs", (int64_t)m->refs);
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
	json_set(o, "repositories", repositories_of(c));
	json_set(o, "buckets", buckets_of(c));
	json_set(o, "revisions", revisions_of(c));
	json_set(o, "age", age);
	json_set(o, "pgp", pgp_of(c));
	json_set(o, "unknown", unknown_of(c));
	json_set(o, "sealing", sealing_of(c));
	json_set_bool(o, "asked", !c->unasked);
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
		const char *url = json_get_str(one, "url");
		const char *name = json_get_str(one, "name");
		const char *by = json_get_str(one, "by");
		bool runs = json_truth(json_get(one, "runs"), false);
		if (!by || !url || !name || !*name ||
		    (runs && !closure_revision(c, url, name, by)))
			return false;
		if (!runs)
			closure_named(c, url, name, by);
		struct closure_revision *r =
		    &c->revisions.items[c->revisions.len - 1];
		r->pins = json_truth(json_get(one, "pins"), false);
		r->searched = json_truth(json_get(one, "searched"), false);
	}
	return true;
}

static bool read_repositories(struct closure *c, const struct json_object *list)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *url = json_get_str(one, "url");
		const char *by = json_get_str(one, "by");
		if (!url || !by)
			return false;
		found_add_repository(&c->found, url, by);
	}
	return true;
}

/* What one part holds against the sources, each does: they are the same. */
static bool read_bucket(struct closure *c, const struct json_object *one)
{
	const char *bucket = json_get_str(one, "bucket");
	const char *endpoint = json_get_str(one, "endpoint");
	const char *by = json_get_str(one, "by");
	autofree char *name = str_dup(bucket);
	autofree char *at = str_dup(endpoint);
	const struct backend b = {.bucket = name, .endpoint = at};
	cleanup(strvec_done) struct strvec keys = VEC_INIT;

	if (!bucket || !by)
		return false;
	struct found_bucket *to = found_add_backend(&c->found, &b, by);
	to->configured |= json_truth(json_get(one, "configured"), false);
	json_texts(json_get(one, "outside"), &keys);
	VEC_EACH (&keys, key)
		if (!strvec_has(&to->outside, *key))
			strvec_add(&to->outside, *key);
	return true;
}

static bool read_buckets(struct closure *c, const struct json_object *list)
{
	for (size_t i = 0; i < json_len(list); i++)
		if (!read_bucket(c, json_at(list, i)))
			return false;
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
    struct closure *c, const struct json_object *list, size_t tried, bool asked)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *by = json_get_str(one, "by");
		const char *name = json_get_str(one, "name");
		if (!by || !name)
			return false;
		const char *key = json_get_str(one, "key");
		*vec_add(&c->sealed) =
		    (struct closure_sealed){.by = str_dup(by),
			.name = str_dup(name),
			.key = key ? str_dup(key) : NULL,
			.tried = tried,
			.asked = asked};
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

/* Takes that many ids from those that are left. */
static bool take_ids(uint64_t *left, int64_t count)
{
	if (count < 0 || (uint64_t)count > *left)
		return false;
	*left -= (uint64_t)count;
	return true;
}

static bool read_unknown(struct closure *c, const struct json_object *list)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *text = json_get_str(one, "fingerprint");
		int64_t algorithm = json_get_int(one, "algorithm", 0);
		struct openpgp_key key;
		if (!text || !openpgp_key_parse(text, &key) || algorithm < 1 ||
		    algorithm > UINT8_MAX)
			return false;
		key.unknown = (uint8_t)algorithm;
		*vec_add(&c->pgp) = key;
	}
	return true;
}

/* The ids of all of them are what follows the text. */
static bool read_mirrors(
    struct closure *c, const struct json_object *list, uint64_t bytes)
{
	uint64_t left = bytes / CLOSURE_PART_ID;

	for (size_t i = 0; i < json_len(list); i++) {
		const struct json_object *one = json_at(list, i);
		const char *name = json_get_str(one, "repository");
		int64_t objects = json_get_int(one, "objects", -1);
		int64_t refs = json_get_int(one, "refs", -1);
		if (!name || !take_ids(&left, objects) ||
		    !take_ids(&left, refs))
			return false;
		*vec_add(&c->mirrors) = (struct closure_part_mirror){
		    str_dup(name), (uint64_t)objects, (uint64_t)refs};
	}
	return left == 0 && bytes % CLOSURE_PART_ID == 0;
}

static bool read_all(
    struct closure *c, const struct json_object *o, uint64_t bytes)
{
	bool asked = json_truth(json_get(o, "asked"), false);
	size_t before = c->sealing_ids.len;

	if (json_get_int(o, "version", 0) != VERSION)
		return false;
	json_texts(json_get(o, "age"), &c->age);
	json_texts(json_get(o, "sealing"), &c->sealing_ids);
	return read_lacks(c, json_get(o, "lacks")) &&
	       read_pgp(c, json_get(o, "pgp")) &&
	       read_unknown(c, json_get(o, "unknown")) &&
	       read_repositories(c, json_get(o, "repositories")) &&
	       read_buckets(c, json_get(o, "buckets")) &&
	       read_revisions(c, json_get(o, "revisions")) &&
	       read_documents(c, json_get(o, "documents")) &&
	       read_sealed(c, json_get(o, "sealed"),
		   c->sealing_ids.len - before, asked) &&
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

/* ---- revisions ----------------------------------------------------------- */

struct wanted {
	uint8_t id[CLOSURE_PART_ID];
	struct closure_revision *revision;
};
VEC_DEFINE(wanted_vec, struct wanted);

/* Of one mirror. */
struct wants {
	struct wanted_vec objects, refs;
};

static int by_id(const void *a, const void *b)
{
	return memcmp(a, b, CLOSURE_PART_ID);
}

static void want_ref(
    struct wants *to, struct closure_revision *r, const char *begin)
{
	autofree char *name = str_printf("%s%s", begin, r->name);
	uint8_t id[DIGEST_SHA256_LEN];
	struct wanted *w = vec_add(&to->refs);

	digest_of(DIGEST_SHA256, name, strlen(name), id);
	memcpy(w->id, id, sizeof(w->id));
	w->revision = r;
}

/* As a mirror is searched for it: by its id, or as a ref, a branch or a tag. */
static void want_one(struct wants *to, struct closure_revision *r)
{
	size_t len = strlen(r->name);

	if (closure_is_id(r->name)) {
		struct wanted *w = vec_add(&to->objects);
		(void)hex_decode(r->name, 2 * (size_t)CLOSURE_PART_ID, w->id);
		w->revision = r;
		return;
	}
	if (len > 5 && str_starts(r->name, "refs/"))
		want_ref(to, r, "");
	want_ref(to, r, "refs/heads/");
	want_ref(to, r, "refs/tags/");
}

/* Those of the repository that is mirrored. */
static void want(struct closure *c, const char *repository, struct wants *out)
{
	VEC_EACH (&c->revisions, r) {
		if (!str_eq(r->repository, repository))
			continue;
		r->searched = true;
		want_one(out, r);
	}
	vec_sort(&out->objects, by_id);
	vec_sort(&out->refs, by_id);
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
    uint64_t at, uint64_t count, struct err *err)
{
	uint8_t some[IDS_AT_ONCE * CLOSURE_PART_ID];

	while (all->len && count) {
		size_t n = count < IDS_AT_ONCE ? (size_t)count : IDS_AT_ONCE;
		if (spool_read(ids, at, some, n * CLOSURE_PART_ID, err))
			return -1;
		for (size_t i = 0; i < n; i++)
			note_there(all, some + i * CLOSURE_PART_ID);
		at += n * CLOSURE_PART_ID;
		count -= n;
	}
	return 0;
}

int closure_part_find(
    struct closure *c, const struct spool *ids, struct err *err)
{
	uint64_t at = 0;

	VEC_EACH (&c->mirrors, m) {
		struct wants all = {.objects = VEC_INIT};
		uint64_t refs = at + m->objects * CLOSURE_PART_ID;
		want(c, m->repository, &all);
		int failed = find_in(&all.objects, ids, at, m->objects, err) ||
			     find_in(&all.refs, ids, refs, m->refs, err);
		vec_done(&all.objects);
		vec_done(&all.refs);
		if (failed)
			return -1;
		at = refs + m->refs * CLOSURE_PART_ID;
	}
	return 0;
}
