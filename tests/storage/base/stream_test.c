#include "storage/base/stream.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* A sink that counts what is done to it, and fails on request. */
struct witness {
	struct sink sink;
	int writes, finishes, aborts, releases, fail_finish;
};

static int witness_write(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	(void)data;
	(void)len;
	(void)err;
	((struct witness *)s)->writes++;
	return 0;
}

static int witness_finish(struct sink *s, struct err *err)
{
	struct witness *w = (struct witness *)s;

	w->finishes++;
	return w->fail_finish ? err_set(err, ERR_SYSTEM, "full") : 0;
}

static void witness_abort(struct sink *s)
{
	((struct witness *)s)->aborts++;
}

static void witness_release(struct sink *s)
{
	((struct witness *)s)->releases++;
}

static const struct sink_ops witness_ops = {.write = witness_write,
    .finish = witness_finish,
    .abort = witness_abort,
    .release = witness_release};

static void releasing_never_commits(void **state)
{
	struct witness w = {.sink.ops = &witness_ops};

	(void)state;
	sink_free(&w.sink);
	assert_int_equal(w.finishes, 0);
	assert_int_equal(w.aborts, 1);
	assert_int_equal(w.releases, 1);
}

static void a_finish_that_failed_is_aborted_once(void **state)
{
	struct witness w = {.sink.ops = &witness_ops, .fail_finish = 1};
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(sink_finish(&w.sink, &err), err, ERR_SYSTEM);
	sink_abort(&w.sink);
	sink_free(&w.sink);
	assert_int_equal(w.aborts, 1);
}

static void a_finished_one_is_not_aborted(void **state)
{
	struct witness w = {.sink.ops = &witness_ops};
	struct err err = ERR_INIT;
	uint8_t sha256[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];
	uint64_t bytes;
	struct sink *s = sink_digest(&w.sink, sha256, &bytes);

	(void)state;
	assert_ok(sink_write(s, "abc", 3, &err), err);
	assert_ok(sink_finish(s, &err), err);
	sink_free(s);
	assert_int_equal(w.finishes, 1);
	assert_int_equal(w.aborts, 0);
	assert_int_equal(w.releases, 1);
	assert_true(bytes == 3);
	digest_hex(sha256, sizeof(sha256), hex);
	assert_string_equal(hex,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* What it wrote is there once it is finished; given up, it is closed. */
static void a_descriptor_is_written_and_closed(void **state)
{
	autofree char *path = file_join(*state, "f");
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	for (int finished = 0; finished < 2; finished++) {
		int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		cleanup(sink_freep) struct sink *s = sink_to_fd(fd, "f");
		assert_ok(sink_write(s, "con", 3, &err), err);
		assert_ok(sink_write(s, "tent", 4, &err), err);
		if (finished)
			assert_ok(sink_finish(s, &err), err);
		sink_free(s);
		s = NULL;
		assert_int_equal(fcntl(fd, F_GETFD), -1);
	}
	assert_ok(file_read(path, 100, &text, &err), err);
	assert_string_equal(buf_str(&text), "content");
	/* A full device names what was written. */
	struct sink *full =
	    sink_to_fd(open("/dev/full", O_WRONLY | O_CLOEXEC), "the disk");
	assert_fails(sink_write(full, "x", 1, &err), err, ERR_SYSTEM);
	assert_contains(err.message, "the disk");
	assert_int_equal(err.sys_errno, ENOSPC);
	sink_free(full);
}

static void a_source_fills_what_it_can(void **state)
{
	cleanup(source_freep) struct source *from =
	    source_from_memory("abcdefghij", 10);
	struct err err = ERR_INIT;
	char data[8];
	size_t len = 2;

	(void)state;
	memcpy(data, "xy", 2);
	assert_int_equal(source_fill(from, data, sizeof(data), &len, &err), 0);
	assert_int_equal(len, 8);
	assert_memory_equal(data, "xyabcdef", 8);
	len = 0;
	assert_int_equal(source_fill(from, data, sizeof(data), &len, &err), 1);
	assert_int_equal(len, 4);
	assert_memory_equal(data, "ghij", 4);
	len = 0;
	assert_int_equal(source_fill(from, data, sizeof(data), &len, &err), 1);
	assert_int_equal(len, 0);
}

static void the_rest_of_a_borrowed_source_is_read(void **state)
{
	cleanup(source_freep) struct source *from =
	    source_from_memory("abcdef", 6);
	struct source *onto = source_onto(from);
	struct err err = ERR_INIT;
	char data[4];

	(void)state;
	assert_int_equal(source_read(onto, data, 4, &err), 4);
	assert_memory_equal(data, "abcd", 4);
	source_free(onto);
	assert_int_equal(source_read(from, data, 1, &err), 1);
	assert_memory_equal(data, "e", 1);
	assert_ok(source_read_rest(from, &err), err);
	assert_int_equal(source_read(from, data, 1, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(releasing_never_commits),
	    cmocka_unit_test(a_source_fills_what_it_can),
	    cmocka_unit_test(the_rest_of_a_borrowed_source_is_read),
	    cmocka_unit_test(a_finish_that_failed_is_aborted_once),
	    cmocka_unit_test(a_finished_one_is_not_aborted),
	    cmocka_unit_test_setup_teardown(a_descriptor_is_written_and_closed,
		test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
