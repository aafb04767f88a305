#include "restore/terraform/state_lock.h"

#include "storage/base/cleanup.h"
#include "storage/base/hex.h"
#include "storage/base/json.h"
#include "storage/terraform/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_LOCK_BYTES = 64 * 1024 };

static char *new_id(const struct state_apply_options *o)
{
	uint8_t b[16];
	struct buf hex = BUF_INIT;

	random_fill(o->random ? o->random : random_system(), b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 9562, version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	hex_add(&hex, b, sizeof(b));
	char *id = str_printf("%.8s-%.4s-%.4s-%.4s-%.12s", hex.data,
	    hex.data + 8, hex.data + 12, hex.data + 16, hex.data + 20);
	buf_done(&hex);
	return id;
}

static void write_info(struct state_lock *l)
{
	cleanup(json_freep) struct json_object *j = json_new_object();
	const struct clock *clock = l->o->clock ? l->o->clock : clock_system();
	char host[256] = "";
	char created[CLOCK_TEXT_MAX];

	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	autofree char *who =
	    str_printf("%s@%s", l->o->who ? l->o->who : "backstay", host);
	clock_rfc3339(clock_now_ms(clock) / 1000, created);
	json_set_str(j, "ID", l->id);
	json_set_str(j, "Operation", "backstay-restore");
	json_set_str(j, "Info", "");
	json_set_str(j, "Who", who);
	json_set_str(j, "Version", BACKSTAY_VERSION);
	json_set_str(j, "Created", created);
	json_set_str(j, "Path", l->lock_id);
	json_write(&l->info, j, JSON_COMPACT);
}

static int held(const char *text, size_t len, struct err *err)
{
	cleanup(buf_done) struct buf who = BUF_INIT;

	state_describe_lock(&who, text, len);
	return err_set(err, ERR_LOCKED,
	    "it is locked (%s): the lock is left; wait for its holder, or "
	    "release it with `terraform force-unlock`",
	    buf_str(&who));
}

static bool is_ours(const struct state_lock *l, const struct buf *body)
{
	return body->len == l->info.len &&
	       memcmp(buf_str(body), l->info.data, body->len) == 0;
}

/* 1: it is held (err is set), 0: it is free, -1: reading it failed. */
static int check_object(struct state_lock *l, struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	const struct s3_get g = {.key = l->object_key};
	struct err why = ERR_INIT;

	if (!s3_get(l->o->s3, &g, MAX_LOCK_BYTES, &body, NULL, &why)) {
		held(buf_str(&body), body.len, err);
		return 1;
	}
	if (why.code == ERR_NOT_FOUND)
		return 0;
	*err = why;
	return -1;
}

/* A bucket whose versioning was suspended: Ceph counts the marker that the
 * release of an earlier lock left as something that is there, for the condition
 * of a put, and as nothing for a get. Where it is the latest of the key, it
 * goes. true: another try may do. */
static bool remove_marker(struct state_lock *l)
{
	cleanup(s3_objects_done) struct s3_object_vec found = VEC_INIT;
	cleanup(s3_list_done) struct s3_list list = {
	    .prefix = l->object_key, .versions = true};
	struct s3_delete d = {.key = l->object_key};
	struct err ignored = ERR_INIT;
	bool removed = false;

	if (s3_list_page(l->o->s3, &list, &found, NULL, &ignored))
		return false;
	VEC_EACH (&found, o) {
		if (!str_eq(o->key, l->object_key) || !o->latest)
			continue;
		d.version_id = o->version_id;
		removed = o->delete_marker && o->version_id &&
			  !s3_delete(l->o->s3, &d, 1, &ignored) && !d.refused;
	}
	free(d.refused);
	free(d.refused_code);
	return removed;
}

/* Takes back a lock that was written beside another's, by its version: what the
 * other one wrote is not touched. */
static void withdraw(struct state_lock *l, const char *version)
{
	struct s3_delete d = {.key = l->object_key, .version_id = version};
	struct err ignored = ERR_INIT;

	l->has_object = s3_delete(l->o->s3, &d, 1, &ignored) || d.refused;
	free(d.refused);
	free(d.refused_code);
}

/* Where a bucket keeps versions, what was written at the same moment lies
 * under ours, without a marker in between. A list that is refused says nothing:
 * then the condition of the put was all. */
static int prove_alone(
    struct state_lock *l, const char *version, struct err *err)
{
	cleanup(s3_objects_done) struct s3_object_vec found = VEC_INIT;
	cleanup(s3_list_done) struct s3_list list = {
	    .prefix = l->object_key, .versions = true};
	struct err ignored = ERR_INIT;
	bool below = false;

	if (s3_list_page(l->o->s3, &list, &found, NULL, &ignored))
		return 0;
	VEC_EACH (&found, o) {
		if (!str_eq(o->key, l->object_key))
			continue;
		if (below && o->delete_marker)
			return 0;
		if (below) {
			withdraw(l, version);
			return err_set(err, ERR_LOCKED,
			    "another run took the lock %s at the same moment; "
			    "this one let go of it: try again",
			    l->object_key);
		}
		below = str_eq(o->version_id, version);
	}
	return 0;
}

/* Some stores ignore the condition of a put (Ceph 16, in a bucket with
 * versioning): only reading the lock back shows whose it is. */
static int prove_ours(
    struct state_lock *l, const char *version, struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	const struct s3_get g = {.key = l->object_key};

	l->has_object = true;
	if (s3_get(l->o->s3, &g, MAX_LOCK_BYTES, &body, NULL, err))
		return err_wrap(err, "look at the lock %s", l->object_key);
	bool kept = version && *version && !str_eq(version, "null");
	if (is_ours(l, &body))
		return kept ? prove_alone(l, version, err) : 0;
	l->has_object = false;
	if (kept)
		withdraw(l, version);
	return held(buf_str(&body), body.len, err);
}

/* A put whose answer nobody waits for may be carried out after the release has
 * found no lock. So a stop does not end it. */
static int put_info(struct state_lock *l, const struct s3_put *p,
    struct s3_meta *written, struct err *err)
{
	aws_cleanup_begin(s3_session(l->o->s3));
	int failed =
	    s3_put(l->o->s3, p, l->info.data, l->info.len, written, err);
	aws_cleanup_end(s3_session(l->o->s3));
	return failed;
}

/* A stop does not end it, for the same reason as that of put_info. */
static int put_item(struct state_lock *l, struct err *err)
{
	aws_cleanup_begin(s3_session(l->o->s3));
	int failed = dynamodb_put(
	    l->o->locks, l->lock_id, "Info", buf_str(&l->info), true, err);
	aws_cleanup_end(s3_session(l->o->s3));
	return failed;
}

static int put_object(struct state_lock *l, const struct s3_put *p,
    struct s3_meta *written, struct err *err)
{
	struct err other = ERR_INIT;

	if (!put_info(l, p, written, err))
		return 0;
	if (err->code != ERR_EXISTS)
		return -1;
	/* Either it is held, or a delete marker makes it look so. */
	if (check_object(l, &other)) {
		*err = other;
		return -1;
	}
	if (!remove_marker(l))
		return -1;
	*err = (struct err)ERR_INIT;
	return put_info(l, p, written, err);
}

static int acquire_object(struct state_lock *l, struct err *err)
{
	cleanup(s3_meta_done) struct s3_meta meta = S3_META_INIT;
	cleanup(s3_meta_done) struct s3_meta written = S3_META_INIT;
	const struct s3_put p = {
	    .key = l->object_key, .if_none_match = true, .meta = &meta};
	struct err why = ERR_INIT;

	/* Checked first: a store that ignores the condition would let us
	 * overwrite a lock that somebody holds. */
	if (check_object(l, err))
		return -1;
	meta.content_type = str_dup("application/json");
	if (!put_object(l, &p, &written, &why))
		return prove_ours(l, written.version_id, err);
	/* Whether it was written is not known: look, when it is released. */
	l->has_object = why.code == ERR_NETWORK || why.code == ERR_CANCELLED;
	*err = why;
	if (why.code == ERR_EXISTS)
		return err_wrap(err,
		    "take the lock %s, which is not there and counts as there "
		    "(a delete marker in a bucket whose versioning is "
		    "suspended; remove it: aws s3api delete-object --bucket %s "
		    "--key %s --version-id null)",
		    l->object_key, s3_bucket(l->o->s3), l->object_key);
	if (why.code == ERR_LOCKED)
		return -1;
	return err_wrap(err, "take the lock %s", l->object_key);
}

static int acquire_item(struct state_lock *l, struct err *err)
{
	autofree char *holder = NULL;
	struct err why = ERR_INIT;

	if (!put_item(l, &why)) {
		l->has_item = true;
		return 0;
	}
	if (why.code == ERR_EXISTS &&
	    !dynamodb_get(l->o->locks, l->lock_id, "Info", &holder, err))
		return held(
		    holder ? holder : "", holder ? strlen(holder) : 0, err);
	l->has_item = why.code == ERR_NETWORK || why.code == ERR_CANCELLED;
	*err = why;
	return err_wrap(err, "take the lock of %s", l->lock_id);
}

static int check_item(struct state_lock *l, struct err *err)
{
	autofree char *holder = NULL;

	if (dynamodb_get(l->o->locks, l->lock_id, "Info", &holder, err))
		return err_wrap(err, "look at the lock of %s", l->lock_id);
	return holder ? held(holder, strlen(holder), err) : 0;
}

/* A platform that locks by the table may forbid lock files. */
static bool needs_no_file(
    const struct state_lock *l, const struct err *why, struct outcome *outcome)
{
	if (why->code != ERR_DENIED || !l->o->locks)
		return false;
	outcome_note(outcome, "locked in the table only; no lock file: %s",
	    why->message);
	return true;
}

static void init(
    struct state_lock *l, const struct state_apply_options *o, const char *key)
{
	*l = (struct state_lock){.o = o, .info = BUF_INIT};
	l->object_key = str_printf("%s.tflock", key);
	l->lock_id = str_printf("%s/%s", s3_bucket(o->s3), key);
}

int state_lock_check(const struct state_apply_options *o, const char *key,
    struct outcome *outcome, struct err *err)
{
	cleanup(state_lock_done) struct state_lock l;
	struct err why = ERR_INIT;

	init(&l, o, key);
	if (!o->no_lock_file && check_object(&l, &why) &&
	    !needs_no_file(&l, &why, outcome)) {
		*err = why;
		return -1;
	}
	return o->locks ? check_item(&l, err) : 0;
}

int state_lock_acquire(struct state_lock *l,
    const struct state_apply_options *o, const char *key,
    struct outcome *outcome, struct err *err)
{
	struct err why = ERR_INIT;

	init(l, o, key);
	l->id = new_id(o);
	write_info(l);
	if (!o->no_lock_file && acquire_object(l, &why) &&
	    !needs_no_file(l, &why, outcome)) {
		state_lock_release(l, outcome);
		*err = why;
		return -1;
	}
	if (o->locks && acquire_item(l, err)) {
		state_lock_release(l, outcome);
		return -1;
	}
	return 0;
}

static int release_object(struct state_lock *l, struct err *err)
{
	cleanup(buf_done) struct buf body = BUF_INIT;
	const struct s3_get g = {.key = l->object_key};
	struct s3_delete d = {.key = l->object_key};
	struct err why = ERR_INIT;

	if (s3_get(l->o->s3, &g, MAX_LOCK_BYTES, &body, NULL, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	if (!is_ours(l, &body))
		return err_set(err, ERR_LOCKED, "it is not ours any more");
	if (s3_delete(l->o->s3, &d, 1, err))
		return -1;
	if (!d.refused)
		return 0;
	err_set(err, ERR_DENIED, "%s", d.refused);
	free(d.refused);
	free(d.refused_code);
	return -1;
}

void state_lock_release(struct state_lock *l, struct outcome *outcome)
{
	struct err why = ERR_INIT;

	/* A run that is stopped leaves no lock behind. */
	aws_cleanup_begin(s3_session(l->o->s3));
	if (l->has_item && dynamodb_delete(l->o->locks, l->lock_id, "Info",
			       buf_str(&l->info), &why))
		outcome_note(outcome,
		    "the lock of %s in table '%s' is still there (%s): release "
		    "it with `terraform force-unlock %s`",
		    l->lock_id, dynamodb_table(l->o->locks), why.message,
		    l->id);
	if (l->has_object && release_object(l, &why))
		outcome_note(outcome,
		    "the lock %s is still there (%s): release it with "
		    "`terraform force-unlock %s`",
		    l->object_key, why.message, l->id);
	l->has_item = l->has_object = false;
	aws_cleanup_end(s3_session(l->o->s3));
}

void state_lock_done(struct state_lock *l)
{
	free(l->object_key);
	free(l->lock_id);
	free(l->id);
	buf_done(&l->info);
}
