/* Which LFS objects the refs of a mirror still need. */
#include "storage/git/repo/lfs_reach.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

#define ONES "1111111111111111111111111111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222222222222222222222222222"
#define THREES                                                                 \
	"3333333333333333333333333333333333333333333333333333333333333333"
#define POINTER(ID, SIZE)                                                      \
	"version https://git-lfs.github.com/spec/v1\noid sha256:" ID           \
	"\nsize " #SIZE "\n"

struct fixture {
	char *dir;
	struct git_refvec refs;
	struct lfs_objectvec found;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	test_mirror(f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	git_refvec_done(&f->refs);
	vec_done(&f->found);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

/* A commit whose tree has one file of that content; its id. */
static struct git_id commit(struct fixture *f, const char *content,
    const struct git_id *parents, size_t count)
{
	cleanup(buf_done) struct buf tree = BUF_INIT;
	struct git_id blob =
	    test_object(f->dir, "blob", content, strlen(content));

	test_tree_entry(&tree, "100644", "file", &blob);
	struct git_id id = test_object(f->dir, "tree", tree.data, tree.len);
	return test_commit_of(f->dir, "one", &id, parents, count);
}

static void assert_needed(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	struct err err = ERR_INIT;

	vec_done(&f->found);
	assert_ok(lfs_reach_find(f->dir, &f->refs, NULL, &f->found, &err), err);
	VEC_EACH (&f->found, o)
		buf_printf(&line, "%s%c=%llu", line.len ? " " : "",
		    o->sha256[0], (unsigned long long)o->bytes);
	assert_string_equal(buf_str(&line), expected);
}

/* Also what only an earlier commit has, and what stands in two of them. */
static void pointers_of_all_that_refs_reach_are_found_once(void **state)
{
	struct fixture *f = *state;
	struct git_id first = commit(f, POINTER(TWOS, 20), NULL, 0);
	struct git_id second = commit(f, POINTER(ONES, 10), &first, 1);
	struct git_id side = commit(f, POINTER(TWOS, 20), &second, 1);

	git_refvec_add(&f->refs, "refs/heads/main", second.bytes);
	git_refvec_add(&f->refs, "refs/heads/side", side.bytes);
	assert_needed(f, "1=10 2=20");
	assert_true(lfs_reach_has(&f->found, ONES));
	assert_true(lfs_reach_has(&f->found, TWOS));
	assert_false(lfs_reach_has(&f->found, THREES));
}

static void what_no_ref_reaches_is_not_needed(void **state)
{
	struct fixture *f = *state;
	struct git_id kept = commit(f, POINTER(ONES, 10), NULL, 0);

	commit(f, POINTER(TWOS, 20), NULL, 0);
	assert_needed(f, "");
	git_refvec_add(&f->refs, "refs/heads/main", kept.bytes);
	assert_needed(f, "1=10");
}

static void a_blob_that_is_no_pointer_is_passed_over(void **state)
{
	struct fixture *f = *state;
	autofree char *large = str_printf(
	    "%s%*s", POINTER(TWOS, 20), LFS_POINTER_MAX, "and so on");
	struct git_id a = commit(f, "content", NULL, 0);
	struct git_id b = commit(f, "", &a, 1);
	struct git_id c = commit(f, large, &b, 1);
	struct git_id d = commit(f, POINTER(ONES, 10), &c, 1);

	git_refvec_add(&f->refs, "refs/heads/main", d.bytes);
	assert_needed(f, "1=10");
}

static void nothing_is_in_an_empty_list(void **state)
{
	static const struct lfs_objectvec none = VEC_INIT;

	(void)state;
	assert_false(lfs_reach_has(&none, ONES));
}

/* It must not read as an object that is not needed. */
static void a_repository_that_lacks_an_object_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct git_id gone = test_object_id("commit", "gone");
	struct err err;

	git_refvec_add(&f->refs, "refs/heads/main", gone.bytes);
	assert_fails(lfs_reach_find(f->dir, &f->refs, NULL, &f->found, &err),
	    err, ERR_NOT_FOUND);
	assert_int_equal(f->found.len, 0);
}

static void a_stopped_search_finds_nothing(void **state)
{
	struct fixture *f = *state;
	struct git_id a = commit(f, POINTER(ONES, 10), NULL, 0);
	struct cancel stop = {0};
	struct err err;

	git_refvec_add(&f->refs, "refs/heads/main", a.bytes);
	cancel_request(&stop);
	assert_fails(lfs_reach_find(f->dir, &f->refs, &stop, &f->found, &err),
	    err, ERR_CANCELLED);
	assert_int_equal(f->found.len, 0);
}

static void what_is_no_repository_is_an_error(void **state)
{
	struct fixture *f = *state;
	autofree char *none = file_join(f->dir, "none");
	struct err err;

	assert_fails(lfs_reach_find(none, &f->refs, NULL, &f->found, &err), err,
	    ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(pointers_of_all_that_refs_reach_are_found_once),
	    TEST(what_no_ref_reaches_is_not_needed),
	    TEST(a_blob_that_is_no_pointer_is_passed_over),
	    cmocka_unit_test(nothing_is_in_an_empty_list),
	    TEST(a_repository_that_lacks_an_object_is_an_error),
	    TEST(a_stopped_search_finds_nothing),
	    TEST(what_is_no_repository_is_an_error),
	};

	return cmocka_run_group_tests_name("lfs_reach", tests, NULL, NULL);
}
