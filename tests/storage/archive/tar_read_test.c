#include "storage/archive/tar.h"

#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "tests/support/sink.h"
#include "tests/support/tars.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static const enum archive_compression both[] = {ARCHIVE_ZSTD, ARCHIVE_GZIP};

static struct tar_reader *reader(
    struct source *from, enum archive_compression c)
{
	struct err err = ERR_INIT;
	struct tar_reader *t = tar_reader_new(c, from, &err);

	if (!t)
		fail_msg("%s", err.message);
	return t;
}

/* Reads all of an archive: 0, and how many entries and bytes there were. */
static int read_all(
    struct tar_reader *t, size_t *entries, uint64_t *bytes, struct err *err)
{
	*entries = 0;
	*bytes = 0;
	for (;;) {
		struct tar_entry e;
		char data[1000];
		int r = tar_reader_next(t, &e, err);
		if (r <= 0)
			return r;
		++*entries;
		tar_entry_done(&e);
		ssize_t n;
		while ((n = tar_reader_data(t, data, sizeof(data), err)) > 0)
			*bytes += (uint64_t)n;
		if (n < 0)
			return -1;
	}
}

static void an_entry_comes_back_as_it_is_in_the_archive(void **state)
{
	(void)state;
	for (size_t k = 0; k < 2; k++) {
		const enum archive_compression c = both[k];
		cleanup(buf_done) struct buf records = BUF_INIT;
		cleanup(buf_done) struct buf tar = BUF_INIT;
		cleanup(buf_done) struct buf packed = BUF_INIT;
		struct err err = ERR_INIT;
		struct tar_entry e;
		char data[10] = "";
		/* Whether a path is safe, whoever unpacks it decides. */
		test_tar_record(&records, "SCHILY.xattr.user.key", "a\0b", 3);
		test_tar_pax(&tar, &records);
		test_tar_file(&tar, "../up", "content", 7);
		test_tar_file(&tar, "caf\xc3\xa9/\xff", "", 0);
		test_tar_end(&tar);
		test_tar_compress(c, tar.data, tar.len, &packed);
		struct tar_reader *t =
		    reader(test_source(packed.data, packed.len, 100, false), c);
		assert_int_equal(tar_reader_next(t, &e, &err), 1);
		assert_string_equal(e.path, "../up");
		assert_int_equal(e.bytes, 7);
		assert_int_equal(e.mtime, 1700000000);
		assert_int_equal(e.attrs.len, 1);
		assert_string_equal(e.attrs.items[0].name, "user.key");
		assert_int_equal(e.attrs.items[0].value_len, 3);
		assert_memory_equal(e.attrs.items[0].value, "a\0b", 3);
		assert_int_equal(tar_reader_data(t, data, 4, &err), 4);
		assert_int_equal(tar_reader_data(t, data + 4, 6, &err), 3);
		assert_string_equal(data, "content");
		assert_int_equal(tar_reader_data(t, data, 6, &err), 0);
		tar_entry_done(&e);
		assert_int_equal(tar_reader_next(t, &e, &err), 1);
		assert_string_equal(e.path, "caf\xc3\xa9/\xff");
		assert_int_equal(e.attrs.len, 0);
		tar_entry_done(&e);
		assert_int_equal(tar_reader_next(t, &e, &err), 0);
		tar_reader_free(t);
	}
}

static void only_plain_files_belong_in_it(void **state)
{
	static const struct {
		char type;
		const char *link;
		const char *why;
	} kinds[] = {
	    {'1', "good", "a hard link"},
	    {'2', "/etc/passwd", "a symbolic link"},
	    {'3', NULL, "a device or another special file"},
	    {'4', NULL, "a device or another special file"},
	    {'5', NULL, "a directory"},
	    {'6', NULL, "a device or another special file"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		cleanup(buf_done) struct buf tar = BUF_INIT;
		cleanup(buf_done) struct buf packed = BUF_INIT;
		struct err err = ERR_INIT;
		size_t entries;
		uint64_t bytes;
		test_tar_file(&tar, "good", "x", 1);
		test_tar_header(&tar, "bad", kinds[i].type, 0, kinds[i].link);
		test_tar_end(&tar);
		test_tar_compress(ARCHIVE_GZIP, tar.data, tar.len, &packed);
		struct tar_reader *t = reader(
		    source_from_memory(packed.data, packed.len), ARCHIVE_GZIP);
		assert_fails(
		    read_all(t, &entries, &bytes, &err), err, ERR_FORMAT);
		assert_int_equal(entries, 1);
		assert_contains(err.message, "archive entry 'bad'");
		assert_contains(err.message, kinds[i].why);
		tar_reader_free(t);
	}
}

/* With a map of holes (GNU.sparse.*), content is not what the archive has. */
static void a_sparse_file_is_none(void **state)
{
	cleanup(buf_done) struct buf records = BUF_INIT;
	cleanup(buf_done) struct buf tar = BUF_INIT;
	cleanup(buf_done) struct buf packed = BUF_INIT;
	struct err err = ERR_INIT;
	size_t entries;
	uint64_t bytes;

	(void)state;
	test_tar_record(&records, "GNU.sparse.size", "1024", 4);
	test_tar_record(&records, "GNU.sparse.map", "512,512", 7);
	test_tar_pax(&tar, &records);
	test_tar_file(&tar, "holes", (char[512]){"x"}, 512);
	test_tar_end(&tar);
	test_tar_compress(ARCHIVE_GZIP, tar.data, tar.len, &packed);
	struct tar_reader *t =
	    reader(source_from_memory(packed.data, packed.len), ARCHIVE_GZIP);
	assert_fails(read_all(t, &entries, &bytes, &err), err, ERR_FORMAT);
	assert_contains(err.message, "a sparse file");
	tar_reader_free(t);
}

static int read_with_attribute(size_t value_len, struct err *err)
{
	cleanup(buf_done) struct buf records = BUF_INIT;
	cleanup(buf_done) struct buf tar = BUF_INIT;
	cleanup(buf_done) struct buf packed = BUF_INIT;
	autofree char *value = calloc(1, value_len);
	size_t entries;
	uint64_t bytes;

	memset(value, 'v', value_len);
	test_tar_record(&records, "SCHILY.xattr.user.k", value, value_len);
	test_tar_pax(&tar, &records);
	test_tar_file(&tar, "f", "x", 1);
	test_tar_end(&tar);
	test_tar_compress(ARCHIVE_ZSTD, tar.data, tar.len, &packed);
	struct tar_reader *t =
	    reader(source_from_memory(packed.data, packed.len), ARCHIVE_ZSTD);
	int failed = read_all(t, &entries, &bytes, err);
	tar_reader_free(t);
	return failed;
}

static void attributes_have_a_limit(void **state)
{
	enum { MOST = LIMITS_ATTRS_BYTES - LIMITS_ATTR_REST - 6 /* user.k */ };
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(read_with_attribute(MOST, &err), err);
	assert_fails(read_with_attribute(MOST + 1, &err), err, ERR_FORMAT);
	assert_contains(err.message, "archive entry 'f'");
	assert_contains(err.message, "over 960 KiB");
}

/* Cut anywhere in what it holds, it is not taken for whole. */
static void one_that_was_cut_is_an_error(void **state)
{
	cleanup(buf_done) struct buf tar = BUF_INIT;
	struct err err = ERR_INIT;
	char content[3000];

	(void)state;
	memset(content, 'c', sizeof(content));
	test_tar_file(&tar, "one", content, sizeof(content));
	test_tar_file(&tar, "two", content, sizeof(content));
	for (size_t len = 1; len < tar.len; len += 97) {
		cleanup(buf_done) struct buf packed = BUF_INIT;
		size_t entries;
		uint64_t bytes;
		test_tar_compress(ARCHIVE_ZSTD, tar.data, len, &packed);
		err = (struct err)ERR_INIT;
		struct tar_reader *t = tar_reader_new(ARCHIVE_ZSTD,
		    source_from_memory(packed.data, packed.len), &err);
		int r = t ? read_all(t, &entries, &bytes, &err) : -1;
		if (r == 0)
			assert_int_equal(bytes % sizeof(content), 0);
		else
			assert_int_equal(err.code, ERR_FORMAT);
		/* Within an entry's content. */
		if (len > 512 && len < 512 + sizeof(content))
			assert_int_equal(r, -1);
		tar_reader_free(t);
	}
}

static void what_is_no_archive_is_an_error(void **state)
{
	static const char *const bad[] = {"plain text, and not a little of it",
	    "\x1f\x8b\x08 cut off", "\x28\xb5\x2f\xfd cut off"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		for (size_t k = 0; k < 2; k++) {
			const enum archive_compression c = both[k];
			struct err err = ERR_INIT;
			size_t entries;
			uint64_t bytes;
			struct tar_reader *t = tar_reader_new(c,
			    source_from_memory(bad[i], strlen(bad[i])), &err);
			if (t)
				assert_int_equal(
				    read_all(t, &entries, &bytes, &err), -1);
			assert_int_equal(err.code, ERR_FORMAT);
			tar_reader_free(t);
		}
}

/* The error of what it reads from is not taken for one of the format. That may
 * come behind the end of the tar: there, age sees that a file was cut. */
static void an_error_of_its_source_comes_through(void **state)
{
	cleanup(buf_done) struct buf tar = BUF_INIT;
	cleanup(buf_done) struct buf packed = BUF_INIT;
	struct err err = ERR_INIT;
	struct test_random random;
	static char content[100000];
	size_t entries;
	uint64_t bytes;

	(void)state;
	test_random_init(&random, 3);
	random_fill(&random.random, content, sizeof(content));
	test_tar_file(&tar, "one", content, sizeof(content));
	test_tar_end(&tar);
	test_tar_compress(ARCHIVE_GZIP, tar.data, tar.len, &packed);
	for (size_t len = 0; len <= packed.len; len += packed.len / 3) {
		struct tar_reader *t = tar_reader_new(ARCHIVE_GZIP,
		    test_source(packed.data, len, 700, true), &err);
		err = t ? (struct err)ERR_INIT : err;
		if (t)
			assert_int_equal(
			    read_all(t, &entries, &bytes, &err), -1);
		assert_int_equal(err.code, ERR_NETWORK);
		assert_string_equal(err.message, "the connection broke");
		tar_reader_free(t);
	}
	struct tar_reader *t = reader(
	    test_source(packed.data, packed.len, 700, true), ARCHIVE_GZIP);
	assert_fails(read_all(t, &entries, &bytes, &err), err, ERR_NETWORK);
	assert_int_equal(entries, 1);
	assert_int_equal(bytes, sizeof(content));
	tar_reader_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_entry_comes_back_as_it_is_in_the_archive),
	    cmocka_unit_test(only_plain_files_belong_in_it),
	    cmocka_unit_test(a_sparse_file_is_none),
	    cmocka_unit_test(attributes_have_a_limit),
	    cmocka_unit_test(one_that_was_cut_is_an_error),
	    cmocka_unit_test(what_is_no_archive_is_an_error),
	    cmocka_unit_test(an_error_of_its_source_comes_through),
	};

	return cmocka_run_group_tests_name("tar_read", tests, NULL, NULL);
}
