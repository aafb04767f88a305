#include "storage/git/repo/reach.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/repo/repo.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

/* A repository of one commit: a blob in a tree in a tree, beside a submodule
 * that is elsewhere, and the same blob again. */
struct fixture {
	char *dir;
	struct git_id blob, below, tree, commit;
	struct git_refvec refs;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	cleanup(buf_done) struct buf below = BUF_INIT, tree = BUF_INIT;
	const struct git_id elsewhere = test_object_id("commit", "elsewhere");

	f->dir = test_dir_make();
	test_mirror(f->dir);
	f->blob = test_object(f->dir, "blob", "content", 7);
	test_tree_entry(&below, "100644", "file", &f->blob);
	f->below = test_object(f->dir, "tree", below.data, below.len);
	test_tree_entry(&tree, "40000", "dir", &f->below);
	test_tree_entry(&tree, "100755", "same", &f->blob);
	test_tree_entry(&tree, "160000", "submodule", &elsewhere);
	f->tree = test_object(f->dir, "tree", tree.data, tree.len);
	f->commit = test_commit_of(f->dir, "one", &f->tree, NULL, 0);
	git_refvec_add(&f->refs, "refs/heads/main", f->commit.bytes);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	git_refvec_done(&f->refs);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void lose(struct fixture *f, const struct git_id *id)
{
	char hex[GIT_ID_HEX];
	struct err err = ERR_INIT;

	git_id_hex(GIT_SHA1, id->bytes, hex);
	autofree char *path =
	    str_printf("%s/objects/%.2s/%s", f->dir, hex, hex + 2);
	assert_true(file_exists(path));
	assert_ok(file_remove_tree(path, &err), err);
}

static int check(struct fixture *f, struct err *err)
{
	return reach_check(f->dir, GIT_SHA1, &f->refs, NULL, err);
}

static void what_is_whole_is_good(void **state)
{
	struct fixture *f = *state;
	const struct git_refvec none = VEC_INIT;
	struct cancel cancel = {0};
	struct err err = ERR_INIT;

	assert_ok(check(f, &err), err);
	assert_ok(reach_check(f->dir, GIT_SHA1, &none, NULL, &err), err);
	cancel_request(&cancel);
	assert_fails(reach_check(f->dir, GIT_SHA1, &f->refs, &cancel, &err),
	    err, ERR_CANCELLED);
}

/* The object and the ref that needs it are named. */
static void what_is_missing_is_named(void **state)
{
	struct fixture *f = *state;
	const struct git_id *parts[] = {
	    &f->blob, &f->below, &f->tree, &f->commit};

	for (size_t i = 0; i < 4; i++) {
		struct err err = ERR_INIT;
		char hex[GIT_ID_HEX];
		git_id_hex(GIT_SHA1, parts[i]->bytes, hex);
		lose(f, parts[i]);
		assert_fails(check(f, &err), err, ERR_INTEGRITY);
		autofree char *why =
		    str_printf("refs/heads/main: object %s is missing", hex);
		assert_string_equal(err.message, why);
	}
}

static void what_is_broken_is_named(void **state)
{
	struct fixture *f = *state;
	const struct git_id tree = test_object(f->dir, "tree", "100644 x", 8);
	struct err err = ERR_INIT;
	char hex[GIT_ID_HEX];

	git_refvec_add(&f->refs, "refs/tags/broken", tree.bytes);
	assert_fails(check(f, &err), err, ERR_INTEGRITY);
	git_id_hex(GIT_SHA1, tree.bytes, hex);
	assert_contains(err.message, "refs/tags/broken: object ");
	assert_contains(err.message, hex);
}

static bool is_same(const void *ctx, const uint8_t *id)
{
	return memcmp(ctx, id, GIT_ID_LEN) == 0;
}

static void collects(struct fixture *f, const struct git_id *known,
    const struct git_id *const *expected, size_t count)
{
	cleanup(object_links_done) struct object_links found =
	    OBJECT_LINKS_INIT;
	struct git_idvec from = VEC_INIT;
	struct err err = ERR_INIT;
	cleanup(repo_freep) struct repo *repo =
	    repo_open_unborn(f->dir, GIT_SHA1, &err);
	uint8_t id[GIT_ID_LEN];
	size_t n = 0;

	assert_non_null(repo);
	*vec_add(&from) = f->commit;
	assert_ok(reach_collect(repo, &from, known ? is_same : NULL,
		      known ? known->bytes : NULL, &found, NULL, &err),
	    err);
	for (size_t at = 0; object_links_next(&found, &at, id);)
		n++;
	assert_int_equal(n, count);
	for (size_t i = 0; i < count; i++)
		assert_true(object_links_has(&found, expected[i]->bytes));
	vec_done(&from);
}

/* Each object once, without submodules, and nothing behind what is known. */
static void what_is_to_be_sent_is_collected(void **state)
{
	struct fixture *f = *state;
	const struct git_id *const all[] = {
	    &f->commit, &f->tree, &f->below, &f->blob};

	collects(f, NULL, all, 4);
	collects(f, &f->tree, all, 1);
	collects(f, &f->commit, all, 0);
	/* The blob is in the upper tree, too. */
	const struct git_id *const most[] = {&f->commit, &f->tree, &f->blob};
	collects(f, &f->below, most, 3);
	collects(f, &f->blob, all, 3);
	/* Of blobs the name is enough; what names others has to be there. */
	lose(f, &f->blob);
	collects(f, NULL, all, 4);
	lose(f, &f->below);
	cleanup(object_links_done) struct object_links found =
	    OBJECT_LINKS_INIT;
	struct git_idvec from = VEC_INIT;
	struct err err = ERR_INIT;
	cleanup(repo_freep) struct repo *repo =
	    repo_open_unborn(f->dir, GIT_SHA1, &err);
	*vec_add(&from) = f->commit;
	assert_fails(reach_collect(repo, &from, NULL, NULL, &found, NULL, &err),
	    err, ERR_NOT_FOUND);
	vec_done(&from);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_whole_is_good),
	    TEST(what_is_missing_is_named),
	    TEST(what_is_broken_is_named),
	    TEST(what_is_to_be_sent_is_collected),
	};

	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
