#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>

/* "hold a b": what the first snapshot is marked with; the caller frees. */
static char *marks_of(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct buf out = BUF_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct manifest m;

	test_snapshot_first(f, &list, sha256, &m);
	assert_true(snapshot_marked(f->s.t->real, &list.items[0], &f->s.trust,
			sha256, &m, &err) >= 0);
	buf_add_str(&out, m.hold ? "hold" : "free");
	VEC_EACH (&m.tags, tag)
		buf_printf(&out, " %s", *tag);
	manifest_done(&m);
	return buf_steal(&out);
}

static void assert_marks(struct fixture *f, const char *want)
{
	autofree char *marks = marks_of(f);

	assert_string_equal(marks, want);
}

/* Tag NULL: none. A digest that is not the manifest's: "other". */
static void mark(struct fixture *f, bool hold, const char *tag,
    const struct minisign_key *key, const char *digest)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(strvec_done) struct strvec tags = VEC_INIT;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;

	if (tag)
		strvec_add(&tags, tag);
	test_snapshot_first(f, &list, sha256, NULL);
	const struct snapshot_mark one = {
	    .manifest_sha256 = digest ? digest : sha256,
	    .hold = hold,
	    .tags = &tags,
	    .by = "here"};
	assert_ok(snapshot_record_marked(f->s.t->real, &list.items[0], &one,
		      &f->s.trust, key, &f->s.clock.clock, &err),
	    err);
}

static void the_last_marks_count(struct fixture *f)
{
	cleanup(strvec_done) struct strvec foreign = VEC_INIT;
	struct err err = ERR_INIT;

	free(test_snapshot_make(f, "prod"));
	assert_marks(f, "free");
	mark(f, true, "audited", f->s.key, NULL);
	assert_marks(f, "hold audited");
	/* The same second, and a clock that went back. */
	mark(f, false, NULL, f->s.key, NULL);
	assert_marks(f, "free");
	f->s.clock.now_ms -= 3600 * 1000;
	mark(f, true, "b", f->s.key, NULL);
	assert_marks(f, "hold b");
	/* They are ours, are no verification, and go with the snapshot. */
	assert_ok(snapshot_foreign(f->s.t->real, &foreign, &err), err);
	assert_int_equal(foreign.len, 0);
	assert_int_equal(test_snapshot_verdict(f).at, 0);
	assert_ok(test_snapshot_remove_first(f, &err), err);
	struct vault_items left = VEC_INIT;
	assert_ok(vault_list(f->s.t->real, "prod-", &left, &err), err);
	assert_int_equal(left.len, 0);
	vault_items_done(&left);
}

/* Anyone may write to the vault. */
static void marks_of_nobody_who_may_weigh_nothing(struct fixture *f)
{
	struct minisign_publics pruners = f->s.trust.pruners;

	free(test_snapshot_make(f, "prod"));
	mark(f, true, "good", f->s.key, NULL);
	mark(f, false, "unsigned", NULL, NULL);
	assert_marks(f, "hold good");
	mark(f, false, "other", f->s.key, "0123");
	assert_marks(f, "hold good");
	f->s.trust.pruners = (struct minisign_publics)VEC_INIT;
	assert_marks(f, "free");
	f->s.trust.pruners = pruners;
}

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(the_last_marks_count),
	    TEST_ON_VAULTS(marks_of_nobody_who_may_weigh_nothing),
	};

	return cmocka_run_group_tests_name(
	    "snapshot_marked", tests, test_vaults_start, test_vaults_stop);
}
