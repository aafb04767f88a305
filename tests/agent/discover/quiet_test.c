/* Which directories need not be read again: from one search to the next. */
#include "agent/discover/quiet.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <string.h>

struct fixture {
	char *dir, *path;
	uint8_t a[GIT_ID_LEN], b[GIT_ID_LEN], c[GIT_ID_LEN];
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->path = file_join(f->dir, "below/a.trees");
	memset(f->a, 0xa, sizeof(f->a));
	memset(f->b, 0xb, sizeof(f->b));
	memset(f->c, 0xc, sizeof(f->c));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_dir_remove(f->dir);
	free(f->path);
	free(f);
	return 0;
}

/* A search that finds these two quiet, in that order. */
static void search(
    const struct fixture *f, const uint8_t *first, const uint8_t *second)
{
	cleanup(quiet_done) struct quiet q = QUIET_INIT;

	quiet_load(&q, f->path);
	quiet_add(&q, first);
	quiet_add(&q, second);
	quiet_save(&q, f->path);
}

static void assert_known(const struct fixture *f, size_t count)
{
	cleanup(quiet_done) struct quiet q = QUIET_INIT;

	quiet_load(&q, f->path);
	assert_int_equal(q.known.len, count);
	assert_int_equal(quiet_has(&q, f->a), count > 0);
	assert_int_equal(quiet_has(&q, f->b), count > 1);
	assert_int_equal(quiet_has(&q, f->c), count > 2);
}

static void what_was_quiet_is_known_to_the_next(void **state)
{
	const struct fixture *f = *state;

	assert_known(f, 0);
	search(f, f->b, f->a);
	assert_known(f, 2);
	/* What was known stays, and each is there once. */
	search(f, f->c, f->b);
	assert_known(f, 3);
}

static void what_is_new_is_not_known_before_it_is_saved(void **state)
{
	const struct fixture *f = *state;
	cleanup(quiet_done) struct quiet q = QUIET_INIT;

	quiet_add(&q, f->a);
	assert_false(quiet_has(&q, f->a));
}

static void a_damaged_file_counts_for_nothing(void **state)
{
	const struct fixture *f = *state;
	struct err err = ERR_INIT;

	search(f, f->a, f->b);
	assert_ok(file_write_durably(f->path, f->a, GIT_ID_LEN - 1, &err), err);
	assert_known(f, 0);
	search(f, f->a, f->b);
	assert_known(f, 2);
	/* One of a search that looked for less begins otherwise. */
	assert_ok(file_write_durably(f->path, f->a, GIT_ID_LEN, &err), err);
	assert_known(f, 0);
}

static void a_search_that_finds_none_is_remembered_too(void **state)
{
	const struct fixture *f = *state;
	cleanup(quiet_done) struct quiet q = QUIET_INIT;

	quiet_save(&q, f->path);
	assert_known(f, 0);
	assert_true(file_exists(f->path));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_was_quiet_is_known_to_the_next),
	    TEST(what_is_new_is_not_known_before_it_is_saved),
	    TEST(a_damaged_file_counts_for_nothing),
	    TEST(a_search_that_finds_none_is_remembered_too),
	};

	return cmocka_run_group_tests_name("quiet", tests, NULL, NULL);
}
