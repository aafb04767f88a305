/* What a vault holds, and whether it still does. */
#include "config/retention/proof.h"

#include "storage/base/cleanup.h"
#include "tests/support/snapshots.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COUNT = 3 };

/* A full snapshot, one that goes on with it, and a full one. */
struct fixture {
	struct test_snapshots s;
	struct snapshots list;
	struct proofs proofs;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	static test_snapshot_change *const changes[COUNT] = {
	    test_snapshot_begin_list, test_snapshot_go_on,
	    test_snapshot_begin_list};

	test_snapshots_init(&f->s, 0);
	for (size_t i = 0; i < COUNT; i++) {
		test_snapshots_add(&f->s, changes[i]);
		f->s.clock.now_ms += 1000;
	}
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	proofs_done(&f->proofs);
	snapshots_done(&f->list);
	test_snapshots_done(&f->s);
	free(f);
	return 0;
}

static void gather(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(snapshot_list(&f->s.t->vault, "prod", &f->list, &err), err);
	assert_ok(proof_gather(
		      &f->s.t->vault, &f->list, &f->s.trust, &f->proofs, &err),
	    err);
	assert_int_equal(f->proofs.len, COUNT);
}

/* A file of the vault, by its snapshot. */
static char *file_of(const struct fixture *f, size_t i, const char *end)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(snapshot_list(&f->s.t->vault, "prod", &list, &err), err);
	return str_printf("%s/%s%s", f->s.t->dir, list.items[i].label, end);
}

static const char archive[] = ".tar.zst.age", manifest[] = ".manifest.json",
		  signature[] = ".manifest.json.minisig";

static void cut(const struct fixture *f, size_t i, const char *end)
{
	autofree char *path = file_of(f, i, end);

	assert_int_equal(unlink(path), 0);
}

static void write_over(
    const struct fixture *f, size_t i, const char *end, const char *text)
{
	autofree char *path = file_of(f, i, end);
	FILE *to = fopen(path, "w");

	assert_non_null(to);
	fputs(text, to);
	assert_int_equal(fclose(to), 0);
}

/* ---- what is there ------------------------------------------------------- */

static void a_whole_vault_is_proved(void **state)
{
	struct fixture *f = *state;

	gather(f);
	for (size_t i = 0; i < COUNT; i++) {
		const struct proof *p = &f->proofs.items[i];

		assert_true(p->trusted);
		assert_true(p->own_there);
		assert_true(p->whole);
		assert_int_equal(p->needs.len, i == 1);
		assert_ptr_equal(proof_of(&f->proofs, p->snapshot->label), p);
	}
	assert_string_equal(
	    f->proofs.items[1].needs.items[0], f->list.items[0].label);
	assert_null(proof_of(&f->proofs, "prod-none"));
}

/* That of the first is needed by the second, too. */
static void a_lost_archive_is_missed_by_who_needs_it(void **state)
{
	struct fixture *f = *state;

	cut(f, 0, archive);
	gather(f);
	assert_false(f->proofs.items[0].whole);
	assert_false(f->proofs.items[0].own_there);
	assert_false(f->proofs.items[1].whole);
	assert_true(f->proofs.items[1].own_there);
	assert_true(f->proofs.items[2].whole);
}

static void an_archive_of_another_length_is_none(void **state)
{
	struct fixture *f = *state;

	write_over(f, 2, archive, "xy");
	gather(f);
	assert_true(f->proofs.items[2].trusted);
	assert_false(f->proofs.items[2].whole);
}

/* Nor is anything that it says believed. */
static void a_manifest_that_does_not_hold_says_nothing(void **state)
{
	struct fixture *f = *state;

	write_over(f, 2, manifest, "{}");
	gather(f);
	assert_true(f->proofs.items[0].trusted);
	assert_false(f->proofs.items[2].trusted);
	assert_false(f->proofs.items[2].whole);
	assert_int_equal(f->proofs.items[2].needs.len, 0);
}

static void one_without_its_signature_says_nothing(void **state)
{
	struct fixture *f = *state;

	cut(f, 2, signature);
	gather(f);
	assert_false(f->proofs.items[2].trusted);
}

/* Then nothing is known of it, and nothing may be concluded. */
static void a_manifest_that_cannot_be_read_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct err err;

	f->s.t->unread = manifest;
	f->s.t->unread_code = ERR_NETWORK;
	f->s.t->unread_times = 100;
	assert_ok(snapshot_list(
		      &f->s.t->vault, "prod", &f->list, &(struct err)ERR_INIT),
	    err);
	assert_fails(proof_gather(&f->s.t->vault, &f->list, &f->s.trust,
			 &f->proofs, &err),
	    err, ERR_NETWORK);
}

/* ---- whether it still is ------------------------------------------------- */

static int hold(struct fixture *f, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return proof_hold(&f->s.t->vault, "prod", &f->proofs, err);
}

static void what_is_to_be_kept_is_checked_again(void **state)
{
	struct fixture *f = *state;
	struct err err;

	gather(f);
	assert_ok(hold(f, &err), err);
	cut(f, 0, archive);
	assert_fails(hold(f, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, f->list.items[0].label);
	assert_contains(
	    err.message, "which is to be kept, is not whole any more");
}

static void one_that_changed_its_length_is_not_whole(void **state)
{
	struct fixture *f = *state;
	struct err err;

	gather(f);
	write_over(f, 1, archive, "xyz");
	assert_fails(hold(f, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, f->list.items[1].label);
	assert_contains(err.message, "has another length now");
}

static void its_manifest_is_a_part_of_it(void **state)
{
	struct fixture *f = *state;
	struct err err;

	gather(f);
	cut(f, 2, manifest);
	assert_fails(hold(f, &err), err, ERR_INTEGRITY);
}

/* What a list leaves out is asked for by name. */
static void a_list_that_lags_is_not_believed(void **state)
{
	struct fixture *f = *state;
	struct err err;

	gather(f);
	f->s.t->unlisted = archive;
	assert_ok(hold(f, &err), err);
}

static void what_was_not_whole_is_not_missed(void **state)
{
	struct fixture *f = *state;
	struct err err;

	cut(f, 0, archive);
	gather(f);
	assert_ok(hold(f, &err), err);
	f->s.t->list_fails = true;
	assert_int_equal(hold(f, &err), -1);
}

/* ---- what goes ----------------------------------------------------------- */

/* proof_apart of one, where the others of `kept` stay; the label of the one
 * that it shares with, or -1 for none. */
static void assert_apart(
    struct fixture *f, size_t gone, const size_t *kept, size_t count, int with)
{
	struct proofs stay = VEC_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < count; i++)
		*vec_add(&stay) = f->proofs.items[kept[i]];
	const struct proof *p = &f->proofs.items[gone];
	int failed = proof_apart(
	    p->snapshot->label, p->manifest.archive.file, &stay, &err);
	vec_done(&stay);
	assert_int_equal(failed, with < 0 ? 0 : -1);
	if (with < 0)
		return;
	assert_int_equal(err.code, ERR_INTEGRITY);
	autofree char *expected =
	    str_printf("'%s' shares its objects with '%s', which is to be kept",
		f->list.items[gone].label, f->list.items[with].label);
	assert_string_equal(err.message, expected);
}

static void nothing_goes_that_something_kept_needs(void **state)
{
	struct fixture *f = *state;

	gather(f);
	assert_apart(f, 0, (const size_t[]){1, 2}, 2, 1);
	assert_apart(f, 0, (const size_t[]){2}, 1, -1);
	assert_apart(f, 1, (const size_t[]){0, 2}, 2, -1);
	assert_apart(f, 2, (const size_t[]){0, 1}, 2, -1);
	/* Nor what is kept itself. */
	assert_apart(f, 2, (const size_t[]){0, 2}, 2, 2);
	assert_apart(f, 2, NULL, 0, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_whole_vault_is_proved),
	    TEST(a_lost_archive_is_missed_by_who_needs_it),
	    TEST(an_archive_of_another_length_is_none),
	    TEST(a_manifest_that_does_not_hold_says_nothing),
	    TEST(one_without_its_signature_says_nothing),
	    TEST(a_manifest_that_cannot_be_read_is_an_error),
	    TEST(what_is_to_be_kept_is_checked_again),
	    TEST(one_that_changed_its_length_is_not_whole),
	    TEST(its_manifest_is_a_part_of_it),
	    TEST(a_list_that_lags_is_not_believed),
	    TEST(what_was_not_whole_is_not_missed),
	    TEST(nothing_goes_that_something_kept_needs),
	};

	return cmocka_run_group_tests_name("prune/proof", tests, NULL, NULL);
}
