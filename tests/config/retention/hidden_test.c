/* Snapshots that a vault does not show, and of which there is a sign. */
#include "config/retention/hidden.h"

#include "storage/base/cleanup.h"
#include "storage/vault/vault.h"
#include "tests/support/snapshots.h"

#include <stdlib.h>

enum { COUNT = 3 };

/* Three snapshots of which each may be continued, or of which none may. */
struct fixture {
	struct test_snapshots s;
	char *labels[COUNT];
	struct snapshots list;
	struct proofs proofs;
	struct hidden hidden;
};

static void make(struct fixture *f, test_snapshot_change *change)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < COUNT; i++) {
		test_snapshots_add(&f->s, change);
		f->s.clock.now_ms += 1000;
	}
	assert_ok(snapshot_list(&f->s.t->vault, "prod", &list, &err), err);
	for (size_t i = 0; i < COUNT; i++)
		f->labels[i] = str_dup(list.items[i].label);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_snapshots_init(&f->s, 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	hidden_done(&f->hidden);
	proofs_done(&f->proofs);
	snapshots_done(&f->list);
	for (size_t i = 0; i < COUNT; i++)
		free(f->labels[i]);
	test_snapshots_done(&f->s);
	free(f);
	return 0;
}

/* A file of a snapshot is not there any more. */
static void cut(struct fixture *f, size_t i, const char *end)
{
	autofree char *object = str_printf("%s%s", f->labels[i], end);
	struct err err = ERR_INIT;

	assert_ok(vault_remove(f->s.t->real, object, &err), err);
}

static const char archive[] = ".tar.zst.age", manifest[] = ".manifest.json",
		  signature[] = ".manifest.json.minisig";

/* The hidden ones, in order, by their numbers; and how many are listed. */
static void assert_hidden(struct fixture *f, size_t listed, const char *hidden)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	struct err err = ERR_INIT;

	hidden_done(&f->hidden);
	proofs_done(&f->proofs);
	snapshots_done(&f->list);
	assert_ok(snapshot_list(&f->s.t->vault, "prod", &f->list, &err), err);
	assert_ok(hidden_gather(&f->s.t->vault, "prod", &f->s.trust, &f->list,
		      &f->proofs, &f->hidden, &err),
	    err);
	assert_int_equal(f->list.len, listed);
	assert_int_equal(f->proofs.len, listed);
	VEC_EACH (&f->hidden, h) {
		int64_t time = 0;

		for (size_t i = 0; i < COUNT; i++)
			if (str_eq(h->label, f->labels[i]))
				buf_printf(&line, "%zu ", i);
		assert_int_equal(
		    snapshot_label_time("prod", h->label, &time), 0);
		assert_int_equal(h->time, time);
	}
	assert_string_equal(buf_str(&line), hidden);
}

static void what_is_shown_is_not_hidden(void **state)
{
	struct fixture *f = *state;

	make(f, test_snapshot_begin_list);
	assert_hidden(f, 3, "");
	for (size_t i = 0; i < COUNT; i++)
		assert_true(f->proofs.items[i].trusted);
}

/* The store has it, and only its list does not say so. */
static void what_a_list_leaves_out_is_asked_for(void **state)
{
	struct fixture *f = *state;

	make(f, test_snapshot_begin_list);
	autofree char *name = str_printf("%s%s", f->labels[1], manifest);
	f->s.t->unlisted = name;
	assert_hidden(f, 3, "");
	assert_non_null(proof_of(&f->proofs, f->labels[1]));
	f->s.t->unlisted = NULL;
}

static void an_archive_or_a_signature_is_a_sign(void **state)
{
	struct fixture *f = *state;

	make(f, test_snapshot_begin_list);
	cut(f, 1, manifest);
	assert_hidden(f, 2, "1 ");
	cut(f, 1, signature);
	assert_hidden(f, 2, "1 ");
}

/* Of the newest no other manifest speaks. */
static void the_manifest_that_follows_is_a_sign(void **state)
{
	struct fixture *f = *state;

	make(f, test_snapshot_begin_list);
	cut(f, 0, manifest);
	cut(f, 0, signature);
	cut(f, 0, archive);
	assert_hidden(f, 2, "0 ");
	cut(f, 2, manifest);
	cut(f, 2, signature);
	cut(f, 2, archive);
	assert_hidden(f, 1, "0 ");
}

static void a_manifest_that_is_not_trusted_is_a_sign(void **state)
{
	struct fixture *f = *state;

	make(f, test_snapshot_begin_list);
	cut(f, 2, signature);
	assert_hidden(f, 3, "2 ");
	assert_false(proof_of(&f->proofs, f->labels[2])->trusted);
}

/* It is no more, and is not waited for. */
static void what_was_pruned_is_not_hidden(void **state)
{
	struct fixture *f = *state;
	struct snapshot_drops drops = VEC_INIT;
	struct err err = ERR_INIT;

	make(f, test_snapshot_begin_list);
	*vec_add(&drops) = (struct snapshot_drop){
	    .label = f->labels[0], .reason = "older than all that is kept"};
	assert_ok(snapshot_record_pruned(&f->s.t->vault, "prod", &drops,
		      f->s.key, &f->s.clock.clock, &err),
	    err);
	vec_done(&drops);
	cut(f, 0, manifest);
	cut(f, 0, signature);
	assert_hidden(f, 2, "");
}

/* Then none needs another, whatever is out of sight. */
static void where_none_is_continued_none_is_hidden(void **state)
{
	struct fixture *f = *state;

	make(f, NULL);
	cut(f, 1, manifest);
	assert_hidden(f, 2, "");
}

/* One did need another, of which the archive stays, and may be out of sight. */
static void an_archive_that_stays_says_that_some_are_continued(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	make(f, NULL);
	autofree char *lone = str_printf("%s.archive.json", f->labels[0]);
	assert_ok(vault_put_small(
		      f->s.t->real, lone, "{}", 2, VAULT_RETAIN_NONE, &err),
	    err);
	cut(f, 1, manifest);
	assert_hidden(f, 2, "1 ");
}

static void a_vault_that_cannot_be_read_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	make(f, test_snapshot_begin_list);
	assert_ok(snapshot_list(&f->s.t->vault, "prod", &f->list, &err), err);
	f->s.t->list_fails = true;
	assert_int_equal(hidden_gather(&f->s.t->vault, "prod", &f->s.trust,
			     &f->list, &f->proofs, &f->hidden, &err),
	    -1);
	assert_int_not_equal(err.code, ERR_NONE);
}

static void the_oldest_after_a_time_is_found(void **state)
{
	static char a[] = "a", b[] = "b", c[] = "c";
	struct hidden_one all[] = {{.label = c, .time = 300},
	    {.label = a, .time = 100}, {.label = b, .time = 200}};
	const struct hidden h = {.items = all, .len = 3, .cap = 3};
	static const struct {
		int64_t time, span;
		const char *found;
	} rows[] = {{0, 1000, "a"}, {99, 1, "a"}, {100, 1000, "b"},
	    {100, 100, "b"}, {100, 99, NULL}, {150, 49, NULL}, {250, 1000, "c"},
	    {300, 1000, NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct hidden_one *one =
		    hidden_after(&h, rows[i].time, rows[i].span);
		assert_true(str_eq(one ? one->label : NULL, rows[i].found));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_shown_is_not_hidden),
	    TEST(what_a_list_leaves_out_is_asked_for),
	    TEST(an_archive_or_a_signature_is_a_sign),
	    TEST(the_manifest_that_follows_is_a_sign),
	    TEST(a_manifest_that_is_not_trusted_is_a_sign),
	    TEST(what_was_pruned_is_not_hidden),
	    TEST(where_none_is_continued_none_is_hidden),
	    TEST(an_archive_that_stays_says_that_some_are_continued),
	    TEST(a_vault_that_cannot_be_read_is_an_error),
	    cmocka_unit_test(the_oldest_after_a_time_is_found),
	};

	return cmocka_run_group_tests_name(
	    "retention/hidden", tests, NULL, NULL);
}
