/* What is a pointer: git-lfs's lfs/pointer.go and the list of its own tests.
 * And the notes of those that were found. */
#include "storage/git/repo/lfs_pointer.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#define ID "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
#define OTHER "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define VERSION "version https://git-lfs.github.com/spec/v1\n"
#define OID "oid sha256:" ID "\n"

static int parse(const char *text, struct lfs_object *o)
{
	return lfs_pointer_parse(text, strlen(text), o);
}

static void what_git_lfs_takes_is_a_pointer(void **state)
{
	static const char *const texts[] = {
	    VERSION OID "size 12345\n",
	    VERSION OID "size 12345",
	    "version https://git-lfs.github.com/spec/v1\r\noid sha256:" ID
	    "\r\nsize 12345\r\n",
	    VERSION OID "size 12345   \n",
	    "\n" VERSION OID "size 12345\n",
	    "\n \t\r\n" VERSION "\n" OID "\r\n\nsize 12345\n\n\n",
	    "version https://hawser.github.com/spec/v1\n" OID "size 12345",
	    "version http://git-media.io/v/2\n" OID "size 12345",
	    VERSION "ext-2-baz sha256:" OTHER "\next-0-foo sha256:" OTHER
		    "\n" OID "size 12345\n",
	    VERSION OID "ext-1-_x sha256:" OTHER "\nsize 12345\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct lfs_object o = {.bytes = 0};
		assert_int_equal(parse(texts[i], &o), 0);
		assert_string_equal(o.sha256, ID);
		assert_int_equal(o.bytes, 12345);
	}
}

static void what_git_lfs_refuses_is_none(void **state)
{
	static const char *const texts[] = {"", "invalid stuff", "# git-media",
	    VERSION "oid sha256:boom\nsize 12345",
	    VERSION "oid shazam:" ID "\nsize 12345", VERSION "size 12345",
	    "version http://git-media.io/v/whatever\n" OID "size 12345",
	    OID "size 12345", VERSION OID "size fif", VERSION OID,
	    VERSION OID "size -1",
	    "version=https://git-lfs.github.com/spec/v1\noid=sha256:" ID
	    "\nsize=fif",
	    VERSION OID "size 12345\nwat wat",
	    VERSION "size 12345\noid sha256:" ID,
	    VERSION "ext-0-$$$$ sha256:" OTHER "\n" OID "size 1",
	    VERSION "ext-#-foo sha256:" OTHER "\n" OID "size 1",
	    VERSION "ext-0-foo sha256:" OTHER "\next-0-bar sha256:" OTHER
		    "\n" OID "size 1",
	    VERSION "ext-10-foo sha256:" OTHER "\n" OID "size 1",
	    VERSION "ext-0-foo sha256:boom\n" OID "size 1",
	    VERSION "ext-0-foo boom:" OTHER "\n" OID "size 1",
	    VERSION "oid sha256:" ID "&\nsize 177735"};
	struct lfs_object o;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_int_equal(parse(texts[i], &o), -1);
}

static void a_blob_of_1024_bytes_is_none(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct lfs_object o;

	(void)state;
	buf_add_str(&text, VERSION OID "size 12345\n");
	while (text.len < LFS_POINTER_MAX - 1)
		buf_add_char(&text, '\n');
	assert_int_equal(lfs_pointer_parse(text.data, text.len, &o), 0);
	buf_add_char(&text, '\n');
	assert_int_equal(lfs_pointer_parse(text.data, text.len, &o), -1);
}

/* ---- notes of what was found --------------------------------------------- */

static void scan(struct lfs_scan *s, const char *text)
{
	lfs_scan_blob(s, text, strlen(text));
}

static void what_was_found_is_kept_each_once(void **state)
{
	autofree char *path = file_join(*state, "notes");
	struct lfs_scan s, t;
	struct err err = ERR_INIT;

	lfs_scan_init(&s);
	lfs_scan_init(&t);
	assert_fails(lfs_scan_load(&t, path, &err), err, ERR_NOT_FOUND);
	assert_ok(lfs_scan_save(&s, path, &err), err);
	assert_ok(lfs_scan_load(&t, path, &err), err);
	assert_int_equal(t.found.len, 0);
	assert_false(t.filter);
	scan(&s, VERSION "oid sha256:" OTHER "\nsize 7\n");
	scan(&s, VERSION OID "size 12345\n");
	scan(&s, VERSION OID "size 12345\n");
	scan(&s, "*.bin filter=lfs diff=lfs\n");
	scan(&s, "no pointer");
	assert_ok(lfs_scan_save(&s, path, &err), err);
	assert_ok(lfs_scan_load(&t, path, &err), err);
	assert_true(t.filter);
	assert_int_equal(t.found.len, 2);
	assert_string_equal(t.found.items[0].sha256, ID);
	assert_int_equal(t.found.items[0].bytes, 12345);
	assert_string_equal(t.found.items[1].sha256, OTHER);
	assert_int_equal(t.found.items[1].bytes, 7);
	lfs_scan_done(&s);
	lfs_scan_done(&t);
}

/* Else objects would be missing from a snapshot, and nobody told. */
static void damaged_notes_are_none(void **state)
{
#define NOTE(text)                                                             \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {NOTE(""), NOTE("\n"), NOTE("filter\n"),
	    NOTE("filter maybe\n"), NOTE("filter yes\n" ID " 5"),
	    NOTE("filter yes\n" ID "\n"), NOTE("filter yes\n" ID " x\n"),
	    NOTE("filter yes\n" ID " -1\n"), NOTE("filter yes\nx 5\n"),
	    NOTE("filter yes\n" ID " 5\n\0" OTHER " 7\n"),
	    NOTE("filter yes\n\0\0\0\0"), NOTE("filter yes\0\n" ID " 5\n")};
	autofree char *path = file_join(*state, "notes");

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lfs_scan s;
		struct err err = ERR_INIT;
		lfs_scan_init(&s);
		assert_ok(
		    file_write_durably(path, cases[i].text, cases[i].len, &err),
		    err);
		if (!lfs_scan_load(&s, path, &err))
			fail_msg("'%s' is taken", cases[i].text);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_contains(err.message, path);
		lfs_scan_done(&s);
	}
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    function, test_dir_setup, test_dir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_git_lfs_takes_is_a_pointer),
	    cmocka_unit_test(what_git_lfs_refuses_is_none),
	    cmocka_unit_test(a_blob_of_1024_bytes_is_none),
	    TEST(what_was_found_is_kept_each_once),
	    TEST(damaged_notes_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
