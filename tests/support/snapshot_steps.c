#include "tests/support/snapshot_steps.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"

#include <stdlib.h>

void test_snapshot_steps_init(struct fixture *f, int kind)
{
	test_snapshots_init(&f->s, kind);
	f->state_dir = test_dir_make();
	vault_set_memory(f->s.t->real, f->state_dir);
	vault_set_memory(&f->s.t->vault, f->state_dir);
}

void test_snapshot_steps_done(struct fixture *f)
{
	test_snapshots_done(&f->s);
	test_dir_remove(f->state_dir);
}

struct snapshot_writer *test_snapshot_begin_locked(struct fixture *f,
    const char *name, struct vault *const *vaults, size_t count,
    struct vault_lock *const *locks, struct err *err)
{
	const struct snapshot_options o = {.name = name,
	    .compression = ARCHIVE_ZSTD,
	    .encryption = ARCHIVE_AGE,
	    .clock = &f->s.clock.clock,
	    .trust = &f->s.trust,
	    .locks = locks};

	return snapshot_begin(vaults, count, &o, err);
}

struct snapshot_writer *test_snapshot_begin(struct fixture *f, const char *name,
    struct vault *const *vaults, size_t count, struct err *err)
{
	return test_snapshot_begin_locked(f, name, vaults, count, NULL, err);
}

int test_snapshot_write(struct snapshot_writer *w, struct err *err)
{
	cleanup(sink_freep) struct sink *s = snapshot_writer_sink(w, err);

	return !s ||
		       sink_write(s, TEST_SNAPSHOT_CONTENT,
			   strlen(TEST_SNAPSHOT_CONTENT), err) ||
		       sink_finish(s, err)
		   ? -1
		   : 0;
}

int test_snapshot_commit(
    struct fixture *f, struct snapshot_writer *w, struct err *err)
{
	struct manifest m;

	manifest_init(&m);
	int result = snapshot_commit(w, &m, f->s.key, err);
	manifest_done(&m);
	return result;
}

/* A whole snapshot; its label is the caller's. */
char *test_snapshot_make(struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;
	struct vault *v = &f->s.t->vault;
	struct snapshot_writer *w = test_snapshot_begin(f, name, &v, 1, &err);

	if (!w)
		fail_msg("%s", err.message);
	assert_ok(test_snapshot_write(w, &err), err);
	assert_ok(test_snapshot_commit(f, w, &err), err);
	char *label = label_make(name, snapshot_writer_time(w));
	snapshot_writer_free(w);
	return label;
}

/* How many are listed; each of them must be whole. */
size_t test_snapshot_listed(struct fixture *f, const char *name)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	const struct snapshot_open_options o = {.trust = &f->s.trust};
	struct manifest m;

	assert_ok(snapshot_list(f->s.t->real, name, &list, &err), err);
	VEC_EACH (&list, s) {
		assert_ok(snapshot_check(f->s.t->real, s, &o, &m, &err), err);
		manifest_done(&m);
	}
	return list.len;
}

void test_snapshot_first(
    struct fixture *f, struct snapshots *list, char *sha256, struct manifest *m)
{
	struct err err = ERR_INIT;
	struct manifest own;

	assert_ok(snapshot_list(f->s.t->real, "prod", list, &err), err);
	assert_ok(snapshot_manifest(f->s.t->real, &list->items[0], &f->s.trust,
		      m ? m : &own, sha256, &err),
	    err);
	if (!m)
		manifest_done(&own);
}

/* What is said of the first snapshot, signed (or not) by the fixture's key. */
void test_snapshot_record(
    struct fixture *f, const char *level, bool good, bool is_signed)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;

	test_snapshot_first(f, &list, sha256, NULL);
	const struct snapshot_finding finding = {.manifest_sha256 = sha256,
	    .level = level,
	    .good = good,
	    .by = "host7"};
	assert_ok(snapshot_record_verified(f->s.t->real, &list.items[0],
		      &finding, &f->s.trust, is_signed ? f->s.key : NULL,
		      &f->s.clock.clock, &err),
	    err);
}

struct snapshot_verdict test_snapshot_verdict(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct snapshot_verdict v;
	struct err err = ERR_INIT;

	test_snapshot_first(f, &list, sha256, NULL);
	assert_ok(snapshot_verdict(f->s.t->real, &list.items[0], &f->s.trust,
		      sha256, &v, &err),
	    err);
	return v;
}

int test_snapshot_remove_first(struct fixture *f, struct err *err)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct manifest m;

	test_snapshot_first(f, &list, NULL, &m);
	int result = snapshot_remove(&f->s.t->vault, &list.items[0], &m, err);
	manifest_done(&m);
	return result;
}

void test_snapshot_put(struct fixture *f, const char *label, const char *rest)
{
	autofree char *object = str_printf("%s%s", label, rest);
	struct err err = ERR_INIT;

	assert_ok(vault_put_small(
		      f->s.t->real, object, "{}", 2, VAULT_RETAIN_NONE, &err),
	    err);
}
