#include "storage/git/repo/ancestry.h"

#include "storage/base/cleanup.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

static int setup(void **state)
{
	char *dir = test_dir_make();

	test_repository(dir);
	*state = dir;
	return 0;
}

static void stand(const char *dir, const struct git_id *from,
    const struct git_id *to, uint64_t ahead, uint64_t behind)
{
	struct ancestry a = {99, 99};
	struct err err = ERR_INIT;

	assert_ok(
	    ancestry_compare(dir, GIT_SHA1, from->bytes, to->bytes, &a, &err),
	    err);
	assert_int_equal(a.ahead, ahead);
	assert_int_equal(a.behind, behind);
}

/*   root - a - b - merge - end
 *        \ - c - /      (and an unrelated one) */
static void commits_are_counted_on_both_sides(void **state)
{
	struct git_id root = test_commit(*state, "root", NULL, 0);
	struct git_id a = test_commit(*state, "a", &root, 1);
	struct git_id b = test_commit(*state, "b", &a, 1);
	struct git_id c = test_commit(*state, "c", &root, 1);
	struct git_id both[] = {b, c};
	struct git_id merge = test_commit(*state, "merge", both, 2);
	struct git_id end = test_commit(*state, "end", &merge, 1);
	struct git_id other = test_commit(*state, "other", NULL, 0);

	stand(*state, &root, &root, 0, 0);
	stand(*state, &root, &a, 1, 0);
	stand(*state, &b, &root, 0, 2);
	stand(*state, &b, &c, 1, 2);
	stand(*state, &c, &merge, 3, 0);
	stand(*state, &root, &end, 5, 0);
	stand(*state, &end, &other, 1, 6);
}

static struct git_id tag(
    const char *dir, const struct git_id *of, const char *type)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, of->bytes, hex);
	buf_printf(&text, "object %s\ntype %s\ntag t\ntagger a <a> 0 +0000\n\n",
	    hex, type);
	return test_object(dir, "tag", text.data, text.len);
}

static void a_tag_stands_for_what_it_names(void **state)
{
	struct git_id root = test_commit(*state, "root", NULL, 0);
	struct git_id a = test_commit(*state, "a", &root, 1);
	struct git_id to_commit = tag(*state, &a, "commit");
	struct git_id to_tag = tag(*state, &to_commit, "tag");
	struct ancestry out;
	struct err err = ERR_INIT;

	stand(*state, &root, &to_commit, 1, 0);
	stand(*state, &to_tag, &a, 0, 0);
	/* Of what, it does not end. */
	struct git_id last = to_tag;
	for (int i = 3; i <= 15; i++)
		last = tag(*state, &last, "tag");
	stand(*state, &a, &last, 0, 0);
	last = tag(*state, &last, "tag");
	assert_fails(
	    ancestry_compare(*state, GIT_SHA1, a.bytes, last.bytes, &out, &err),
	    err, ERR_FORMAT);
}

static void what_is_missing_or_no_commit_is_an_error(void **state)
{
	struct git_id gone = test_object_id("commit", "not here");
	struct git_id blob = test_object(*state, "blob", "x", 1);
	struct git_id cut = test_commit(*state, "cut", &gone, 1);
	struct git_id whole = test_commit(*state, "whole", NULL, 0);
	struct ancestry out;
	struct err err = ERR_INIT;

	assert_fails(ancestry_compare(
			 *state, GIT_SHA1, whole.bytes, gone.bytes, &out, &err),
	    err, ERR_NOT_FOUND);
	assert_fails(ancestry_compare(
			 *state, GIT_SHA1, cut.bytes, whole.bytes, &out, &err),
	    err, ERR_NOT_FOUND);
	assert_fails(ancestry_compare(
			 *state, GIT_SHA1, whole.bytes, blob.bytes, &out, &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "something else than a commit");
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(commits_are_counted_on_both_sides),
	    TEST(a_tag_stands_for_what_it_names),
	    TEST(what_is_missing_or_no_commit_is_an_error),
	};

	return cmocka_run_group_tests_name("ancestry", tests, NULL, NULL);
}
