/* A repository of a snapshot, unpacked for its history. */
#include "restore/repository.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/opened.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_opened o;
	struct browse browse;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_opened_init(&f->o);
	test_tree_add(&f->o.tree, "git/web.git/HEAD", NULL, "of web");
	test_tree_add(&f->o.tree, "git/web.git/objects/a", NULL, "an object");
	test_tree_add(&f->o.tree, "git/web.git2.git/HEAD", NULL, "of web2");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	browse_done(&f->browse);
	test_opened_done(&f->o);
	free(f);
	return 0;
}

/* Once all is added. */
static void start(struct fixture *f)
{
	struct err err = ERR_INIT;

	test_opened_commit(&f->o, "");
	assert_ok(browse_open(&f->o.command, &f->browse, &err), err);
}

static void assert_file(const char *dir, const char *name, const char *text)
{
	autofree char *file = file_join(dir, name);
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(file, 1000, &got, &err), err);
	assert_string_equal(buf_str(&got), text);
}

static void its_own_files_alone_are_unpacked(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	start(f);
	autofree char *dir = repository_unpack(&f->browse, "web", &err);
	assert_non_null(dir);
	assert_true(str_starts(dir, f->browse.opened.scratch.path));
	assert_file(dir, "HEAD", "of web");
	assert_file(dir, "objects/a", "an object");
	autofree char *parent = file_parent(dir);
	autofree char *other = file_join(parent, "web.git2.git");
	assert_false(file_exists(other));
}

static void it_is_unpacked_once(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	start(f);
	autofree char *dir = repository_unpack(&f->browse, "web", &err);
	assert_non_null(dir);
	autofree char *head = file_join(dir, "HEAD");
	assert_ok(file_write_durably(head, "mine", 4, &err), err);
	autofree char *again = repository_unpack(&f->browse, "web", &err);
	assert_string_equal(again, dir);
	assert_file(again, "HEAD", "mine");
}

/* As where each of several snapshots is looked into. */
static void that_of_another_snapshot_is_another(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	start(f);
	browse_done(&f->browse);
	test_tree_done(&f->o.tree);
	test_tree_init(&f->o.tree);
	test_tree_add(&f->o.tree, "git/web.git/HEAD", NULL, "of web now");
	test_opened_add(&f->o, NULL);
	assert_ok(browse_vault(&f->o.command, &f->browse, &err), err);
	const struct snapshots *list = &f->browse.opened.list;
	assert_int_equal(list->len, 2);
	assert_ok(browse_snapshot(&f->browse, &list->items[0], &err), err);
	autofree char *first = repository_unpack(&f->browse, "web", &err);
	assert_ok(browse_snapshot(&f->browse, &list->items[1], &err), err);
	autofree char *second = repository_unpack(&f->browse, "web", &err);
	assert_file(first, "HEAD", "of web");
	assert_file(second, "HEAD", "of web now");
}

/* Half of one would be taken for all of it by who asks next. */
static void what_failed_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	/* Below what is a file. */
	test_tree_add(&f->o.tree, "git/web.git/HEAD/x", NULL, "odd");
	start(f);
	autofree char *dir = str_printf("%s/repositories/%s/git/web.git",
	    f->browse.opened.scratch.path, f->o.label);
	for (int i = 0; i < 2; i++) {
		err = (struct err)ERR_INIT;
		assert_null(repository_unpack(&f->browse, "web", &err));
		assert_contains(err.message, "web.git/HEAD");
		assert_false(file_exists(dir));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(its_own_files_alone_are_unpacked),
	    TEST(it_is_unpacked_once),
	    TEST(that_of_another_snapshot_is_another),
	    TEST(what_failed_leaves_nothing),
	};

	return cmocka_run_group_tests_name("repository", tests, NULL, NULL);
}
