#include "storage/git/repo/ref_files.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccc"

static void write_bytes(
    const char *dir, const char *name, const void *data, size_t len)
{
	autofree char *path = file_join(dir, name);
	autofree char *parent = file_parent(path);
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(parent, &err), err);
	assert_ok(file_write_durably(path, data, len, &err), err);
}

static void write_at(const char *dir, const char *name, const char *text)
{
	write_bytes(dir, name, text, strlen(text));
}

/* "name first-digit", a line each. */
static void refs_are(const char *dir, const char *expected)
{
	cleanup(git_refvec_done) struct git_refvec refs = VEC_INIT;
	cleanup(buf_done) struct buf got = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(ref_files_read(dir, GIT_SHA1, &refs, &err), err);
	GIT_REFVEC_EACH (&refs, r)
		buf_printf(&got, "%s %x\n", r->name, r->id[0] >> 4);
	assert_string_equal(buf_str(&got), expected);
}

static void refused(const char *dir, const char *why)
{
	cleanup(git_refvec_done) struct git_refvec refs = VEC_INIT;
	struct err err = ERR_INIT;

	assert_fails(
	    ref_files_read(dir, GIT_SHA1, &refs, &err), err, ERR_FORMAT);
	assert_contains(err.message, why);
}

static void loose_ones_count_more_than_packed_ones(void **state)
{
	refs_are(*state, ""); /* none at all */
	write_at(*state, "packed-refs",
	    "# pack-refs with: peeled fully-peeled sorted \n" B
	    " refs/heads/b\n" A " refs/heads/a\n" A " refs/tags/v1\n^" C "\n");
	write_at(*state, "refs/heads/b", C "\n");
	write_at(*state, "refs/heads/deep/er", B);
	write_at(*state, "refs/heads/b.lock", "");
	refs_are(*state,
	    "refs/heads/a a\nrefs/heads/b c\nrefs/heads/deep/er b\n"
	    "refs/tags/v1 a\n");
}

static void symbolic_ones_are_what_they_lead_to(void **state)
{
	write_at(*state, "refs/heads/main", A "\n");
	write_at(*state, "refs/remotes/o/HEAD", "ref: refs/remotes/o/x\n");
	write_at(*state, "refs/remotes/o/x", "ref:  refs/heads/main\n");
	/* A circle, and one that leads nowhere. */
	write_at(*state, "refs/heads/c", "ref: refs/heads/d\n");
	write_at(*state, "refs/heads/d", "ref: refs/heads/c\n");
	write_at(*state, "refs/heads/lost", "ref: refs/heads/gone\n");
	write_at(*state, "packed-refs", B " refs/heads/lost\n");
	refs_are(*state,
	    "refs/heads/main a\nrefs/remotes/o/HEAD a\nrefs/remotes/o/x a\n");
}

/* What can be read of such a file is not all that was there. */
static void packed_refs_that_are_damaged_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *why;
	} cases[] = {
	    {A " refs/heads/a\n" B " refs/hea", 0, "is cut off"},
	    {A " refs/heads/a", 0, "is cut off"},
	    {A "\n", 0, "not a reference"},
	    {A "  refs/heads/a\n", 0, "not a reference"},
	    {A " ../../etc/passwd\n", 0, "not a reference"},
	    {A "a refs/heads/a\n", 0, "not a reference"},
	    {"\0\0\0\n", 4, "not a reference"},
	    {A " refs/heads/a\0b\n", 56, "not a reference"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_bytes(*state, "packed-refs", cases[i].text,
		    cases[i].len ? cases[i].len : strlen(cases[i].text));
		refused(*state, cases[i].why);
	}
}

static void a_loose_one_that_is_damaged_is_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {{"", 0}, {A "a", 41}, {"abc", 3}, {"ref: x y", 8},
	    {"ref: ../x", 9}, {"\0\0\0", 3}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_bytes(
		    *state, "refs/heads/a", cases[i].text, cases[i].len);
		refused(*state, "refs/heads/a names neither a reference");
	}
}

static void links_are_followed_to_files_alone(void **state)
{
	autofree char *to_file = str_printf("%s/refs/heads/l", (char *)*state);
	autofree char *nowhere = str_printf("%s/refs/heads/n", (char *)*state);
	autofree char *to_dir = str_printf("%s/refs/heads/d", (char *)*state);
	autofree char *pipe = str_printf("%s/refs/heads/p", (char *)*state);

	write_at(*state, "refs/heads/a", A "\n");
	assert_int_equal(symlink("a", to_file), 0);
	assert_int_equal(symlink("gone", nowhere), 0);
	assert_int_equal(symlink("/", to_dir), 0);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	refs_are(*state, "refs/heads/a a\nrefs/heads/l a\n");
}

static void head_is(const char *dir, const char *plain, const char *resolved)
{
	struct err err = ERR_INIT;
	autofree char *head = NULL;
	autofree char *end = NULL;

	assert_ok(ref_files_read_head(dir, GIT_SHA1, &head, &err), err);
	assert_string_equal(head, plain);
	assert_ok(ref_files_resolve_head(dir, dir, GIT_SHA1, &end, &err), err);
	assert_string_equal(end, resolved);
}

static void head_is_a_name_or_an_id(void **state)
{
	static const char *const bad[] = {"", "main", "ref: main",
	    "ref: refs/../x", A "0", "refs/heads/main"};
	autofree char *path = file_join(*state, "HEAD");
	struct err err = ERR_INIT;
	char *head = NULL;

	assert_fails(ref_files_read_head(*state, GIT_SHA1, &head, &err), err,
	    ERR_NOT_FOUND);
	write_at(*state, "HEAD", "ref: refs/heads/main \r\n");
	head_is(*state, "refs/heads/main", "refs/heads/main");
	write_at(*state, "refs/heads/main", "ref: refs/heads/next\n");
	head_is(*state, "refs/heads/main", "refs/heads/next");
	write_at(*state, "refs/heads/next", A "\n");
	head_is(*state, "refs/heads/main", "refs/heads/next");
	write_at(*state, "HEAD", A "\n");
	head_is(*state, A, A);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		write_at(*state, "HEAD", bad[i]);
		assert_fails(ref_files_read_head(*state, GIT_SHA1, &head, &err),
		    err, ERR_FORMAT);
		assert_contains(err.message, path);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("refs/heads/old", path), 0);
	head_is(*state, "refs/heads/old", "refs/heads/old");
}

static void what_is_written_is_read(void **state)
{
	cleanup(git_refvec_done) struct git_refvec refs = VEC_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *path = file_join(*state, "packed-refs");
	struct stat before, after;
	struct err err = ERR_INIT;
	uint8_t id[GIT_ID_LEN] = {0};

	id[0] = 0xa0;
	git_refvec_add(&refs, "refs/heads/a", id);
	id[0] = 0xb0;
	git_refvec_add(&refs, "refs/tags/v", id);
	assert_ok(ref_files_write(*state, GIT_SHA1, &refs, &err), err);
	refs_are(*state, "refs/heads/a a\nrefs/tags/v b\n");
	/* What is so already is not written again. */
	assert_int_equal(stat(path, &before), 0);
	assert_ok(ref_files_write(*state, GIT_SHA1, &refs, &err), err);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_ok(file_read(path, 1000, &text, &err), err);
	assert_true(str_starts(
	    buf_str(&text), "# pack-refs with: sorted \na000000000"));
	assert_ok(ref_files_write_head(*state, "refs/heads/a", &err), err);
	head_is(*state, "refs/heads/a", "refs/heads/a");
	assert_ok(ref_files_write_head(*state, B, &err), err);
	head_is(*state, B, B);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    function, test_dir_setup, test_dir_teardown)

/* The first digit of the ref's id, or -1 if there is none of that name. */
static int found(const char *dir, const char *name)
{
	uint8_t id[GIT_ID_LEN];
	struct err err = ERR_INIT;
	int there = ref_files_find(dir, GIT_SHA1, name, id, &err);

	assert_true(there >= 0);
	return there ? id[0] >> 4 : -1;
}

static void one_is_found_without_the_others(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	assert_int_equal(found(*state, "refs/heads/a"), -1);
	buf_add_str(&text, "# pack-refs with: sorted \n" B " refs/");
	/* A line that is longer than any is read with, and whose rest looks
	 * like another one. */
	for (int i = 0; i < 9000; i++)
		buf_add_char(&text, 'x');
	buf_add_str(&text, A " refs/heads/hidden\n" A " refs/heads/a\n^" C
			     "\n" B " refs/heads/ab\n" C " refs/heads/cut");
	write_bytes(*state, "packed-refs", buf_str(&text), text.len);
	assert_int_equal(found(*state, "refs/heads/a"), 0xa);
	assert_int_equal(found(*state, "refs/heads/ab"), 0xb);
	assert_int_equal(found(*state, "refs/heads/hidden"), -1);
	assert_int_equal(found(*state, "refs/heads/cut"), -1);
	assert_int_equal(found(*state, "refs/heads"), -1);
	assert_int_equal(found(*state, "../packed-refs"), -1);
	write_at(*state, "refs/heads/a", C "\n");
	assert_int_equal(found(*state, "refs/heads/a"), 0xc);
}

static void what_is_in_the_way_of_a_loose_one_does_not_hide_it(void **state)
{
	write_at(*state, "packed-refs",
	    A " refs/heads/a\n" B " refs/heads/b/c\n" C "\trefs/heads/t\n");
	write_at(*state, "refs/heads/a/lower", C "\n");
	write_at(*state, "refs/heads/b", C "\n");
	assert_int_equal(found(*state, "refs/heads/a"), 0xa);
	assert_int_equal(found(*state, "refs/heads/b/c"), 0xb);
	assert_int_equal(found(*state, "refs/heads/t"), -1);
}

/* The packed one may be older. */
static void a_loose_one_that_cannot_be_read_is_not_passed_over(void **state)
{
	autofree char *to_itself =
	    str_printf("%s/refs/heads/l", (char *)*state);
	char large[5000];
	uint8_t id[GIT_ID_LEN];
	struct err err = ERR_INIT;

	write_at(
	    *state, "packed-refs", A " refs/heads/l\n" A " refs/heads/o\n");
	memset(large, 'a', sizeof(large));
	write_bytes(*state, "refs/heads/o", large, sizeof(large));
	assert_fails(ref_files_find(*state, GIT_SHA1, "refs/heads/o", id, &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "refs/heads/o");
	assert_int_equal(symlink("l", to_itself), 0);
	assert_fails(ref_files_find(*state, GIT_SHA1, "refs/heads/l", id, &err),
	    err, ERR_SYSTEM);
	assert_contains(err.message, "refs/heads/l");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_is_found_without_the_others),
	    TEST(what_is_in_the_way_of_a_loose_one_does_not_hide_it),
	    TEST(a_loose_one_that_cannot_be_read_is_not_passed_over),
	    TEST(loose_ones_count_more_than_packed_ones),
	    TEST(symbolic_ones_are_what_they_lead_to),
	    TEST(packed_refs_that_are_damaged_are_refused),
	    TEST(a_loose_one_that_is_damaged_is_refused),
	    TEST(links_are_followed_to_files_alone),
	    TEST(head_is_a_name_or_an_id),
	    TEST(what_is_written_is_read),
	};

	return cmocka_run_group_tests_name("ref_files", tests, NULL, NULL);
}
