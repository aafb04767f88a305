/* The backends of Terraform in the files of a mirror's HEAD. */
#include "agent/discover/states.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/mirror/mirror.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

struct fixture {
	char *dir;
	struct buf tree; /* of the commit that is made */
	struct found found;
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
	autofree char *lock = str_printf("%s.lock", f->dir);
	struct err ignored = ERR_INIT;

	file_remove_tree(lock, &ignored);
	test_dir_remove(f->dir);
	buf_done(&f->tree);
	found_done(&f->found);
	free(f);
	return 0;
}

static void add(struct fixture *f, const char *name, const char *text)
{
	struct git_id blob = test_object(f->dir, "blob", text, strlen(text));

	test_tree_entry(&f->tree, "100644", name, &blob);
}

/* Makes what was added the tree of HEAD. */
static void commit(struct fixture *f)
{
	struct git_id tree =
	    test_object(f->dir, "tree", f->tree.data, f->tree.len);
	struct git_id id = test_commit_of(f->dir, "one", &tree, NULL, 0);

	test_ref(f->dir, "refs/heads/main", &id);
}

static void read_it(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(states_read(f->dir, "team/web", NULL, &f->found, &err), err);
	assert_int_equal(err.code, ERR_NONE);
}

static void assert_unclear(const struct fixture *f, const char *line)
{
	assert_int_equal(f->found.unclear.len, line != NULL);
	if (line)
		assert_string_equal(f->found.unclear.items[0], line);
}

#define BACKEND(BUCKET, KEY)                                                   \
	"terraform {\n  backend \"s3\" {\n    bucket = \"" BUCKET              \
	"\"\n    key = \"" KEY "\"\n  }\n}\n"

static void backends_are_found_with_where_they_stand(void **state)
{
	struct fixture *f = *state;

	add(f, "a.tf", BACKEND("states", "a"));
	add(f, "b.tofu", "# comment\n\n" BACKEND("states", "b"));
	add(f, "c.tfbackend", "bucket = \"other\"\nkey = \"c\"\n");
	add(f, "d.txt", BACKEND("nobody", "d"));
	add(f, "e.tf", "resource \"x\" \"y\" {}\n");
	commit(f);
	read_it(f);
	assert_unclear(f, NULL);
	assert_int_equal(f->found.buckets.len, 2);
	const struct found_bucket *states = &f->found.buckets.items[0];
	assert_string_equal(states->bucket, "states");
	assert_int_equal(states->keys.len, 2);
	assert_string_equal(states->keys.items[0], "a");
	assert_string_equal(states->keys.items[1], "b");
	assert_int_equal(states->by.len, 2);
	assert_string_equal(
	    states->by.items[0], "repository 'team/web': a.tf:2");
	assert_string_equal(
	    states->by.items[1], "repository 'team/web': b.tofu:4");
	assert_string_equal(f->found.buckets.items[1].bucket, "other");
	assert_string_equal(f->found.buckets.items[1].by.items[0],
	    "repository 'team/web': c.tfbackend:1");
}

/* Not guessed. */
static void a_backend_without_a_bucket_is_unclear(void **state)
{
	struct fixture *f = *state;

	add(f, "a.tf",
	    "terraform {\n  backend \"s3\" {\n    bucket = "
	    "var.bucket\n  }\n}\n");
	commit(f);
	read_it(f);
	assert_int_equal(f->found.buckets.len, 0);
	assert_int_equal(f->found.unclear.len, 1);
	assert_contains(
	    f->found.unclear.items[0], "repository 'team/web': a.tf:2");
}

static void a_file_over_the_limit_is_unclear(void **state)
{
	enum { LIMIT = 1 << 20 };
	struct fixture *f = *state;
	autofree char *large =
	    str_printf("%s%*s", BACKEND("states", "a"), LIMIT, "");

	add(f, "a.tf", large);
	add(f, "b.tf", BACKEND("states", "b"));
	add(f, "c.txt", large);
	commit(f);
	read_it(f);
	assert_unclear(f, "repository 'team/web': a.tf is longer than 1 MiB, "
			  "and was not searched for a backend");
	assert_int_equal(f->found.buckets.items[0].keys.len, 1);
	assert_string_equal(f->found.buckets.items[0].keys.items[0], "b");
}

static void a_repository_without_a_commit_has_none(void **state)
{
	struct fixture *f = *state;

	read_it(f);
	assert_unclear(f, NULL);
	assert_int_equal(f->found.buckets.len, 0);
}

#define AGAIN                                                                  \
	", so it was not searched for backends of Terraform; run discover "    \
	"again after a backup"

static void a_mirror_that_is_not_there_yet_is_unclear(void **state)
{
	struct fixture *f = *state;
	autofree char *none = file_join(f->dir, "none");
	struct err err = ERR_INIT;

	assert_ok(states_read(none, "team/web", NULL, &f->found, &err), err);
	assert_int_equal(err.code, ERR_NONE);
	assert_unclear(f, "repository 'team/web': it has no mirror yet" AGAIN);
}

static void a_mirror_in_use_is_unclear(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct mirror_lock *lock = mirror_lock(f->dir, &err);

	assert_non_null(lock);
	add(f, "a.tf", BACKEND("states", "a"));
	commit(f);
	read_it(f);
	assert_unclear(f,
	    "repository 'team/web': another run has its mirror in use" AGAIN);
	mirror_unlock(lock);
	strvec_done(&f->found.unclear);
	read_it(f);
	assert_unclear(f, NULL);
	assert_int_equal(f->found.buckets.len, 1);
}

/* It is not taken for one that names nothing. */
static void a_mirror_that_cannot_be_read_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct git_id gone = test_object_id("blob", "gone");
	struct err err;

	test_tree_entry(&f->tree, "100644", "a.tf", &gone);
	commit(f);
	err = (struct err)ERR_INIT;
	assert_int_equal(
	    states_read(f->dir, "team/web", NULL, &f->found, &err), -1);
	assert_int_not_equal(err.code, ERR_NONE);
	assert_int_not_equal(err.code, ERR_NOT_FOUND);
}

static void a_stopped_search_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct cancel stop = {0};
	struct err err;

	add(f, "a.tf", BACKEND("states", "a"));
	commit(f);
	cancel_request(&stop);
	assert_fails(states_read(f->dir, "team/web", &stop, &f->found, &err),
	    err, ERR_CANCELLED);
	assert_unclear(f, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(backends_are_found_with_where_they_stand),
	    TEST(a_backend_without_a_bucket_is_unclear),
	    TEST(a_file_over_the_limit_is_unclear),
	    TEST(a_repository_without_a_commit_has_none),
	    TEST(a_mirror_that_is_not_there_yet_is_unclear),
	    TEST(a_mirror_in_use_is_unclear),
	    TEST(a_mirror_that_cannot_be_read_is_an_error),
	    TEST(a_stopped_search_is_an_error),
	};

	return cmocka_run_group_tests_name(
	    "discover/states", tests, NULL, NULL);
}
