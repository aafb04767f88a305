#include "storage/archive/packer.h"

#include "storage/archive/record.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/tars.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	char *dir;
	char *scratch;
	struct compress_options compress;
	struct part_form form;
	struct buf run;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dir = test_dir_make();
	f->scratch = file_join(f->dir, "scratch");
	f->compress.compression = ARCHIVE_GZIP;
	assert_ok(file_mkdirs(f->scratch, &f->err), f->err);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	buf_done(&f->run);
	test_dir_remove(f->dir);
	free(f->scratch);
	free(f);
	return 0;
}

static struct packer *begin(struct fixture *f)
{
	struct packer *p =
	    packer_new(&f->compress, &f->form, f->scratch, &f->err);

	if (!p)
		fail_msg("%s", f->err.message);
	return p;
}

static int give(struct fixture *f, struct packer *p, const char *path,
    const void *data, size_t len)
{
	record_add(&f->run, &(const struct archive_entry){.path = path},
	    1700000000, data, len);
	return packer_give(p, &f->run, &f->err);
}

static void read_spool(
    struct fixture *f, const struct spool *spool, struct buf *out)
{
	size_t len = (size_t)spool_len(spool);

	buf_reserve(out, len);
	assert_ok(spool_read(spool, 0, out->data, len, &f->err), f->err);
	out->len = len;
}

static void holds(
    struct fixture *f, const struct packed *packed, const char *expected)
{
	cleanup(buf_done) struct buf bytes = BUF_INIT, got = BUF_INIT;

	read_spool(f, &packed->bytes, &bytes);
	test_tar_list(ARCHIVE_GZIP, &bytes, &got);
	assert_string_equal(buf_str(&got), expected);
	assert_int_equal(frames_end(&packed->frames), bytes.len);
}

static void what_is_given_is_packed_in_order(void **state)
{
	struct fixture *f = *state;
	cleanup(packed_done) struct packed packed = {.frames = VEC_INIT};
	cleanup(buf_done) struct buf lines = BUF_INIT;
	struct packer *p = begin(f);

	for (int i = 0; i < 5; i++) {
		char path[] = "a/0";
		path[2] = (char)('0' + i);
		assert_ok(give(f, p, path, "content", 7), f->err);
		/* To be filled again. */
		assert_int_equal(f->run.len, 0);
	}
	assert_ok(packer_finish(p, &packed, &f->err), f->err);
	packer_free(p);
	holds(f, &packed,
	    "a/0: content\na/1: content\na/2: content\n"
	    "a/3: content\na/4: content\n");
	assert_int_equal(packed.known, 0);
	assert_int_equal(packed.known_bytes, 0);
	/* A line each; each has a separator, since a part may be anywhere. */
	read_spool(f, &packed.lines, &lines);
	assert_int_equal(memcmp(lines.data, ",\n{\"frame\":0,\"at\":", 18), 0);
	size_t count = 0;
	for (size_t i = 0; i < lines.len; i++)
		count += lines.data[i] == '\n';
	assert_int_equal(count, 5);
	assert_contains(buf_str(&lines), "\"path\":\"a/4\"");
}

static void nothing_is_a_part_without_entries(void **state)
{
	struct fixture *f = *state;
	cleanup(packed_done) struct packed packed = {.frames = VEC_INIT};
	struct packer *p = begin(f);

	assert_ok(packer_finish(p, &packed, &f->err), f->err);
	packer_free(p);
	assert_int_equal(spool_len(&packed.lines), 0);
	assert_int_equal(frames_end(&packed.frames), spool_len(&packed.bytes));
}

/* The same input gives the same bytes, however it was cut into runs. */
static void runs_leave_no_trace(void **state)
{
	struct fixture *f = *state;
	struct buf bytes[2] = {BUF_INIT, BUF_INIT};

	for (int i = 0; i < 2; i++) {
		cleanup(packed_done) struct packed packed = {
		    .frames = VEC_INIT};
		struct packer *p = begin(f);
		record_add(&f->run, &(const struct archive_entry){.path = "x"},
		    1700000000, "one", 3);
		if (i)
			assert_ok(packer_give(p, &f->run, &f->err), f->err);
		assert_ok(give(f, p, "y", "two", 3), f->err);
		assert_ok(packer_finish(p, &packed, &f->err), f->err);
		packer_free(p);
		holds(f, &packed, "x: one\ny: two\n");
		read_spool(f, &packed.bytes, &bytes[i]);
	}
	assert_int_equal(bytes[0].len, bytes[1].len);
	assert_memory_equal(bytes[0].data, bytes[1].data, bytes[0].len);
	buf_done(&bytes[0]);
	buf_done(&bytes[1]);
}

/* What does not compress, and more of it than stays in memory. */
static void add_noise(struct buf *noise)
{
	struct test_random random;
	char piece[1000];

	test_random_init(&random, 9);
	for (int i = 0; i < 500; i++) {
		random.random.fill(&random, piece, sizeof(piece));
		buf_add(noise, piece, sizeof(piece));
	}
}

static void long_content_passes_through_a_file(void **state)
{
	struct fixture *f = *state;
	cleanup(packed_done) struct packed packed = {.frames = VEC_INIT};
	cleanup(buf_done) struct buf noise = BUF_INIT;
	struct packer *p = begin(f);

	add_noise(&noise);
	assert_ok(give(f, p, "n", noise.data, noise.len), f->err);
	assert_ok(give(f, p, "after", "x", 1), f->err);
	assert_ok(packer_finish(p, &packed, &f->err), f->err);
	packer_free(p);
	assert_true(spool_len(&packed.bytes) >= noise.len);
	assert_true(packed.bytes.file_bytes > 0);
	assert_int_equal(packed.frames.items[packed.frames.len - 1].offset +
			     packed.frames.items[packed.frames.len - 1].bytes,
	    spool_len(&packed.bytes));
}

/* Whoever gives more, or finishes, learns of it. */
static void a_failure_comes_with_the_next_call(void **state)
{
	struct fixture *f = *state;
	cleanup(packed_done) struct packed packed = {.frames = VEC_INIT};
	cleanup(buf_done) struct buf noise = BUF_INIT;
	struct packer *p = begin(f);

	add_noise(&noise);
	assert_ok(file_remove_tree(f->scratch, &f->err), f->err);
	assert_ok(give(f, p, "first", noise.data, noise.len), f->err);
	for (int i = 0; i < 2; i++) {
		f->err = (struct err)ERR_INIT;
		buf_clear(&f->run);
		assert_int_equal(give(f, p, "second", "x", 1), -1);
		assert_int_not_equal(f->err.code, ERR_NONE);
		assert_contains(f->err.message, "archiving 'first': ");
		assert_int_not_equal(f->run.len, 0); /* still the caller's */
	}
	f->err = (struct err)ERR_INIT;
	assert_int_equal(packer_finish(p, &packed, &f->err), -1);
	assert_contains(f->err.message, "archiving 'first': ");
	packer_free(p);
}

static void what_is_not_finished_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct packer *p = begin(f);

	packer_free(NULL);
	assert_ok(give(f, p, "a", "x", 1), f->err);
	packer_free(p);
	packer_free(begin(f));
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_given_is_packed_in_order),
	    TEST(nothing_is_a_part_without_entries),
	    TEST(runs_leave_no_trace),
	    TEST(long_content_passes_through_a_file),
	    TEST(a_failure_comes_with_the_next_call),
	    TEST(what_is_not_finished_is_dropped),
	};

	return cmocka_run_group_tests_name("packer", tests, NULL, NULL);
}
