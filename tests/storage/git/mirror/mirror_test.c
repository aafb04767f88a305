/* A whole run of a mirror, and what others read of it. */
#include "storage/git/mirror/mirror.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "storage/git/mirror/verify.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX = 1 << 20 };

#define POINTER                                                                \
	"version https://git-lfs.github.com/spec/v1\n"                         \
	"oid sha256:"                                                          \
	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n"   \
	"size 5\n"

struct fixture {
	char *dir, *source, *mirror;
	struct test_clock clock;
	struct git_access access;
	struct mirror_options o;
	struct mirror_state state;
	struct git_id commit;
};

/* A commit with these files; .gitmodules names a submodule. */
static struct git_id commit(
    struct fixture *f, const char *attributes, const char *file)
{
	static const char modules[] = "[submodule \"a\"]\n\tpath = a\n"
				      "\turl = https://git.test/a.git\n";
	cleanup(buf_done) struct buf tree = BUF_INIT;
	struct git_id sub = {{1}}, id;

	id = test_object(f->source, "blob", attributes, strlen(attributes));
	test_tree_entry(&tree, "100644", ".gitattributes", &id);
	id = test_object(f->source, "blob", modules, strlen(modules));
	test_tree_entry(&tree, "100644", ".gitmodules", &id);
	test_tree_entry(&tree, "160000", "a", &sub);
	id = test_object(f->source, "blob", file, strlen(file));
	test_tree_entry(&tree, "100644", "file.bin", &id);
	id = test_object(f->source, "tree", tree.data, tree.len);
	return test_commit_of(f->source, file, &id, NULL, 0);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->source = file_join(f->dir, "source.git");
	f->mirror = file_join(f->dir, "state/mirror.git");
	test_clock_init(&f->clock, 0);
	f->access.clock = &f->clock.clock;
	f->o = (struct mirror_options){.url = f->source,
	    .dir = f->mirror,
	    .origin = "one",
	    .access = &f->access};
	f->state = (struct mirror_state)MIRROR_STATE_INIT;
	test_mirror(f->source);
	f->commit = commit(f, "*.bin filter=lfs\n", POINTER);
	test_ref(f->source, "refs/heads/main", &f->commit);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	mirror_state_done(&f->state);
	test_dir_remove(f->dir);
	free(f->source);
	free(f->mirror);
	free(f);
	return 0;
}

static int try_update(struct fixture *f, struct err *err)
{
	*err = (struct err)ERR_INIT;
	mirror_state_done(&f->state);
	return mirror_update(&f->o, &f->state, err);
}

static void update(struct fixture *f)
{
	struct err err;

	assert_ok(try_update(f, &err), err);
}

/* One warning, which has these parts. */
static void assert_warned(
    const struct fixture *f, const char *first, const char *second)
{
	assert_int_equal(f->state.warnings.len, 1);
	assert_contains(f->state.warnings.items[0], f->mirror);
	assert_contains(f->state.warnings.items[0], first);
	assert_contains(f->state.warnings.items[0], second);
}

static void a_mirror_is_what_its_snapshot_may_hold(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec files = VEC_INIT;
	struct verify_counts counts;
	struct err err = ERR_INIT;

	update(f);
	assert_true(f->state.fresh);
	assert_int_equal(f->state.warnings.len, 0);
	assert_int_equal(f->state.refs.len, 1);
	assert_int_equal(f->state.lfs.len, 1);
	assert_int_equal(f->state.lfs.items[0].bytes, 5);
	assert_int_equal(f->state.submodules.len, 1);
	assert_string_equal(
	    f->state.submodules.items[0], "https://git.test/a.git");
	assert_ok(mirror_files(f->mirror, &files, &err), err);
	assert_int_equal(files.len, 7);
	assert_string_equal(files.items[0], "HEAD");
	assert_string_equal(files.items[1], "config");
	assert_string_equal(files.items[2], "objects/info/packs");
	assert_true(str_ends(files.items[3], ".idx"));
	assert_true(str_ends(files.items[4], ".pack"));
	assert_string_equal(files.items[5], "packed-refs");
	assert_string_equal(files.items[6], MIRROR_KEEP);
	VEC_EACH (&files, name) {
		autofree char *path = file_join(f->mirror, *name);
		if (!file_exists(path))
			fail_msg("no %s", path);
		assert_ok(verify_file_name(*name, &err), err);
	}
	assert_ok(verify_repository(f->mirror, NULL, &counts, &err), err);
	assert_int_equal(counts.objects, 5);
	assert_int_equal(counts.refs, 1);
	/* Nothing new: nothing is received, and all is known as before. */
	update(f);
	assert_false(f->state.fresh);
	assert_int_equal(f->state.received_bytes, 0);
	assert_int_equal(f->state.lfs.len, 1);
	assert_int_equal(f->state.submodules.len, 1);
}

static void pointers_count_only_where_attributes_say_so(void **state)
{
	struct fixture *f = *state;
	struct lfs_objectvec lfs = VEC_INIT;
	struct git_id plain = commit(f, "*.txt text\n", POINTER);
	struct err err;

	assert_fails(mirror_lfs(f->mirror, &lfs, &err), err, ERR_NOT_FOUND);
	test_ref(f->source, "refs/heads/main", &plain);
	update(f);
	assert_int_equal(f->state.lfs.len, 0);
	assert_ok(mirror_lfs(f->mirror, &lfs, &err), err);
	assert_int_equal(lfs.len, 0);
	/* The pointer came before the filter. */
	test_ref(f->source, "refs/heads/other", &f->commit);
	update(f);
	assert_int_equal(f->state.lfs.len, 1);
	assert_ok(mirror_lfs(f->mirror, &lfs, &err), err);
	assert_int_equal(lfs.len, 1);
	assert_int_equal(lfs.items[0].bytes, 5);
	vec_done(&lfs);
}

static void one_that_is_made_anew_says_why(void **state)
{
	struct fixture *f = *state;
	autofree char *origin = file_join(f->mirror, "backstay/origin");
	autofree char *packed = file_join(f->mirror, "packed-refs");
	struct err err = ERR_INIT;

	update(f);
	f->o.origin = "two";
	update(f);
	assert_true(f->state.fresh);
	assert_warned(
	    f, "was of another URL", "give each configuration a state_dir");
	assert_int_equal(unlink(origin), 0);
	update(f);
	assert_true(f->state.fresh);
	assert_warned(f, "does not say what it was read from", "made anew");
	assert_ok(file_write_durably(packed, "?\n", 2, &err), err);
	update(f);
	assert_true(f->state.fresh);
	assert_warned(f, "was damaged and is made anew: ", "packed-refs");
	assert_int_equal(f->state.refs.len, 1);
	/* Also where the source cannot be read then. */
	assert_ok(file_write_durably(packed, "?\n", 2, &err), err);
	autofree char *away = file_join(f->dir, "away");
	assert_int_equal(rename(f->source, away), 0);
	assert_fails(try_update(f, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, f->source);
	assert_warned(f, "was damaged and is made anew: ", "packed-refs");
}

/* Refs become visible last. */
static void a_run_that_fails_leaves_the_refs_of_the_one_before(void **state)
{
	struct fixture *f = *state;
	autofree char *packed = file_join(f->mirror, "packed-refs");
	cleanup(buf_done) struct buf before = BUF_INIT, after = BUF_INIT;
	struct git_id more = test_commit(f->source, "more", &f->commit, 1);
	struct cancel cancel = {0};
	struct err err;

	update(f);
	assert_ok(file_read(packed, MAX, &before, &err), err);
	test_ref(f->source, "refs/heads/main", &more);
	cancel_request(&cancel);
	f->access.cancel = &cancel;
	assert_fails(try_update(f, &err), err, ERR_CANCELLED);
	assert_int_equal(f->state.warnings.len, 0);
	assert_ok(file_read(packed, MAX, &after, &err), err);
	assert_string_equal(buf_str(&before), buf_str(&after));
	f->access.cancel = NULL;
	update(f);
	assert_false(f->state.fresh);
	assert_true(f->state.received_objects > 0);
}

static void one_run_at_a_time_has_it(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct mirror_lock *first = mirror_lock(f->mirror, &err), *second;

	/* Its folder was made, and the lock lies beside it. */
	assert_non_null(first);
	assert_false(file_exists(f->mirror));
	assert_null(mirror_lock(f->mirror, &err));
	assert_int_equal(err.code, ERR_LOCKED);
	assert_contains(err.message, f->mirror);
	update(f);
	assert_null(mirror_lock(f->mirror, &err));
	mirror_unlock(first);
	second = mirror_lock(f->mirror, &err);
	assert_non_null(second);
	mirror_unlock(second);
	mirror_unlock(NULL);
}

static void what_is_no_mirror_has_no_files(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec files = VEC_INIT;
	struct err err;

	assert_fails(mirror_files(f->mirror, &files, &err), err, ERR_NOT_FOUND);
	assert_int_equal(files.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_mirror_is_what_its_snapshot_may_hold),
	    TEST(pointers_count_only_where_attributes_say_so),
	    TEST(one_that_is_made_anew_says_why),
	    TEST(a_run_that_fails_leaves_the_refs_of_the_one_before),
	    TEST(one_run_at_a_time_has_it),
	    TEST(what_is_no_mirror_has_no_files),
	};

	return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
