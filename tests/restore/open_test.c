/* From a configuration and a name to a snapshot, and to what is in it. */
#include "restore/open.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/keys.h"
#include "tests/support/opened.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	struct test_opened t;
	struct opened o;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_opened_init(&f->t);
	f->o = (struct opened)OPENED_INIT;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	open_done(&f->o);
	test_opened_done(&f->t);
	free(f);
	return 0;
}

#define HEAD "git/web.git/HEAD"
#define MAP "kubernetes/prod/namespaces/ns/configmaps/a.json"

static void add_both(struct fixture *f)
{
	test_tree_add(&f->t.tree, HEAD, NULL, "ref: refs/heads/main\n");
	test_tree_add(&f->t.tree, MAP, NULL, "{\"x\":1}");
}

static void open_which(struct fixture *f, const char *which)
{
	struct err err = ERR_INIT;

	f->t.command.which = which;
	assert_ok(open_snapshot(&f->t.command, &f->o, &err), err);
}

/* ---- which snapshot ------------------------------------------------------ */

static void the_latest_is_the_newest(void **state)
{
	struct fixture *f = *state;

	test_opened_sign(&f->t);
	test_opened_commit(&f->t, "");
	autofree char *first = str_dup(f->t.label);
	test_opened_add(&f->t, f->t.key);
	open_which(f, "latest");
	assert_string_equal(f->o.snapshot->label, f->t.label);
	assert_null(f->o.doubtful);
	open_done(&f->o);
	open_which(f, first);
	assert_string_equal(f->o.snapshot->label, first);
}

static void an_empty_vault_has_none(void **state)
{
	struct fixture *f = *state;
	struct err err;

	test_opened_commit(&f->t, "");
	autofree char *manifest = test_opened_file(&f->t, ".manifest.json");
	assert_int_equal(unlink(manifest), 0);
	assert_fails(
	    open_snapshot(&f->t.command, &f->o, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "/vault");
	assert_null(f->o.snapshot);
}

static void a_vault_that_nobody_configured_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;

	test_opened_commit(&f->t, "");
	f->t.options.common.vault = "other";
	assert_fails(open_snapshot(&f->t.command, &f->o, &err), err, ERR_USAGE);
	assert_contains(err.message, "other");
}

static void a_name_that_fits_several_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;

	test_opened_sign(&f->t);
	test_opened_commit(&f->t, "");
	test_opened_add(&f->t, f->t.key);
	f->t.command.which = "prod-20";
	assert_fails(open_snapshot(&f->t.command, &f->o, &err), err, ERR_USAGE);
	assert_contains(err.message, f->t.label);
}

static void the_snapshots_are_those_of_the_configured_name(void **state)
{
	struct fixture *f = *state;

	test_opened_commit(&f->t, "");
	assert_string_equal(open_name(&f->t.command), "prod");
	f->t.options.common.all_names = true;
	assert_null(open_name(&f->t.command));
}

/* ---- whose word counts --------------------------------------------------- */

/* Anybody who may write to the vault can put one there. */
static void a_newer_one_that_nobody_trusted_signed_is_doubtful(void **state)
{
	struct fixture *f = *state;
	struct minisign_key *other = test_key_make(&f->t.random);
	const struct minisign_key *const signers[] = {other, NULL};

	test_opened_sign(&f->t);
	test_opened_commit(&f->t, "");
	autofree char *good = str_dup(f->t.label);
	for (size_t i = 0; i < 2; i++) {
		struct err err;

		test_opened_add(&f->t, signers[i]);
		open_which(f, "latest");
		assert_string_equal(f->o.snapshot->label, good);
		assert_non_null(f->o.doubtful);
		assert_string_equal(f->o.doubtful->label, f->t.label);
		assert_true(open_is_signed(&f->o));
		open_done(&f->o);
		/* Who names it is told. */
		open_which(f, f->t.label);
		assert_false(open_is_signed(&f->o));
		assert_fails(open_manifest(&f->t.command, &f->o, &err), err,
		    ERR_INTEGRITY);
		assert_contains(err.message, f->t.label);
		open_done(&f->o);
		/* Without an archive it is no newest one that was damaged. */
		autofree char *archive = test_opened_file(&f->t, ".tar.zst");
		assert_int_equal(unlink(archive), 0);
		open_which(f, "latest");
		assert_string_equal(f->o.snapshot->label, good);
		assert_null(f->o.doubtful);
		open_done(&f->o);
	}
	minisign_key_free(other);
}

/* The wrong keys, perhaps: nothing is known of any of them. */
static void where_none_is_trusted_none_is_doubtful(void **state)
{
	struct fixture *f = *state;

	test_opened_sign(&f->t);
	test_opened_commit(&f->t, "");
	test_opened_damage(&f->t, ".manifest.json");
	open_which(f, "latest");
	assert_string_equal(f->o.snapshot->label, f->t.label);
	assert_null(f->o.doubtful);
	assert_false(f->o.has_manifest);
	assert_false(open_is_signed(&f->o));
}

/* With `signing: none` it is read, and is no snapshot all the same. */
static void a_manifest_that_is_none_is_an_integrity_error(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	test_opened_commit(&f->t, "");
	autofree char *path = test_opened_file(&f->t, ".manifest.json");
	assert_int_equal(unlink(path), 0);
	assert_ok(file_write_durably(path, "{}", 2, &err), err);
	open_which(f, f->t.label);
	assert_fails(
	    open_manifest(&f->t.command, &f->o, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, f->t.label);
}

/* ---- what is in it ------------------------------------------------------- */

static void assert_tree(struct fixture *f, const char *head, const char *map)
{
	autofree char *path = tree_path(f->o.tree, HEAD);
	cleanup(buf_done) struct buf file = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 1000, &file, &err), err);
	assert_string_equal(buf_str(&file), head);
	assert_ok(tree_read(f->o.tree, MAP, 1000, &text, &err), err);
	assert_string_equal(buf_str(&text), map);
}

static void a_tree_is_opened_once_and_taken_away(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add_both(f);
	test_opened_commit(&f->t, "");
	assert_ok(open_tree(&f->t.command, &f->o, &err), err);
	const struct tree *tree = f->o.tree;
	assert_ok(open_tree(&f->t.command, &f->o, &err), err);
	assert_ptr_equal(f->o.tree, tree);
	assert_int_equal(f->o.totals.entries, 2);
	assert_tree(f, "ref: refs/heads/main\n", "{\"x\":1}");
	autofree char *scratch = str_dup(f->o.scratch.path);
	open_done(&f->o);
	assert_false(file_exists(scratch));
	open_done(&f->o);
}

/* As `heal` goes on with an older one, and `history` from one to the next. */
static void another_tree_has_nothing_of_the_one_before(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add_both(f);
	test_tree_add(&f->t.tree, "git/old.git/HEAD", NULL, "old");
	test_opened_commit(&f->t, "");
	assert_ok(open_tree(&f->t.command, &f->o, &err), err);
	open_close(&f->o);
	assert_null(f->o.snapshot);
	assert_null(f->o.tree);

	test_tree_done(&f->t.tree);
	test_tree_init(&f->t.tree);
	test_tree_add(&f->t.tree, HEAD, NULL, "ref: refs/heads/next\n");
	test_tree_add(&f->t.tree, MAP, NULL, "{\"x\":2}");
	test_opened_add(&f->t, NULL);
	snapshots_done(&f->o.list);
	f->o.list = (struct snapshots)VEC_INIT;
	assert_ok(
	    snapshot_list(f->o.vault.vault, "prod", &f->o.list, &err), err);
	f->o.snapshot = &f->o.list.items[1];
	assert_ok(open_tree(&f->t.command, &f->o, &err), err);
	assert_tree(f, "ref: refs/heads/next\n", "{\"x\":2}");
	autofree char *old = tree_path(f->o.tree, "git/old.git/HEAD");
	assert_false(file_exists(old));
}

static void a_damaged_archive_is_no_tree(void **state)
{
	struct fixture *f = *state;
	struct err err;

	add_both(f);
	test_opened_commit(&f->t, "");
	test_opened_damage(&f->t, ".tar.zst");
	assert_fails(open_tree(&f->t.command, &f->o, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, f->t.label);
	assert_null(f->o.tree);
}

static void files_are_written_where_they_are_wanted(void **state)
{
	struct fixture *f = *state;
	autofree char *dir = test_dir_make();
	autofree char *head = file_join(dir, HEAD), *map = file_join(dir, MAP);
	struct err err = ERR_INIT;

	add_both(f);
	test_opened_commit(&f->t, "");
	assert_ok(open_extract(&f->t.command, &f->o, dir, &err), err);
	assert_true(file_exists(head));
	assert_true(file_exists(map));
	assert_int_equal(f->o.totals.entries, 2);
	open_done(&f->o);
	test_dir_remove(steal(dir));
}

static void of_a_damaged_archive_no_file_is_left(void **state)
{
	struct fixture *f = *state;
	autofree char *dir = test_dir_make();
	autofree char *git = file_join(dir, "git");
	autofree char *kubernetes = file_join(dir, "kubernetes");
	struct err err;

	add_both(f);
	test_opened_commit(&f->t, "");
	test_opened_damage(&f->t, ".tar.zst");
	assert_fails(
	    open_extract(&f->t.command, &f->o, dir, &err), err, ERR_INTEGRITY);
	assert_false(file_exists(git));
	assert_false(file_exists(kubernetes));
	test_dir_remove(steal(dir));
}

/* ---- its layers ---------------------------------------------------------- */

/* Those of the snapshot are for who has nothing but the vault and the keys. */
static void the_layers_of_the_configuration_come_first(void **state)
{
	static const char *const configs[] = {
	    "layers: [{name: mine, select: {kinds: [Secret]}}]\n", ""};
	static const char *const expected[] = {"mine", "theirs"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		struct layers layers = {.items = VEC_INIT};
		struct err err = ERR_INIT;

		test_opened_commit(&f->t, configs[i]);
		open_which(f, "latest");
		assert_ok(open_signed(&f->o, &err), err);
		json_free(f->o.manifest.layers);
		f->o.manifest.layers = test_json(
		    "{\"unassigned\":\"last\",\"items\":[{\"name\":\"theirs\","
		    "\"depends_on\":[],\"sync\":\"automated\",\"select\":{"
		    "\"kinds\":[\"Secret\"]}}]}");
		assert_ok(
		    open_layers(&f->t.command, &f->o, &layers, &err), err);
		assert_true(layers.items.len > 0);
		assert_string_equal(layers.items.items[0].name, expected[i]);
		layers_done(&layers);
		tear_down(&one);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_latest_is_the_newest),
	    TEST(an_empty_vault_has_none),
	    TEST(a_vault_that_nobody_configured_is_refused),
	    TEST(a_name_that_fits_several_is_refused),
	    TEST(the_snapshots_are_those_of_the_configured_name),
	    TEST(a_newer_one_that_nobody_trusted_signed_is_doubtful),
	    TEST(where_none_is_trusted_none_is_doubtful),
	    TEST(a_manifest_that_is_none_is_an_integrity_error),
	    TEST(a_tree_is_opened_once_and_taken_away),
	    TEST(another_tree_has_nothing_of_the_one_before),
	    TEST(a_damaged_archive_is_no_tree),
	    TEST(files_are_written_where_they_are_wanted),
	    TEST(of_a_damaged_archive_no_file_is_left),
	    cmocka_unit_test(the_layers_of_the_configuration_come_first),
	};

	return cmocka_run_group_tests_name("open", tests, NULL, NULL);
}
