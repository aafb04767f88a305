/* The chain of a vault, held against what this machine remembers of it. */
#include "restore/head.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/keys.h"
#include "tests/support/opened.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A vault of two signed snapshots. */
struct fixture {
	struct test_opened t;
	struct opened o;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_opened_init(&f->t);
	test_opened_sign(&f->t);
	test_tree_add(&f->t.tree, "terraform/b/k", NULL, "a state");
	test_opened_commit(&f->t, "");
	test_opened_add(&f->t, f->t.key);
	f->o = (struct opened)OPENED_INIT;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	open_done(&f->o);
	strvec_done(&f->t.options.accept);
	test_opened_done(&f->t);
	free(f);
	return 0;
}

/* As it is in the vault now. */
static void open_again(struct fixture *f, const char *which)
{
	open_done(&f->o);
	f->t.command.which = which;
	f->err = (struct err)ERR_INIT;
	assert_ok(open_snapshot(&f->t.command, &f->o, &f->err), f->err);
}

static int verify(struct fixture *f, size_t *snapshots)
{
	open_again(f, "latest");
	return head_verify(&f->t.command, &f->o, snapshots, &f->err);
}

static void assert_verified(struct fixture *f, size_t expected)
{
	size_t snapshots = 0;

	assert_ok(verify(f, &snapshots), f->err);
	assert_int_equal(snapshots, expected);
}

static void assert_found(struct fixture *f, const char *part)
{
	size_t snapshots = 99;

	assert_int_equal(verify(f, &snapshots), -1);
	assert_int_equal(f->err.code, ERR_INTEGRITY);
	assert_contains(f->err.message, part);
	assert_int_equal(snapshots, 99);
}

static char *kept(const struct fixture *f, const char *end)
{
	return str_printf("%s/state/chain/a:prod.json%s", f->t.dir, end);
}

static void remove_newest(const struct fixture *f)
{
	autofree char *manifest = test_opened_file(&f->t, ".manifest.json");
	autofree char *signature =
	    test_opened_file(&f->t, ".manifest.json.minisig");
	autofree char *archive = test_opened_file(&f->t, ".tar.zst");

	assert_int_equal(unlink(manifest), 0);
	assert_int_equal(unlink(signature), 0);
	assert_int_equal(unlink(archive), 0);
}

/* ---- what is remembered -------------------------------------------------- */

static void what_was_seen_is_remembered_and_signed(void **state)
{
	struct fixture *f = *state;
	autofree char *path = kept(f, ""), *minisig = kept(f, ".minisig");

	assert_false(file_exists(path));
	assert_verified(f, 2);
	assert_true(file_exists(path));
	assert_true(file_exists(minisig));
	assert_verified(f, 2);
}

/* Without it a vault that was rolled back looks whole. */
static void a_vault_that_was_rolled_back_is_found(void **state)
{
	struct fixture *f = *state;

	assert_verified(f, 2);
	remove_newest(f);
	assert_found(f, "truncate: ");
	assert_contains(f->err.message, "--accept truncate");
	/* It is found again: nothing was forgotten by that. */
	assert_found(f, "truncate: ");
	strvec_add(&f->t.options.accept, "truncate");
	assert_verified(f, 1);
}

static void a_head_that_was_changed_is_an_error(void **state)
{
	struct fixture *f = *state;
	autofree char *path = kept(f, "");
	cleanup(buf_done) struct buf text = BUF_INIT;

	assert_verified(f, 2);
	assert_ok(file_read(path, 10000, &text, &f->err), f->err);
	char *label = strstr(text.data, f->t.label);
	assert_non_null(label);
	label[strlen(f->t.label) - 2] ^= 1;
	assert_int_equal(unlink(path), 0);
	assert_ok(
	    file_write_durably(path, text.data, text.len, &f->err), f->err);
	assert_found(f, path);
}

/* ---- before `latest` is restored ----------------------------------------- */

static int gate(struct fixture *f, const char *which)
{
	open_again(f, which);
	return head_gate(&f->t.command, &f->o, &f->err);
}

static void the_latest_passes_and_nothing_is_remembered(void **state)
{
	struct fixture *f = *state;
	autofree char *path = kept(f, "");

	assert_ok(gate(f, "latest"), f->err);
	assert_false(file_exists(path));
}

static void what_may_not_be_the_latest_is_held_up(void **state)
{
	struct fixture *f = *state;

	assert_verified(f, 2);
	remove_newest(f);
	assert_int_equal(gate(f, "latest"), -1);
	assert_int_equal(f->err.code, ERR_INTEGRITY);
	assert_contains(f->err.message, "may not be the latest");
	assert_contains(f->err.message, f->t.label);
	/* Who names one is not asked. */
	autofree char *label = str_dup(f->o.snapshot->label);
	assert_ok(gate(f, label), f->err);
	strvec_add(&f->t.options.accept, "truncate");
	assert_ok(gate(f, "latest"), f->err);
}

/* ---- a head that somebody carries ---------------------------------------- */

static void what_is_printed_is_taken_as_given(void **state)
{
	struct fixture *f = *state;
	autofree char *path = file_join(f->t.dir, "head");
	cleanup(buf_done) struct buf text = BUF_INIT;

	open_again(f, "latest");
	buf_add_str(&text, "");
	assert_ok(head_print(&f->t.command, &f->o, &text, &f->err), f->err);
	assert_ok(
	    file_write_durably(path, text.data, text.len, &f->err), f->err);
	f->t.options.head = path;
	assert_verified(f, 2);
	/* What this machine remembers is another matter. */
	autofree char *own = kept(f, "");
	(void)unlink(own);
	remove_newest(f);
	assert_found(f, "truncate: ");
}

static void write_head(const char *path, const char *text, size_t len)
{
	struct err err = ERR_INIT;

	(void)unlink(path);
	assert_ok(file_write_durably(path, text, len, &err), err);
}

static void a_head_whose_signature_does_not_hold_is_refused(void **state)
{
	struct fixture *f = *state;
	autofree char *path = file_join(f->t.dir, "head");
	cleanup(buf_done) struct buf text = BUF_INIT;

	open_again(f, "latest");
	assert_ok(head_print(&f->t.command, &f->o, &text, &f->err), f->err);
	f->t.options.head = path;
	char *label = strstr(text.data, f->t.label);
	assert_non_null(label);
	label[strlen(f->t.label) - 2] ^= 1;
	write_head(path, text.data, text.len);
	assert_found(f, "--head");
	label[strlen(f->t.label) - 2] ^= 1;
	/* Without a signature it is the operator's own word. */
	const char *end = strchr(text.data, '\n');
	assert_non_null(end);
	write_head(path, text.data, (size_t)(end - text.data) + 1);
	assert_verified(f, 2);
	(void)unlink(path);
	size_t snapshots;
	assert_int_equal(verify(f, &snapshots), -1);
	assert_contains(f->err.message, path);
}

static void of_nothing_there_is_no_head(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf text = BUF_INIT;

	open_again(f, "latest");
	open_done(&f->o);
	autofree char *dir = file_join(f->t.dir, "vault");
	assert_ok(file_remove_tree(dir, &f->err), f->err);
	assert_ok(file_mkdirs(dir, &f->err), f->err);
	assert_ok(open_vault(&f->t.command, &f->o, &f->err), f->err);
	assert_int_equal(head_print(&f->t.command, &f->o, &text, &f->err), -1);
	assert_int_equal(f->err.code, ERR_NOT_FOUND);
	assert_int_equal(text.len, 0);
}

/* ---- copies -------------------------------------------------------------- */

static void without_a_memory_of_the_other_vault_none_is_made(void **state)
{
	struct fixture *f = *state;
	struct vault *other = test_opened_other(&f->t);
	autofree char *path =
	    str_printf("%s/state/chain/b:prod.json", f->t.dir);

	open_again(f, "latest");
	/* It is not there: that is said, and nothing remembered. */
	assert_int_equal(head_copied(&f->t.command, other, f->o.snapshot, false,
			     &f->o.trust, &f->err),
	    -1);
	assert_false(file_exists(path));
	vault_free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_seen_is_remembered_and_signed),
	    TEST(a_vault_that_was_rolled_back_is_found),
	    TEST(a_head_that_was_changed_is_an_error),
	    TEST(the_latest_passes_and_nothing_is_remembered),
	    TEST(what_may_not_be_the_latest_is_held_up),
	    TEST(what_is_printed_is_taken_as_given),
	    TEST(a_head_whose_signature_does_not_hold_is_refused),
	    TEST(of_nothing_there_is_no_head),
	    TEST(without_a_memory_of_the_other_vault_none_is_made),
	};

	return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
