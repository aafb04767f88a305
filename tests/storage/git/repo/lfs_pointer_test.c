/* What is a pointer: git-lfs's lfs/pointer.go and the list of its own tests. */
#include "storage/git/repo/lfs_pointer.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "tests/support/test.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_git_lfs_takes_is_a_pointer),
	    cmocka_unit_test(what_git_lfs_refuses_is_none),
	    cmocka_unit_test(a_blob_of_1024_bytes_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
