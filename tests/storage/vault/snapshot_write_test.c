/* What a writer takes over from the snapshot before, and what it refuses;
 * snapshot_test.c has what it writes. */
#include "storage/vault/snapshot.h"

#include "storage/base/cleanup.h"
#include "storage/vault/label.h"
#include "tests/support/snapshot_steps.h"

#include <stdlib.h>

TEST_VAULT_RUNNER(test_snapshot_steps_init, test_snapshot_steps_done)

static struct snapshot_writer *begin(struct fixture *f)
{
	struct vault *v = &f->s.t->vault;
	struct err err = ERR_INIT;
	struct snapshot_writer *w = test_snapshot_begin(f, "prod", &v, 1, &err);

	if (!w)
		fail_msg("%s", err.message);
	return w;
}

/* Whether the next may be linked to the one before; if not, that it says why.
 */
static void assert_links(struct fixture *f, bool links, const char *says)
{
	cleanup(snapshot_writer_freep) struct snapshot_writer *w = begin(f);
	struct err err = ERR_INIT;
	struct manifest m;

	assert_int_equal(snapshot_writer_link(w, &m, &err), links);
	if (links)
		manifest_done(&m);
	else
		assert_contains(err.message, says);
}

static void add(struct fixture *f, test_snapshot_change *change)
{
	test_snapshots_add(&f->s, change);
	f->s.clock.now_ms += 1000;
}

static char *newest(struct fixture *f)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	return str_dup(list.items[list.len - 1].label);
}

static void one_that_is_whole_and_of_a_list_is_linked_to(struct fixture *f)
{
	assert_links(f, false, "has no snapshot before it");
	add(f, NULL);
	assert_links(f, false,
	    "the snapshot before it, was not written to be continued");
	add(f, test_snapshot_begin_list);
	assert_links(f, true, NULL);
	add(f, test_snapshot_go_on);
	assert_links(f, true, NULL);
}

/* One whose archive is gone is no link: the one before it is. */
static void one_without_its_archive_is_passed_over(struct fixture *f)
{
	struct err err = ERR_INIT;
	struct manifest m;

	add(f, test_snapshot_begin_list);
	autofree char *first = newest(f);
	add(f, test_snapshot_go_on);
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	assert_ok(snapshot_list(f->s.t->real, "prod", &list, &err), err);
	assert_ok(vault_remove(f->s.t->real, list.items[1].archive, &err), err);
	cleanup(snapshot_writer_freep) struct snapshot_writer *w = begin(f);
	assert_int_equal(snapshot_writer_link(w, &m, &err), 1);
	assert_string_equal(m.label, first);
	manifest_done(&m);
}

static void one_that_was_found_wrong_is_continued_no_more(struct fixture *f)
{
	add(f, test_snapshot_begin_list);
	test_snapshot_record(f, "full", true, true);
	assert_links(f, true, NULL);
	add(f, test_snapshot_go_on);
	/* The first is, which the second needs. */
	test_snapshot_record(f, "full", false, true);
	assert_links(f, false, "a verification found '");
	test_snapshot_record(f, "full", true, true);
	assert_links(f, true, NULL);
}

/* What the store does not keep as long as the new one is no part of it. */
static void one_that_the_store_does_not_keep_is_not_continued(struct fixture *f)
{
	add(f, test_snapshot_begin_list);
	f->s.t->not_kept = ".age";
	assert_links(f, false, "cannot be locked");
	f->s.t->not_kept = NULL;
	assert_links(f, true, NULL);
}

static void two_vaults_have_to_agree(struct fixture *f)
{
	struct test_vault *other = test_vault_open(0);
	struct vault *vaults[] = {&f->s.t->vault, &other->vault};
	struct err err = ERR_INIT;
	struct manifest m;

	vault_set_name(&other->vault, "other");
	add(f, test_snapshot_begin_list);
	cleanup(snapshot_writer_freep) struct snapshot_writer *w =
	    test_snapshot_begin(f, "prod", vaults, 2, &err);
	assert_non_null(w);
	assert_int_equal(snapshot_writer_link(w, &m, &err), 0);
	assert_contains(err.message, "vault 'other' has no snapshot before it");
	/* One that has failed has no say. */
	struct err why = ERR_INIT;
	err_set(&why, ERR_NETWORK, "it is away");
	assert_null(snapshot_writer_failure(w, 1));
	snapshot_writer_fail(w, 1, &why);
	assert_string_equal(
	    snapshot_writer_failure(w, 1)->message, "it is away");
	assert_int_equal(snapshot_writer_link(w, &m, &err), 1);
	manifest_done(&m);
	snapshot_writer_fail(w, 0, &why);
	assert_int_equal(snapshot_writer_link(w, &m, &err), 0);
	snapshot_writer_free(w);
	w = NULL;
	test_vault_free(other);
}

/* ---- what a run is compared with ---- */

static void make_partial(struct snapshot_writer *w, struct manifest *m)
{
	(void)w;
	m->partial = true;
}

static void the_newest_complete_one_is_the_base(struct fixture *f)
{
	struct snapshot_writer *w = begin(f);

	assert_null(snapshot_writer_base(w));
	snapshot_writer_free(w);
	add(f, NULL);
	autofree char *label = newest(f);
	add(f, make_partial);
	w = begin(f);
	assert_string_equal(snapshot_writer_base(w)->label, label);
	snapshot_writer_free(w);
}

/* ---- the label ---- */

static struct snapshot_writer *begin_at(
    struct fixture *f, int64_t time, struct err *err)
{
	struct vault *v = &f->s.t->vault;
	const struct snapshot_options o = {.name = "prod",
	    .compression = ARCHIVE_ZSTD,
	    .encryption = ARCHIVE_AGE,
	    .clock = &f->s.clock.clock,
	    .trust = &f->s.trust,
	    .time = time};

	return snapshot_begin(&v, 1, &o, err);
}

static void a_label_that_was_decided_is_used_or_refused(struct fixture *f)
{
	int64_t now = f->s.clock.now_ms / 1000;
	struct err err = ERR_INIT;

	add(f, NULL);
	struct snapshot_writer *w = begin_at(f, now + 2, &err);
	assert_non_null(w);
	assert_int_equal(snapshot_writer_time(w), now + 2);
	snapshot_writer_free(w);
	assert_null(begin_at(f, now - 5, &err));
	assert_int_equal(err.code, ERR_EXISTS);
	assert_contains(err.message,
	    "a newer snapshot is there already: this one would be out of "
	    "order");
}

static void a_name_is_checked_first(struct fixture *f)
{
	struct vault *v = &f->s.t->vault;
	struct err err = ERR_INIT;

	f->s.t->list_fails = true;
	assert_null(test_snapshot_begin(f, "no/name", &v, 1, &err));
	assert_int_equal(err.code, ERR_USAGE);
}

/* ---- the commit ---- */

static void without_a_whole_archive_nothing_is_committed(struct fixture *f)
{
	struct snapshot_writer *w = begin(f);
	struct err err = ERR_INIT;

	assert_fails(test_snapshot_commit(f, w, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "has no whole archive to commit");
	struct sink *sink = snapshot_writer_sink(w, &err);
	assert_ok(sink_write(sink, "half", 4, &err), err);
	sink_free(sink);
	err = (struct err)ERR_INIT;
	assert_int_equal(test_snapshot_commit(f, w, &err), -1);
	snapshot_writer_free(w);
	assert_int_equal(test_vault_count(f->s.t, ""), 0);
}

static void what_is_released_without_a_commit_is_removed(struct fixture *f)
{
	struct snapshot_writer *w = begin(f);
	struct err err = ERR_INIT;

	assert_ok(test_snapshot_write(w, &err), err);
	assert_int_equal(test_vault_count(f->s.t, ".age"), 1);
	snapshot_writer_free(w);
	assert_int_equal(test_vault_count(f->s.t, ""), 0);
	snapshot_writer_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST_ON_VAULTS(one_that_is_whole_and_of_a_list_is_linked_to),
	    TEST_ON_VAULTS(one_without_its_archive_is_passed_over),
	    TEST_ON_VAULTS(one_that_was_found_wrong_is_continued_no_more),
	    TEST_ON_VAULTS(one_that_the_store_does_not_keep_is_not_continued),
	    TEST_ON_VAULTS(two_vaults_have_to_agree),
	    TEST_ON_VAULTS(the_newest_complete_one_is_the_base),
	    TEST_ON_VAULTS(a_label_that_was_decided_is_used_or_refused),
	    TEST_ON_VAULTS(a_name_is_checked_first),
	    TEST_ON_VAULTS(without_a_whole_archive_nothing_is_committed),
	    TEST_ON_VAULTS(what_is_released_without_a_commit_is_removed),
	};

	return cmocka_run_group_tests(
	    tests, test_vaults_start, test_vaults_stop);
}
