#include "storage/git/repo/loose.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Reads the object whose unpacked bytes are those; -1 with the error. */
static int unpack(const void *bytes, size_t len, size_t cut,
    enum object_type *type, uint64_t *size, struct buf *out, struct err *err)
{
	uint8_t packed[4096];
	uLongf n = sizeof(packed);

	buf_clear(out);
	assert_int_equal(compress(packed, &n, bytes, (uLong)len), Z_OK);
	cleanup(source_freep) struct source *s = loose_unpack(
	    source_from_memory(packed, n - cut), "its name", type, size, err);
	if (!s)
		return -1;
	for (;;) {
		char piece[7];
		ssize_t got = source_read(s, piece, sizeof(piece), err);
		if (got <= 0)
			return (int)got;
		buf_add(out, piece, (size_t)got);
	}
}

static void an_object_says_type_and_length(void **state)
{
	static const struct {
		const char *header;
		enum object_type type;
		uint64_t size;
	} rows[] = {
	    {"commit 3", OBJECT_COMMIT, 3},
	    {"tree 0", OBJECT_TREE, 0},
	    {"blob 12", OBJECT_BLOB, 12},
	    {"tag 18446744073709551615", OBJECT_TAG, UINT64_MAX},
	};
	cleanup(buf_done) struct buf out = BUF_INIT, whole = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		enum object_type type = 0;
		uint64_t size = 7;
		buf_clear(&whole);
		buf_add(&whole, rows[i].header, strlen(rows[i].header) + 1);
		/* As much as there is: the header is not believed. */
		for (int n = 0; n < 30; n++)
			buf_add_str(&whole, "content ");
		assert_ok(
		    unpack(whole.data, whole.len, 0, &type, &size, &out, &err),
		    err);
		assert_int_equal(type, rows[i].type);
		assert_true(size == rows[i].size);
		assert_int_equal(out.len, 240);
		assert_true(str_ends(buf_str(&out), "content content "));
	}
}

static void what_is_no_object_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
	    {"", 0},
	    {"blob 3abc", 9}, /* no end of the header */
	    {"blob\0abc", 8},
	    {"blob \0abc", 9},
	    {"blob -1\0abc", 11},
	    {"blob 3 \0abc", 11},
	    {"blob 18446744073709551616\0abc", 29},
	    {"blobs 3\0abc", 11},
	    {"Blob 3\0abc", 10},
	    {"3\0abc", 5},
	    {"blob 0000000000000000000000000000000000000000000000000000000000"
	     "3\0abc",
		67},
	};
	cleanup(buf_done) struct buf out = BUF_INIT;
	enum object_type type;
	uint64_t size;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (unpack(rows[i].bytes, rows[i].len, 0, &type, &size, &out,
			&err) == 0)
			fail_msg("taken: %s", rows[i].bytes);
		assert_int_equal(err.code, ERR_FORMAT);
		assert_contains(err.message, "its name");
	}
}

static void a_file_that_is_cut_off_is_damaged(void **state)
{
	static const char whole[] = "blob 26\0abcdefghijklmnopqrstuvwxyz";
	cleanup(buf_done) struct buf out = BUF_INIT;
	enum object_type type;
	uint64_t size;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t cut = 1; cut < 40; cut++)
		assert_fails(unpack(whole, sizeof(whole) - 1, cut, &type, &size,
				 &out, &err),
		    err, ERR_FORMAT);
}

static void lend(const char *dir, const char *line)
{
	autofree char *info = file_join(dir, "objects/info");
	autofree char *list = file_join(info, "alternates");
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(info, &err), err);
	assert_ok(file_write_durably(list, line, strlen(line), &err), err);
}

/* A chain of lenders, one of which lends from the first again. */
static void lenders_are_followed_as_far_as_git_does(void **state)
{
	cleanup(strvec_done) struct strvec dirs = VEC_INIT;
	char *root = test_dir_make();
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 9; i++) {
		autofree char *dir = str_printf("%s/%d", root, i);
		autofree char *line =
		    str_printf("../../%d/objects\n%s/0/objects\n"
			       "/nowhere/objects\n",
			i + 1, root);
		test_repository(dir);
		lend(dir, line);
	}
	autofree char *first = file_join(root, "0");
	assert_ok(loose_find_dirs(first, &dirs, &err), err);
	assert_string_equal(dirs.items[0] + strlen(root), "/0/objects");
	assert_int_equal(dirs.len, 6);
	assert_true(str_ends(dirs.items[5], "/5/objects"));
	strvec_done(&dirs);
	/* One that has nothing yet lends nothing, and is no failure. */
	autofree char *nothing = file_join(root, "none");
	assert_ok(loose_find_dirs(nothing, &dirs, &err), err);
	assert_int_equal(dirs.len, 0);
	test_dir_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_object_says_type_and_length),
	    cmocka_unit_test(what_is_no_object_is_refused),
	    cmocka_unit_test(a_file_that_is_cut_off_is_damaged),
	    cmocka_unit_test(lenders_are_followed_as_far_as_git_does),
	};

	return cmocka_run_group_tests_name("loose", tests, NULL, NULL);
}
