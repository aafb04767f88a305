/* How the refs of a repository moved between two snapshots. */
#include "restore/diff/refs.h"

#include "storage/base/cleanup.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>

/* What the snapshot before has, and what the one after has. */
struct fixture {
	char *from, *to;
	struct changes changes;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->from = test_dir_make();
	f->to = test_dir_make();
	test_repository(f->from);
	test_repository(f->to);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	changes_done(&f->changes);
	test_dir_remove(f->from);
	test_dir_remove(f->to);
	free(f);
	return 0;
}

/* The value of a ref as a change has it; the caller frees. */
static char *value(const struct git_id *id)
{
	char hex[GIT_ID_HEX];

	git_id_hex(GIT_SHA1, id->bytes, hex);
	return str_printf("\"%s\"", hex);
}

static void move(
    struct fixture *f, const struct git_id *from, const struct git_id *to)
{
	autofree char *was = from ? value(from) : NULL;
	autofree char *is = to ? value(to) : NULL;

	changes_add(&f->changes, "refs/heads/main", was, is);
}

/* The note that the ref's change gets; NULL: none. */
static void assert_note(struct fixture *f, const char *expected)
{
	const struct change *c = &f->changes.items[f->changes.len - 1];

	refs_note_moves(&f->changes, f->from, f->to);
	if (expected)
		assert_string_equal(c->note, expected);
	else
		assert_null(c->note);
}

/* The commit is in both. */
static struct git_id shared(struct fixture *f, const char *message,
    const struct git_id *parents, size_t count)
{
	test_commit(f->from, message, parents, count);
	return test_commit(f->to, message, parents, count);
}

static void new_commits_are_counted(void **state)
{
	struct fixture *f = *state;
	struct git_id root = shared(f, "root", NULL, 0);
	struct git_id a = test_commit(f->to, "a", &root, 1);
	struct git_id b = test_commit(f->to, "b", &a, 1);

	move(f, &root, &b);
	assert_note(f, "ahead by 2");
}

/* Only the snapshot before has what is gone. */
static void commits_that_are_gone_are_counted(void **state)
{
	struct fixture *f = *state;
	struct git_id root = shared(f, "root", NULL, 0);
	struct git_id a = test_commit(f->from, "a", &root, 1);

	move(f, &a, &root);
	assert_note(f, "behind by 1");
}

/* A mirror that keeps what a forced push left has both. */
static void a_forced_push_is_counted_where_one_has_both(void **state)
{
	struct fixture *f = *state;
	struct git_id root = shared(f, "root", NULL, 0);
	struct git_id old = shared(f, "old", &root, 1);
	struct git_id a = test_commit(f->to, "a", &root, 1);
	struct git_id b = test_commit(f->to, "b", &a, 1);

	move(f, &old, &b);
	assert_note(f, "rewritten: 2 commits are new, 1 is gone");
}

static void a_forced_push_of_which_neither_has_both_is_told(void **state)
{
	struct fixture *f = *state;
	struct git_id root = shared(f, "root", NULL, 0);
	struct git_id old = test_commit(f->from, "old", &root, 1);
	struct git_id new = test_commit(f->to, "new", &root, 1);

	move(f, &old, &new);
	assert_note(f, "rewritten");
}

static void a_ref_that_came_or_went_has_not_moved(void **state)
{
	struct fixture *f = *state;
	struct git_id root = shared(f, "root", NULL, 0);

	move(f, NULL, &root);
	assert_note(f, NULL);
	move(f, &root, NULL);
	assert_note(f, NULL);
}

/* Such as HEAD, which names a branch. */
static void what_is_no_id_has_no_note(void **state)
{
	static const char sha256[] =
	    "\"0123456789012345678901234567890123456789012345678901234567890123"
	    "\"";
	static const char sha1[] =
	    "\"0123456789012345678901234567890123456789\"";
	static const struct {
		const char *from, *to;
	} rows[] = {{"\"refs/heads/a\"", "\"refs/heads/b\""},
	    {"(secret)", "(secret)"}, {"", ""}, {"\"", "\""}, {"\"\"", "\"\""},
	    {"7", "8"},
	    /* One digit short, one that is none, and without its quote. */
	    {"\"012345678901234567890123456789012345678\"", sha1},
	    {"\"012345678901234567890123456789012345678g\"", sha1},
	    {"x0123456789012345678901234567890123456789x", sha1},
	    /* A repository that was made anew, of another kind. */
	    {sha1, sha256}, {sha256, sha1}};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		changes_add(&f->changes, "HEAD", rows[i].from, rows[i].to);
		refs_note_moves(&f->changes, f->from, f->to);
		if (f->changes.items[i].note)
			fail_msg(
			    "%s: %s", rows[i].from, f->changes.items[i].note);
	}
}

/* The last quote counts, too. */
static void an_id_without_its_end_is_none(void **state)
{
	struct fixture *f = *state;

	changes_add(&f->changes, "HEAD",
	    "\"0123456789012345678901234567890123456789x",
	    "\"0123456789012345678901234567890123456789\"");
	assert_note(f, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(new_commits_are_counted),
	    TEST(commits_that_are_gone_are_counted),
	    TEST(a_forced_push_is_counted_where_one_has_both),
	    TEST(a_forced_push_of_which_neither_has_both_is_told),
	    TEST(a_ref_that_came_or_went_has_not_moved),
	    TEST(what_is_no_id_has_no_note),
	    TEST(an_id_without_its_end_is_none),
	};

	return cmocka_run_group_tests_name("diff/refs", tests, NULL, NULL);
}
