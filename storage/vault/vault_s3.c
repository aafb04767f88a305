#include "storage/vault/vault_s3.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

struct vault_s3 {
	struct vault vault;
	struct s3 *s3;
	char *prefix; /* "" or with its slash */
	char *lock_mode;
	int lock_days;
	const struct clock *clock;
	size_t memory_bytes;
	const char *scratch;
};

static struct vault_s3 *of(struct vault *v)
{
	return (struct vault_s3 *)v;
}

static char *key_of(const struct vault_s3 *v, const char *name)
{
	return str_printf("%s%s", v->prefix, name);
}

/* Headers of an object of a snapshot. */
static struct s3_meta meta_of(
    const struct vault_s3 *v, enum vault_retain retain)
{
	struct s3_meta m = S3_META_INIT;

	m.content_type = str_dup("application/octet-stream");
	if (retain == VAULT_RETAIN_SNAPSHOT && v->lock_mode) {
		m.lock_mode = str_dup(v->lock_mode);
		m.lock_until = clock_now_ms(v->clock) / 1000 +
			       (int64_t)v->lock_days * DAY_S;
	}
	return m;
}

/* ---- a stream ---- */

/* Owns what the upload below borrows while it runs. */
struct s3_vault_sink {
	struct sink sink;
	struct sink *next;
	struct s3_meta meta;
	struct s3_meta written;
	struct s3 *s3;
	char *key;
};

static int put_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	return sink_write(((struct s3_vault_sink *)sink)->next, data, len, err);
}

/* An object that is there, whose lock may be missing, or end earlier. One that
 * nobody can take off is as good as any. version NULL: the newest. */
static int make_sure_of_lock(struct s3 *s3, const char *key,
    const char *version, const struct s3_meta *wanted, struct err *err)
{
	cleanup(s3_meta_done) struct s3_meta found = S3_META_INIT;

	if (!wanted->lock_mode)
		return 0;
	if (s3_head(s3, key, version, &found, err))
		return -1;
	if ((str_eq(found.lock_mode, wanted->lock_mode) ||
		str_eq(found.lock_mode, "COMPLIANCE")) &&
	    found.lock_until >= wanted->lock_until)
		return 0;
	if (s3_put_retention(s3, key, found.version_id, wanted, err))
		return err_wrap(err, "locking '%s'", key);
	return 0;
}

static int put_finish(struct sink *sink, struct err *err)
{
	struct s3_vault_sink *s = (struct s3_vault_sink *)sink;

	/* Some stores accept the headers of a lock when a multipart upload is
	 * begun, and then do not lock the object (Ceph 16). */
	return sink_finish(s->next, err) ||
		       make_sure_of_lock(
			   s->s3, s->key, s->written.version_id, &s->meta, err)
		   ? -1
		   : 0;
}

static void put_abort(struct sink *sink)
{
	sink_abort(((struct s3_vault_sink *)sink)->next);
}

static void put_release(struct sink *sink)
{
	struct s3_vault_sink *s = (struct s3_vault_sink *)sink;

	sink_free(s->next);
	s3_meta_done(&s->meta);
	s3_meta_done(&s->written);
	free(s->key);
	free(s);
}

static struct sink *put(struct vault *vault, const char *name,
    enum vault_retain retain, struct err *err)
{
	static const struct sink_ops ops = {.write = put_write,
	    .finish = put_finish,
	    .abort = put_abort,
	    .release = put_release};
	struct vault_s3 *v = of(vault);
	autofree char *key = key_of(v, name);
	struct s3_vault_sink *s = mem_new(struct s3_vault_sink);

	s->sink.ops = &ops;
	s->meta = meta_of(v, retain);
	s->s3 = v->s3;
	s->key = str_dup(key);
	const struct s3_upload upload = {
	    .put = {.key = key, .if_none_match = true, .meta = &s->meta},
	    .memory_bytes = v->memory_bytes,
	    .scratch = v->scratch,
	};
	s->next = s3_sink(v->s3, &upload, &s->written, err);
	if (s->next)
		return &s->sink;
	put_release(&s->sink);
	return NULL;
}

/* ---- the rest ---- */

static int add_versions(struct vault_s3 *v, const char *key,
    struct s3_object_vec *versions, struct err *err)
{
	struct s3_list l = {.prefix = key, .versions = true};
	int result = 0;

	while (!result && !l.ended)
		result = s3_list_page(v->s3, &l, versions, NULL, err);
	s3_list_done(&l);
	return result;
}

static int delete_version(
    struct vault_s3 *v, const char *key, const char *version, struct err *err)
{
	struct s3_delete one = {.key = key, .version_id = version};
	int result = s3_delete(v->s3, &one, 1, err);

	if (!result && one.refused)
		result = err_set(err, ERR_DENIED, "%s: deleting '%s': %s",
		    v->vault.description, key, one.refused);
	free(one.refused);
	free(one.refused_code);
	return result;
}

/* In a bucket with versions, Ceph's gateway heeds no condition: the second of
 * two writers puts a version over the first one's. Then the older version is
 * the one that counts, and ours goes. Where versions can be neither listed nor
 * removed, nothing better is known than the answer. */
static int check_first(struct vault_s3 *v, const char *key,
    const struct s3_meta *written, struct err *err)
{
	cleanup(s3_objects_done) struct s3_object_vec versions = VEC_INIT;
	struct err ignored = ERR_INIT;
	bool own = false;

	if (!written->version_id || str_eq(written->version_id, "null") ||
	    add_versions(v, key, &versions, &ignored))
		return 0;
	VEC_EACH (&versions, o) {
		if (!str_eq(o->key, key))
			continue;
		if (!own) {
			own = str_eq(o->version_id, written->version_id);
			continue;
		}
		/* One of the same bytes may be our own first attempt. */
		if (o->delete_marker || str_eq(o->etag, written->etag) ||
		    delete_version(v, key, written->version_id, &ignored))
			return 0;
		return err_set(err, ERR_EXISTS, "%s: '%s' exists already",
		    v->vault.description, key);
	}
	return 0;
}

static int put_small(struct vault *vault, const char *name, const void *data,
    size_t len, enum vault_retain retain, struct err *err)
{
	struct vault_s3 *v = of(vault);
	autofree char *key = key_of(v, name);
	cleanup(s3_meta_done) struct s3_meta meta = meta_of(v, retain);
	cleanup(s3_meta_done) struct s3_meta written = S3_META_INIT;
	const struct s3_put p = {
	    .key = key, .if_none_match = true, .meta = &meta};

	if (s3_put(v->s3, &p, data, len, &written, err))
		return -1;
	/* What the store keeps could not be taken back. */
	return retain == VAULT_RETAIN_NONE ? check_first(v, key, &written, err)
					   : 0;
}

/* Keys below the prefix that are not names of ours belong to others. */
static int list(struct vault *vault, const char *prefix,
    struct vault_items *out, struct err *err)
{
	struct vault_s3 *v = of(vault);
	autofree char *start = key_of(v, prefix);
	cleanup(s3_objects_done) struct s3_object_vec objects = VEC_INIT;

	if (s3_list_all(v->s3, start, &objects, err))
		return -1;
	VEC_EACH (&objects, o) {
		const char *name = o->key + strlen(v->prefix);
		if (!*name || *name == '.' || strchr(name, '/'))
			continue;
		struct vault_item *item = vec_add(out);
		item->name = str_dup(name);
		item->bytes = o->size;
		item->stored_at = o->mtime;
	}
	return 0;
}

static struct source *get(
    struct vault *vault, const char *name, uint64_t offset, struct err *err)
{
	struct vault_s3 *v = of(vault);
	autofree char *key = key_of(v, name);
	const struct s3_get g = {.key = key, .offset = offset};

	return s3_source(v->s3, &g, 0, 0, NULL, err);
}

static struct source *get_range(struct vault *vault, const char *name,
    uint64_t offset, uint64_t len, struct err *err)
{
	struct vault_s3 *v = of(vault);
	autofree char *key = key_of(v, name);
	const struct s3_get g = {.key = key, .offset = offset, .len = len};

	return s3_source(v->s3, &g, 0, 0, NULL, err);
}

static int stat_object(struct vault *vault, const char *name,
    struct vault_stat *out, struct err *err)
{
	struct vault_s3 *v = of(vault);
	autofree char *key = key_of(v, name);
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;

	if (s3_head(v->s3, key, NULL, &meta, err))
		return -1;
	out->bytes = meta.size;
	out->stored_at = meta.mtime;
	out->kept_until = meta.lock_mode ? meta.lock_until : 0;
	return 0;
}

static int keep(struct vault *vault, const char *name, struct err *err)
{
	struct vault_s3 *v = of(vault);
	autofree char *key = key_of(v, name);
	cleanup(s3_meta_done) struct s3_meta meta =
	    meta_of(v, VAULT_RETAIN_SNAPSHOT);

	return make_sure_of_lock(v->s3, key, NULL, &meta, err);
}

static int delete_all(struct vault_s3 *v, const char *key,
    const struct s3_object_vec *versions, struct err *err)
{
	VEC_DEFINE(, struct s3_delete) items = VEC_INIT;
	const char *refused = NULL;

	VEC_EACH (versions, o)
		if (str_eq(o->key, key))
			*vec_add(&items) = (struct s3_delete){
			    .key = o->key, .version_id = o->version_id};
	if (!items.len)
		*vec_add(&items) = (struct s3_delete){.key = key};
	int result = s3_delete(v->s3, items.items, items.len, err);
	VEC_EACH (&items, i)
		refused = i->refused ? i->refused : refused;
	if (!result && refused)
		result = err_set(err, ERR_DENIED, "%s: deleting '%s': %s",
		    v->vault.description, key, refused);
	VEC_EACH (&items, i) {
		free(i->refused);
		free(i->refused_code);
	}
	vec_done(&items);
	return result;
}

/* If versions may not be listed, the current one is removed, which in a bucket
 * without versions is everything. */
static int remove_object(struct vault *vault, const char *name, struct err *err)
{
	struct vault_s3 *v = of(vault);
	autofree char *key = key_of(v, name);
	cleanup(s3_objects_done) struct s3_object_vec versions = VEC_INIT;
	struct err why = ERR_INIT;

	if (add_versions(v, key, &versions, &why)) {
		if (why.code != ERR_DENIED && why.code != ERR_NOT_FOUND) {
			*err = why;
			return -1;
		}
		s3_objects_done(&versions);
	}
	return delete_all(v, key, &versions, err);
}

static int now(struct vault *vault, int64_t *seconds, struct err *err)
{
	int64_t ms;

	if (s3_store_time(of(vault)->s3, &ms, err))
		return -1;
	*seconds = ms / 1000;
	return 0;
}

static int tidy(
    struct vault *vault, const struct vault_tidy *what, struct err *err)
{
	struct vault_s3 *v = of(vault);
	autofree char *start = key_of(v, what->prefix);
	cleanup(s3_multiparts_done) struct s3_multipart_vec uploads = VEC_INIT;
	int64_t at;
	int removed = 0;

	if (now(vault, &at, err) ||
	    s3_list_multiparts(v->s3, start, &uploads, err))
		return -1;
	VEC_EACH (&uploads, u) {
		if (at - u->started < what->older_than_s ||
		    !what->meant(what->ctx, u->key + strlen(v->prefix)))
			continue;
		if (s3_abort_multipart(v->s3, u->key, u->upload_id, err))
			return -1;
		removed++;
	}
	return removed;
}

static int check(struct vault *vault, struct err *err)
{
	struct vault_s3 *v = of(vault);
	struct err why = ERR_INIT;
	bool lockable = false;

	if (!v->lock_mode)
		return 0;
	if (s3_lockable(v->s3, &lockable, &why)) {
		if (why.code == ERR_DENIED)
			return 0;
		*err = why;
		return -1;
	}
	return lockable ? 0
			: err_set(err, ERR_USAGE,
			      "%s: object_lock is set, but the bucket has no "
			      "Object Lock; enable it there (it needs "
			      "versions), or leave object_lock out",
			      s3_describe(v->s3));
}

static void cleaning(struct vault *v, bool begins)
{
	struct aws *aws = s3_session(of(v)->s3);

	if (begins)
		aws_cleanup_begin(aws);
	else
		aws_cleanup_end(aws);
}

static void release(struct vault *vault)
{
	struct vault_s3 *v = of(vault);

	free(v->prefix);
	free(v->lock_mode);
	free(v);
}

struct vault *vault_s3_open(const struct vault_s3_options *o, struct err *err)
{
	static const struct vault_ops ops = {.put = put,
	    .put_small = put_small,
	    .list = list,
	    .get = get,
	    .get_range = get_range,
	    .stat = stat_object,
	    .remove = remove_object,
	    .keep = keep,
	    .now = now,
	    .check = check,
	    .tidy = tidy,
	    .cleaning = cleaning,
	    .release = release};

	if (!o->lock_mode != !o->lock_days) {
		err_set(err, ERR_USAGE,
		    "Object Lock needs both a mode and a number of days");
		return NULL;
	}
	struct vault_s3 *v = mem_new(struct vault_s3);
	v->vault.ops = &ops;
	v->vault.description = o->prefix ? str_printf("%s, below '%s/'",
					       s3_describe(o->s3), o->prefix)
					 : str_dup(s3_describe(o->s3));
	v->s3 = o->s3;
	v->prefix = o->prefix ? str_printf("%s/", o->prefix) : str_dup("");
	v->lock_mode = str_dup(o->lock_mode);
	v->lock_days = o->lock_days;
	v->clock = o->clock;
	v->memory_bytes = o->memory_bytes;
	v->scratch = o->scratch;
	return &v->vault;
}
