/* A snapshot that is copied from one vault to another. */
#include "restore/command.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/opened.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	struct test_opened t;
	struct vault *other;
	struct buf out;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_opened_init(&f->t);
	test_opened_sign(&f->t);
	test_tree_add(&f->t.tree, "terraform/b/k", NULL, "a state");
	test_opened_commit(&f->t, "");
	f->t.command.name = "copy";
	f->t.options.to = "b";
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	vault_free(f->other);
	buf_done(&f->out);
	test_opened_done(&f->t);
	free(f);
	return 0;
}

static void assert_copied(struct fixture *f)
{
	test_opened_succeed(&f->t, command_copy, &f->out, &f->err);
}

static void assert_refused(struct fixture *f, enum err_code code)
{
	test_opened_fail(&f->t, command_copy, &f->out, &f->err, code);
	assert_int_equal(f->out.len, 0);
}

/* The snapshots of the other vault, and all that is in it but its mark. */
static void assert_other(struct fixture *f, size_t snapshots)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(snapshot_list(f->other, "prod", &list, &err), err);
	assert_int_equal(list.len, snapshots);
}

/* Whether the two have the same bytes. */
static void assert_same(struct fixture *f, const char *end)
{
	autofree char *from = test_opened_file(&f->t, end);
	autofree char *to =
	    str_printf("%s/other/%s%s", f->t.dir, f->t.label, end);
	cleanup(buf_done) struct buf was = BUF_INIT, is = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(from, 1024 * 1024, &was, &err), err);
	assert_ok(file_read(to, 1024 * 1024, &is, &err), err);
	assert_int_equal(was.len, is.len);
	assert_memory_equal(was.data, is.data, was.len);
}

static void all_of_it_is_copied_as_it_is(void **state)
{
	struct fixture *f = *state;

	f->other = test_opened_other(&f->t);
	assert_copied(f);
	autofree char *line = str_printf("%s is in vault 'b'\n", f->t.label);
	assert_string_equal(buf_str(&f->out), line);
	assert_other(f, 1);
	assert_same(f, ".tar.zst");
	assert_same(f, ".manifest.json");
	assert_same(f, ".manifest.json.minisig");
}

/* Else a verification of the chain there would call it mixed in. */
static void that_it_was_copied_is_recorded_once(void **state)
{
	struct fixture *f = *state;

	f->other = test_opened_other(&f->t);
	for (int i = 0; i < 2; i++) {
		cleanup(snapshots_done) struct snapshots list = VEC_INIT;

		assert_copied(f);
		assert_ok(
		    snapshot_list(f->other, "prod", &list, &f->err), f->err);
		assert_int_equal(list.len, 1);
		/* The record, and its signature. */
		assert_true(list.items[0].records.len > 0);
		for (size_t r = 0; r < list.items[0].records.len; r++)
			assert_contains(
			    list.items[0].records.items[r], "-quick-good.json");
		assert_true(list.items[0].records.len <= 2);
	}
	autofree char *line =
	    str_printf("%s is in vault 'b' already\n", f->t.label);
	assert_string_equal(buf_str(&f->out), line);
}

static void programs_are_told_as_json(void **state)
{
	struct fixture *f = *state;

	f->other = test_opened_other(&f->t);
	f->t.options.common.output = CLI_OUTPUT_JSON;
	for (int i = 0; i < 2; i++) {
		assert_copied(f);
		cleanup(json_freep) struct json_object *j =
		    test_json(buf_str(&f->out));
		assert_string_equal(json_get_str(j, "vault"), "b");
		assert_int_equal(
		    json_truth(json_get(j, "already_there"), !i), i);
	}
}

/* ---- what is refused ----------------------------------------------------- */

static void a_copy_goes_to_a_vault_of_the_configuration(void **state)
{
	struct fixture *f = *state;

	f->other = test_opened_other(&f->t);
	f->t.options.to = NULL;
	assert_refused(f, ERR_USAGE);
	assert_contains(f->err.message, "--to");
	f->t.options.to = "c";
	assert_refused(f, ERR_USAGE);
	assert_contains(f->err.message, "'c'");
	assert_other(f, 0);
}

/* What is no vault is not made one. */
static void a_vault_that_was_not_made_is_not_written_to(void **state)
{
	struct fixture *f = *state;
	autofree char *path = file_join(f->t.dir, "other");
	autofree char *mark = file_join(path, "backstay-vault.json");

	assert_refused(f, ERR_NOT_FOUND);
	assert_false(file_exists(path));
	f->other = test_opened_other(&f->t);
	assert_int_equal(unlink(mark), 0);
	assert_refused(f, ERR_NOT_FOUND);
	assert_contains(f->err.message, "'b'");
	assert_other(f, 0);
}

static void what_is_damaged_is_not_copied(void **state)
{
	static const char *const damaged[] = {".tar.zst", ".manifest.json"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;

		f->other = test_opened_other(&f->t);
		test_opened_damage(&f->t, damaged[i]);
		assert_refused(f, ERR_INTEGRITY);
		assert_contains(f->err.message, f->t.label);
		assert_other(f, 0);
		tear_down(&one);
	}
}

static void a_copy_that_is_stopped_leaves_no_snapshot(void **state)
{
	struct fixture *f = *state;

	f->other = test_opened_other(&f->t);
	cancel_request(&f->t.cancel);
	assert_refused(f, ERR_CANCELLED);
	assert_other(f, 0);
	/* And nothing that keeps the next one from it. */
	f->t.cancel = (struct cancel){0};
	assert_copied(f);
	assert_other(f, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_of_it_is_copied_as_it_is),
	    TEST(that_it_was_copied_is_recorded_once),
	    TEST(programs_are_told_as_json),
	    TEST(a_copy_goes_to_a_vault_of_the_configuration),
	    TEST(a_vault_that_was_not_made_is_not_written_to),
	    cmocka_unit_test(what_is_damaged_is_not_copied),
	    TEST(a_copy_that_is_stopped_leaves_no_snapshot),
	};

	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
