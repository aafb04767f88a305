#include "storage/base/spool.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void a_spool_reads_back_across_memory_and_file(void **state)
{
	struct spool s;
	struct err err = ERR_INIT;
	char expected[5000], got[5000];
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct test_random random;

	test_random_init(&random, 3);
	random_fill(&random.random, expected, sizeof(expected));
	spool_init(&s, *state, 1000);
	for (size_t at = 0; at < sizeof(expected); at += 50)
		assert_ok(spool_add(&s, expected + at, 50, &err), err);
	assert_true(s.file_bytes > 0 && s.memory.len > 0);
	assert_true(spool_len(&s) == sizeof(expected));
	assert_ok(file_list_dir(*state, &names, &err), err);
	assert_int_equal(names.len, 0);
	assert_ok(spool_read(&s, 10, got, sizeof(got) - 10, &err), err);
	assert_memory_equal(got, expected + 10, sizeof(got) - 10);
	assert_fails(spool_read(&s, 4990, got, 11, &err), err, ERR_FORMAT);
	cleanup(source_freep) struct source *source = spool_source(&s);
	cleanup(buf_done) struct buf all = BUF_INIT;
	cleanup(sink_freep) struct sink *sink = test_sink(&all);
	assert_int_equal(
	    stream_copy(source, sink, &err), (int64_t)sizeof(expected));
	assert_memory_equal(all.data, expected, sizeof(expected));
	spool_reset(&s);
	assert_true(spool_len(&s) == 0);
	spool_done(&s);
}

static void memory_holds_its_limit_and_not_a_byte_more(void **state)
{
	cleanup(spool_done) struct spool s;
	struct err err = ERR_INIT;
	char got[8] = "";

	spool_init(&s, *state, 4);
	assert_ok(spool_add(&s, "abcd", 4, &err), err);
	assert_int_equal(s.fd, -1);
	assert_int_equal(s.file_bytes, 0);
	assert_ok(spool_add(&s, "e", 1, &err), err);
	assert_true(s.fd >= 0);
	assert_int_equal(s.file_bytes, 5);
	assert_int_equal(s.memory.len, 0);
	assert_ok(spool_add(&s, "fg", 2, &err), err);
	assert_int_equal(spool_len(&s), 7);
	/* Across the border of both, and to the last byte. */
	assert_ok(spool_read(&s, 4, got, 3, &err), err);
	assert_string_equal(got, "efg");
	assert_ok(spool_read(&s, 7, got, 0, &err), err);
	assert_fails(spool_read(&s, 7, got, 1, &err), err, ERR_FORMAT);
	assert_fails(spool_read(&s, 8, got, 0, &err), err, ERR_FORMAT);
	assert_fails(
	    spool_read(&s, UINT64_MAX, got, SIZE_MAX, &err), err, ERR_FORMAT);
	/* Emptied, it begins in memory again. */
	spool_reset(&s);
	assert_ok(spool_add(&s, "xy", 2, &err), err);
	assert_int_equal(s.fd, -1);
	assert_ok(spool_read(&s, 0, got, 2, &err), err);
	assert_memory_equal(got, "xy", 2);
}

static void a_window_shows_what_was_added(void **state)
{
	enum { BYTES = 300 * 1024 };
	static char expected[BYTES];
	cleanup(spool_done) struct spool s;
	cleanup(spool_window_done) struct spool_window w;
	struct test_random random;
	struct err err = ERR_INIT;

	test_random_init(&random, 5);
	random_fill(&random.random, expected, BYTES);
	spool_init(&s, *state, 100 * 1024);
	for (size_t at = 0; at < BYTES; at += 30 * 1024)
		assert_ok(spool_add(&s, expected + at, 30 * 1024, &err), err);
	spool_window_init(&w, &s);
	/* Forward in odd steps, backward, longer than it reads ahead, the end.
	 */
	static const struct {
		uint64_t offset;
		size_t len;
	} views[] = {{0, 1}, {1, 999}, {128 * 1024 - 1, 1}, {128 * 1024 - 1, 2},
	    {5, 7}, {0, BYTES}, {BYTES - 1, 1}, {BYTES, 0}};
	for (size_t i = 0; i < sizeof(views) / sizeof(*views); i++) {
		const char *got =
		    spool_view(&w, views[i].offset, views[i].len, &err);
		assert_non_null(got);
		assert_memory_equal(
		    got, expected + views[i].offset, views[i].len);
	}
	assert_fails(
	    spool_view(&w, BYTES - 1, 2, &err) ? 0 : -1, err, ERR_FORMAT);
	assert_fails(
	    spool_view(&w, BYTES + 1, 1, &err) ? 0 : -1, err, ERR_FORMAT);
}

static void a_sink_appends_and_a_source_reads_a_part(void **state)
{
	cleanup(spool_done) struct spool s;
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	spool_init(&s, *state, 3);
	cleanup(sink_freep) struct sink *to = spool_sink(&s);
	assert_ok(sink_write(to, "abc", 3, &err), err);
	assert_ok(sink_write(to, "def", 3, &err), err);
	/* Aborted, it leaves what was appended, as it promises. */
	sink_abort(to);
	assert_int_equal(spool_len(&s), 6);
	cleanup(source_freep) struct source *part = spool_source_of(&s, 2, 3);
	cleanup(sink_freep) struct sink *copy = test_sink(&out);
	assert_int_equal(stream_copy(part, copy, &err), 3);
	assert_string_equal(buf_str(&out), "cde");
}

static void a_disk_that_fails_is_reported_with_its_directory(void **state)
{
	struct rlimit before, small;
	struct spool s;
	struct err err = ERR_INIT;
	char got[4];

	spool_init(&s, "/nonexistent/scratch", 3);
	assert_ok(spool_add(&s, "abc", 3, &err), err);
	assert_fails(spool_add(&s, "d", 1, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "'/nonexistent/scratch'");
	spool_done(&s);

	/* A disk with room for ten bytes. */
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 10;
	spool_init(&s, *state, 3);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int fits = spool_add(&s, "0123456789", 10, &err);
	struct err full = ERR_INIT;
	int more = spool_add(&s, "abcd", 4, &full);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_ok(fits, err);
	assert_int_equal(more, -1);
	assert_int_equal(full.sys_errno, EFBIG);
	assert_contains(full.message, (char *)*state);

	/* What the file does not give back is no end, but an error. */
	assert_int_equal(ftruncate(s.fd, 5), 0);
	assert_ok(spool_read(&s, 1, got, 4, &err), err);
	assert_fails(spool_read(&s, 2, got, 4, &err), err, ERR_SYSTEM);
	assert_contains(err.message, (char *)*state);
	spool_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		a_spool_reads_back_across_memory_and_file, test_dir_setup,
		test_dir_teardown),
	    cmocka_unit_test_setup_teardown(
		memory_holds_its_limit_and_not_a_byte_more, test_dir_setup,
		test_dir_teardown),
	    cmocka_unit_test_setup_teardown(a_window_shows_what_was_added,
		test_dir_setup, test_dir_teardown),
	    cmocka_unit_test_setup_teardown(
		a_sink_appends_and_a_source_reads_a_part, test_dir_setup,
		test_dir_teardown),
	    cmocka_unit_test_setup_teardown(
		a_disk_that_fails_is_reported_with_its_directory,
		test_dir_setup, test_dir_teardown),
	};

	return cmocka_run_group_tests_name("spool", tests, NULL, NULL);
}
