/* A push into a bare repository on disk. */
#include "storage/git/push/file.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/repo/ref_files.h"
#include "tests/support/packs.h"
#include "tests/support/pushes.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/stat.h>

static int set_up(void **state)
{
	struct test_push *f = test_push_new();

	test_ref(f->from, "refs/tags/one", &f->one);
	test_ref(f->from, "refs/tags/two", &f->two);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	test_push_free(*state);
	return 0;
}

static int try_push(struct test_push *f, struct err *err)
{
	push_result_done(&f->result);
	*err = (struct err)ERR_INIT;
	return push_all(&f->o, &f->result, err);
}

/* What became of each ref, "tags/one:created", a space after each. */
static void assert_pushed(struct test_push *f, const char *expected)
{
	static const char *const names[] = {[PUSH_REF_CREATED] = "created",
	    [PUSH_REF_UPDATED] = "updated",
	    [PUSH_REF_UNCHANGED] = "unchanged",
	    [PUSH_REF_DELETED] = "deleted",
	    [PUSH_REF_REFUSED] = "refused"};
	cleanup(buf_done) struct buf line = BUF_INIT;
	struct err err;

	assert_ok(try_push(f, &err), err);
	VEC_EACH (&f->result.refs, r)
		buf_printf(
		    &line, "%s:%s ", r->name + strlen("refs/"), names[r->kind]);
	assert_string_equal(buf_str(&line), expected);
}

/* The refs that the target has, "tags/one=6b ", by the begin of their ids. */
static void assert_target(const struct test_push *f, const char *expected)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	struct git_refvec refs = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(ref_files_read(f->to, GIT_SHA1, &refs, &err), err);
	GIT_REFVEC_EACH (&refs, r)
		buf_printf(&line, "%s=%d ", r->name + strlen("refs/"),
		    memcmp(r->id, f->one.bytes, 20) == 0   ? 1
		    : memcmp(r->id, f->two.bytes, 20) == 0 ? 2
							   : 0);
	git_refvec_done(&refs);
	assert_string_equal(buf_str(&line), expected);
}

#define CREATED "tags/one:created tags/two:created "
#define BOTH "tags/one=1 tags/two=2 "

/* ---- a new one ----------------------------------------------------------- */

static void where_there_is_none_it_is_made(void **state)
{
	struct test_push *f = *state;
	autofree char *head = file_join(f->to, "HEAD");
	autofree char *config = file_join(f->to, "config");
	autofree char *packed = file_join(f->to, "packed-refs");
	struct stat of_config, of_head, of_refs;

	assert_pushed(f, CREATED);
	assert_true(f->result.created);
	assert_true(f->result.sent_bytes > 0);
	assert_true(f->result.head_set);
	assert_string_equal(f->result.target_head, "refs/heads/main");
	assert_target(f, BOTH);
	/* A server may read it as another user. */
	assert_int_equal(stat(config, &of_config), 0);
	assert_int_equal(stat(head, &of_head), 0);
	assert_int_equal(stat(packed, &of_refs), 0);
	assert_int_equal(of_head.st_mode & 0777, of_config.st_mode & 0666);
	assert_int_equal(of_refs.st_mode & 0777, of_config.st_mode & 0666);
}

static void an_empty_folder_is_none(void **state)
{
	struct test_push *f = *state;

	assert_int_equal(mkdir(f->to, 0755), 0);
	assert_pushed(f, CREATED);
	assert_true(f->result.created);
	assert_target(f, BOTH);
}

static void a_dry_run_makes_nothing(void **state)
{
	struct test_push *f = *state;

	f->o.dry_run = true;
	assert_pushed(f, CREATED);
	assert_true(f->result.created);
	assert_false(f->result.head_set);
	assert_int_equal(f->result.sent_bytes, 0);
	assert_false(file_exists(f->to));
}

static void what_is_no_repository_is_refused(void **state)
{
	struct test_push *f = *state;
	autofree char *file = file_join(f->to, "note.txt");
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(f->to, &err), err);
	assert_ok(file_write_durably(file, "x", 1, &err), err);
	assert_int_equal(try_push(f, &err), -1);
	assert_contains(err.message, "to.git");
	assert_true(file_exists(file));
}

/* ---- one that is there --------------------------------------------------- */

static void what_it_has_is_not_sent_again(void **state)
{
	struct test_push *f = *state;

	assert_pushed(f, CREATED);
	assert_pushed(f, "tags/one:unchanged tags/two:unchanged ");
	assert_false(f->result.created);
	assert_int_equal(f->result.sent_bytes, 0);
}

static void what_it_lacks_is_added(void **state)
{
	struct test_push *f = *state;

	test_mirror(f->to);
	assert_pushed(f, CREATED);
	assert_false(f->result.created);
	assert_true(f->result.sent_bytes > 0);
	assert_target(f, BOTH);
}

/* Nobody's work is written over unless that was asked for. */
static void other_refs_are_kept_unless_told_otherwise(void **state)
{
	struct test_push *f = *state;
	struct err err;

	assert_pushed(f, CREATED);
	test_ref(f->to, "refs/tags/three", &f->two);
	test_ref(f->to, "refs/tags/one", &f->two);
	assert_fails(try_push(f, &err), err, ERR_EXISTS);
	assert_target(f, "tags/one=2 tags/three=2 tags/two=2 ");
	f->o.overwrite = f->o.dry_run = true;
	assert_pushed(f, "tags/one:updated tags/two:unchanged ");
	assert_target(f, "tags/one=2 tags/three=2 tags/two=2 ");
	f->o.dry_run = false;
	assert_pushed(f, "tags/one:updated tags/two:unchanged ");
	assert_target(f, "tags/one=1 tags/three=2 tags/two=2 ");
	f->o.prune = true;
	assert_pushed(
	    f, "tags/one:unchanged tags/three:deleted tags/two:unchanged ");
	assert_target(f, BOTH);
}

/* Each may be refused: the others are done. */
static void a_ref_that_is_locked_does_not_keep_the_others(void **state)
{
	struct test_push *f = *state;
	autofree char *tags = file_join(f->to, "refs/tags");
	autofree char *lock = file_join(f->to, "refs/tags/one.lock");
	struct err err = ERR_INIT;

	test_mirror(f->to);
	assert_ok(file_mkdirs(tags, &err), err);
	assert_ok(file_write_durably(lock, "", 0, &err), err);
	assert_pushed(f, "tags/one:refused tags/two:created ");
	assert_contains(f->result.refs.items[0].reason,
	    "one.lock is there: another process changes it");
	assert_null(f->result.refs.items[1].reason);
	assert_target(f, "tags/two=2 ");
}

static void one_with_a_working_tree_is_refused(void **state)
{
	static const char text[] =
	    "[core]\n\trepositoryformatversion = 0\n\tbare = false\n";
	struct test_push *f = *state;
	autofree char *config = file_join(f->to, "config");
	struct err err = ERR_INIT;

	test_mirror(f->to);
	assert_ok(file_write_durably(config, text, strlen(text), &err), err);
	assert_fails(try_push(f, &err), err, ERR_USAGE);
	assert_contains(err.message,
	    " has a working tree, which a push would leave behind: give a "
	    "bare repository");
	assert_target(f, "");
}

static void one_of_another_hash_is_refused(void **state)
{
	static const char text[] =
	    "[core]\n\trepositoryformatversion = 1\n\tbare = true\n"
	    "[extensions]\n\tobjectformat = sha256\n";
	struct test_push *f = *state;
	autofree char *config = file_join(f->to, "config");
	struct err err = ERR_INIT;

	test_mirror(f->to);
	assert_ok(file_write_durably(config, text, strlen(text), &err), err);
	assert_int_equal(try_push(f, &err), -1);
	assert_target(f, "");
}

static void a_stopped_push_says_so(void **state)
{
	struct test_push *f = *state;
	struct cancel stop = {0};
	struct err err;

	test_mirror(f->to);
	f->access.cancel = &stop;
	cancel_request(&stop);
	assert_fails(try_push(f, &err), err, ERR_CANCELLED);
	assert_target(f, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(where_there_is_none_it_is_made),
	    TEST(an_empty_folder_is_none),
	    TEST(a_dry_run_makes_nothing),
	    TEST(what_is_no_repository_is_refused),
	    TEST(what_it_has_is_not_sent_again),
	    TEST(what_it_lacks_is_added),
	    TEST(other_refs_are_kept_unless_told_otherwise),
	    TEST(a_ref_that_is_locked_does_not_keep_the_others),
	    TEST(one_with_a_working_tree_is_refused),
	    TEST(one_of_another_hash_is_refused),
	    TEST(a_stopped_push_says_so),
	};

	return cmocka_run_group_tests_name("push/file", tests, NULL, NULL);
}
