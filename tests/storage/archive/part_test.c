#include "storage/archive/part.h"

#include "storage/base/cleanup.h"
#include "storage/base/spool.h"
#include "tests/support/sink.h"
#include "tests/support/tars.h"
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	char *dir;
	struct spool lines;
	struct frames frames;
	struct buf packed;
	uint64_t counted; /* by on_bytes */
	struct part_options options;
	struct err err;
};

static void count(void *ctx, uint64_t bytes)
{
	*(uint64_t *)ctx += bytes;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dir = test_dir_make();
	spool_init(&f->lines, f->dir, 1 << 20);
	f->options =
	    (struct part_options){.compress = {.compression = ARCHIVE_GZIP},
		.lines = &f->lines,
		.frames = &f->frames,
		.first = true,
		.on_bytes = count,
		.ctx = &f->counted};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	spool_done(&f->lines);
	vec_done(&f->frames);
	buf_done(&f->packed);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static struct part *part(struct fixture *f, size_t room)
{
	struct part *p =
	    part_new(&f->options, test_sink_full(&f->packed, room), &f->err);

	if (!p)
		fail_msg("%s", f->err.message);
	return p;
}

static int list_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	char hex[DIGEST_SHA256_HEX];

	(void)err;
	digest_hex(e->sha256, sizeof(e->sha256), hex);
	buf_printf(ctx, "%s %llu %.8s %s %llu:%llu\n", e->path,
	    (unsigned long long)e->bytes, hex, e->source ? e->source : "-",
	    (unsigned long long)e->position.frame,
	    (unsigned long long)e->position.offset);
	return 0;
}

/* What the lines say, put into a document. */
static void lines_are(struct fixture *f, uint64_t entries, const char *expected)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(buf_done) struct buf got = BUF_INIT;
	size_t len = spool_len(&f->lines);
	autofree char *lines = malloc(len + 1);

	assert_ok(spool_read(&f->lines, 0, lines, len, &f->err), f->err);
	contents_write_start(&text, CONTENTS_ONE);
	buf_add(&text, lines, len);
	contents_write_end(&text, CONTENTS_ONE, entries, &f->frames, 1);
	cleanup(source_freep) struct source *from =
	    source_from_memory(text.data, text.len);
	if (contents_each(from, list_entry, &got, &f->err))
		fail_msg("%s", f->err.message);
	assert_string_equal(buf_str(&got), expected);
}

static void holds(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf got = BUF_INIT;

	test_tar_list(ARCHIVE_GZIP, &f->packed, &got);
	assert_string_equal(buf_str(&got), expected);
}

static void records_become_entries_and_lines(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf run = BUF_INIT;
	struct part *p = part(f, SIZE_MAX);

	record_add(&run,
	    &(const struct archive_entry){.path = "a/one", .source = "there"},
	    1700000000, "abc", 3);
	record_add(&run, &(const struct archive_entry){.path = "a/two"},
	    1700000000, "", 0);
	assert_ok(part_add_run(p, &run, &f->err), f->err);
	assert_ok(part_finish(p, &f->err), f->err);
	part_free(p);
	holds(f, "a/one: abc\na/two: \n");
	/* SHA-256 of "abc" and of nothing; each header takes 3 blocks. */
	lines_are(
	    f, 2, "a/one 3 ba7816bf there 0:1536\na/two 0 e3b0c442 - 0:3584\n");
	assert_int_equal(f->counted, 3);
}

/* Whoever puts parts one behind the other counts frames from the start. */
static void a_later_part_counts_the_frames_before_it(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf run = BUF_INIT;
	char *first;

	record_add(
	    &run, &(const struct archive_entry){.path = "x"}, 0, "abc", 3);
	f->options.frames_before = 3;
	f->options.first = false;
	struct part *p = part(f, SIZE_MAX);
	assert_ok(part_add_run(p, &run, &f->err), f->err);
	assert_ok(part_end(p, &f->err), f->err);
	part_free(p);
	/* A separator comes before the first line, too. */
	first = calloc(1, spool_len(&f->lines) + 1);
	assert_ok(
	    spool_read(&f->lines, 0, first, spool_len(&f->lines), &f->err),
	    f->err);
	assert_true(str_starts(first, ",\n{\"frame\":3,\"at\":1536,"));
	free(first);
	assert_int_equal(f->frames.len, 1);
	assert_int_equal(f->frames.items[0].offset, 0);
}

static int add_from(struct fixture *f, struct part *p, uint64_t bytes,
    struct source *from, uint8_t *sha256)
{
	const struct record r = {.path = "f", .bytes = bytes, .sha256 = sha256};
	int failed = part_add_from(p, &r, from, false, &f->err);

	source_free(from);
	return failed;
}

static void a_source_is_read_to_its_length(void **state)
{
	struct fixture *f = *state;
	uint8_t sha256[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];
	struct part *p = part(f, SIZE_MAX);

	/* More than announced is not for the part to notice. */
	assert_ok(add_from(f, p, 3, test_source("abcd", 4, 2, false), sha256),
	    f->err);
	digest_hex(sha256, sizeof(sha256), hex);
	assert_true(str_starts(hex, "ba7816bf"));
	assert_ok(part_finish(p, &f->err), f->err);
	part_free(p);
	holds(f, "f: abc\n");
	lines_are(f, 1, "f 3 ba7816bf - 0:1536\n");
}

static void a_source_that_ends_early_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct part *p = part(f, SIZE_MAX);

	assert_int_equal(
	    add_from(f, p, 4, test_source("abc", 3, 2, false), NULL), -1);
	assert_int_equal(f->err.code, ERR_SYSTEM);
	assert_contains(f->err.message, "its length changed");
	part_free(p);
	assert_int_equal(spool_len(&f->lines), 0);
	/* One that breaks has a reason of its own. */
	p = part(f, SIZE_MAX);
	f->err = (struct err)ERR_INIT;
	assert_int_equal(
	    add_from(f, p, 4, test_source("abc", 3, 2, true), NULL), -1);
	assert_int_equal(f->err.code, ERR_NETWORK);
	part_free(p);
}

static void a_full_disk_names_the_entry(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf run = BUF_INIT;
	cleanup(buf_done) struct buf noise = BUF_INIT;
	struct test_random random;
	struct part *p = part(f, 1000);

	test_random_init(&random, 6);
	for (int i = 0; i < 300000; i++)
		buf_add_char(&noise, (char)random_below(&random.random, 256));
	record_add(&run, &(const struct archive_entry){.path = "git/large"}, 0,
	    noise.data, noise.len);
	assert_int_equal(part_add_run(p, &run, &f->err), -1);
	assert_int_equal(f->err.sys_errno, ENOSPC);
	assert_true(str_starts(f->err.message, "archiving 'git/large': "));
	part_free(p);
	assert_true(f->packed.len <= 1000);
}

static void the_index_has_a_frame_of_its_own_and_no_line(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf run = BUF_INIT;
	struct frames_position position;
	uint8_t sha256[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];
	const struct record r = {.path = CONTENTS_PATH, .bytes = 3};
	cleanup(source_freep) struct source *text =
	    source_from_memory("abc", 3);
	struct part *p = part(f, SIZE_MAX);

	record_add(
	    &run, &(const struct archive_entry){.path = "x"}, 0, "abc", 3);
	assert_ok(part_add_run(p, &run, &f->err), f->err);
	uint64_t before = spool_len(&f->lines);
	assert_ok(
	    part_add_unlisted(p, &r, text, &position, sha256, &f->err), f->err);
	assert_ok(part_finish(p, &f->err), f->err);
	part_free(p);
	assert_int_equal(spool_len(&f->lines), before);
	assert_int_equal(position.frame, 1);
	assert_int_equal(position.offset, 1536);
	assert_int_equal(f->frames.len, 2);
	digest_hex(sha256, sizeof(sha256), hex);
	assert_true(str_starts(hex, "ba7816bf"));
	assert_int_equal(f->counted, 3); /* it is not content */
	holds(f, "x: abc\nCONTENTS.json: abc\n");
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(records_become_entries_and_lines),
	    TEST(a_later_part_counts_the_frames_before_it),
	    TEST(a_source_is_read_to_its_length),
	    TEST(a_source_that_ends_early_is_an_error),
	    TEST(a_full_disk_names_the_entry),
	    TEST(the_index_has_a_frame_of_its_own_and_no_line),
	};

	return cmocka_run_group_tests_name("part", tests, NULL, NULL);
}
