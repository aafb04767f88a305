/* A pack on its way into a repository: nothing of it has a name before all of
 * it was checked, and nothing stays of one that was not kept. */
#include "storage/git/pack/incoming.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"
#include "storage/git/repo/packs.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { MAX = 4 << 20 };

struct fixture {
	char *dir, *packs;
	struct incoming_options o;
	struct incoming *in;
	struct buf whole;
	uint64_t progress;
	size_t pieces;
};

static void count(void *ctx, uint64_t bytes)
{
	struct fixture *f = ctx;

	assert_true(bytes > f->progress);
	f->progress = bytes;
	f->pieces++;
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	f->packs = file_join(f->dir, "objects/pack");
	f->o = (struct incoming_options){
	    .dir = f->dir, .progress = count, .progress_ctx = f};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	incoming_free(f->in);
	buf_done(&f->whole);
	test_dir_remove(f->dir);
	free(f->packs);
	free(f);
	return 0;
}

static void begin(struct fixture *f)
{
	struct err err = ERR_INIT;

	incoming_free(f->in);
	f->in = incoming_new(&f->o, &err);
	if (!f->in)
		fail_msg("%s", err.message);
}

/* A blob, and a delta of it. */
static void make_pack(struct fixture *f)
{
	struct test_pack p = {.count = 0};

	uint64_t at = test_pack_blob(&p, "one");
	test_pack_offset_delta(&p, at, "one", " more");
	test_pack_end(&p, &f->whole);
	buf_done(&p.bytes);
}

/* All of it from there on, in pieces of that length. */
static int add_from(
    struct fixture *f, size_t from, size_t piece, struct err *err)
{
	for (size_t at = from; at < f->whole.len; at += piece) {
		size_t left = f->whole.len - at;
		if (incoming_add(f->in, f->whole.data + at,
			left < piece ? left : piece, err))
			return -1;
	}
	return 0;
}

static int add(struct fixture *f, size_t piece, struct err *err)
{
	return add_from(f, 0, piece, err);
}

static void check_and_keep(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(incoming_check(f->in, &err), err);
	assert_ok(incoming_keep(f->in, &err), err);
}

static void list(const struct fixture *f, struct strvec *names)
{
	struct err err = ERR_INIT;

	strvec_done(names);
	assert_ok(file_list_dir(f->packs, names, &err), err);
}

static size_t files(const struct fixture *f)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	list(f, &names);
	return names.len;
}

static void a_pack_gets_its_name_when_all_was_checked(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	cleanup(packs_done) struct packs packs = PACKS_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	char hex[GIT_ID_HEX];
	struct stat st;

	make_pack(f);
	begin(f);
	assert_ok(add(f, 1, &err), err);
	assert_int_equal(incoming_bytes(f->in), f->whole.len);
	assert_int_equal(f->progress, f->whole.len);
	assert_int_equal(f->pieces, f->whole.len);
	assert_ok(incoming_check(f->in, &err), err);
	list(f, &names);
	assert_int_equal(names.len, 1);
	assert_true(str_starts(names.items[0], "tmp_pack_"));
	assert_ok(incoming_keep(f->in, &err), err);
	/* Both are called after the checksum, and nobody may write to them. */
	git_id_hex(
	    GIT_SHA1, (const uint8_t *)f->whole.data + f->whole.len - 20, hex);
	autofree char *idx = str_printf("pack-%s.idx", hex);
	autofree char *pack = str_printf("pack-%s.pack", hex);
	autofree char *path = file_join(f->packs, pack);
	list(f, &names);
	assert_int_equal(names.len, 2);
	assert_string_equal(names.items[0], idx);
	assert_string_equal(names.items[1], pack);
	assert_string_equal(incoming_path(f->in), path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0444);
	assert_ok(file_read(path, MAX, &text, &err), err);
	assert_int_equal(text.len, f->whole.len);
	assert_memory_equal(text.data, f->whole.data, text.len);
	/* What was kept stays. */
	incoming_freep(&f->in);
	f->in = NULL;
	struct git_id more = test_object_id("blob", "one more");
	assert_ok(packs_open(&packs, f->dir, &err), err);
	assert_true(packs_has(&packs, more.bytes));
	assert_ok(packs_check(&packs, NULL, NULL, NULL, &err), err);
}

/* More than is held before it is written, in pieces below and above that, and a
 * long one behind short ones. */
static void a_long_pack_is_written_as_it_came(void **state)
{
	static const size_t pieces[] = {1000, 300 * 1024, MAX, MAX};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf blob = BUF_INIT;
	struct test_pack p = {.count = 0};
	uint32_t x = 1;

	for (int i = 0; i < 700 * 1024; i++) {
		x = x * 1664525 + 1013904223;
		buf_add_char(&blob, (char)(x >> 24));
	}
	test_pack_object(&p, OBJECT_BLOB, blob.data, blob.len);
	test_pack_blob(&p, "behind it");
	test_pack_end(&p, &f->whole);
	buf_done(&p.bytes);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		struct err err = ERR_INIT;
		f->progress = 0;
		f->o.durable = i == 1;
		begin(f);
		const size_t first = i == 3 ? 1000 : 0;
		if (first)
			assert_ok(
			    incoming_add(f->in, f->whole.data, first, &err),
			    err);
		assert_ok(add_from(f, first, pieces[i], &err), err);
		check_and_keep(f);
		assert_ok(
		    file_read(incoming_path(f->in), MAX, &text, &err), err);
		assert_int_equal(text.len, f->whole.len);
		assert_memory_equal(text.data, f->whole.data, text.len);
	}
	/* The same pack again is the same file. */
	assert_int_equal(files(f), 2);
}

static void of_one_that_is_not_whole_nothing_stays(void **state)
{
	struct fixture *f = *state;
	struct err err;

	make_pack(f);
	/* Cut off, at every byte. */
	const size_t len = f->whole.len;
	for (f->whole.len = 0; f->whole.len < len; f->whole.len++) {
		f->progress = 0;
		begin(f);
		err = (struct err)ERR_INIT;
		assert_ok(add(f, len, &err), err);
		assert_fails(incoming_check(f->in, &err), err, ERR_FORMAT);
	}
	/* Flipped: the checksum at the end is of something else. */
	f->progress = 0;
	f->whole.data[len - 1] ^= 1;
	begin(f);
	err = (struct err)ERR_INIT;
	assert_true(add(f, 7, &err) || incoming_check(f->in, &err));
	assert_true(err.code != ERR_NONE);
	assert_int_equal(files(f), 1);
	incoming_freep(&f->in);
	f->in = NULL;
	assert_int_equal(files(f), 0);
}

static void a_base_from_elsewhere_is_missed(void **state)
{
	struct fixture *f = *state;
	struct git_id base = test_object_id("blob", "one");
	struct test_pack p = {.count = 0};
	struct err err = ERR_INIT;

	test_pack_id_delta(&p, &base, "one", " more");
	test_pack_end(&p, &f->whole);
	buf_done(&p.bytes);
	begin(f);
	assert_ok(add(f, 64, &err), err);
	assert_fails(incoming_check(f->in, &err), err, ERR_NOT_FOUND);
}

/* As a server sends it that has nothing to send. */
static void an_empty_pack_is_dropped(void **state)
{
	struct fixture *f = *state;
	uint8_t sum[DIGEST_SHA1_LEN];
	struct err err = ERR_INIT;

	buf_add(&f->whole, "PACK\0\0\0\2\0\0\0\0", 12);
	digest_of(DIGEST_SHA1, f->whole.data, 12, sum);
	buf_add(&f->whole, sum, sizeof(sum));
	begin(f);
	assert_ok(add(f, 5, &err), err);
	check_and_keep(f);
	incoming_freep(&f->in);
	f->in = NULL;
	assert_int_equal(files(f), 0);
}

static void a_stopped_run_takes_no_more(void **state)
{
	struct fixture *f = *state;
	struct cancel cancel = {0};
	struct err err = ERR_INIT;

	make_pack(f);
	f->o.cancel = &cancel;
	begin(f);
	assert_ok(incoming_add(f->in, f->whole.data, 12, &err), err);
	cancel_request(&cancel);
	assert_fails(incoming_add(f->in, f->whole.data + 12, 1, &err), err,
	    ERR_CANCELLED);
	assert_int_equal(incoming_bytes(f->in), 12);
	incoming_freep(&f->in);
	f->in = NULL;
}

static void pointers_are_found_on_the_way(void **state)
{
	static const char pointer[] =
	    "version https://git-lfs.github.com/spec/v1\n"
	    "oid sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043"
	    "362938b9824\nsize 5\n";
	struct fixture *f = *state;
	struct lfs_scan scan;
	struct test_pack p = {.count = 0};
	struct err err = ERR_INIT;

	lfs_scan_init(&scan);
	test_pack_blob(&p, pointer);
	test_pack_blob(&p, "*.bin filter=lfs\n");
	test_pack_end(&p, &f->whole);
	buf_done(&p.bytes);
	f->o.scan = &scan;
	begin(f);
	assert_ok(add(f, 50, &err), err);
	assert_ok(incoming_check(f->in, &err), err);
	assert_true(scan.filter);
	assert_int_equal(scan.found.len, 1);
	assert_int_equal(scan.found.items[0].bytes, 5);
	lfs_scan_done(&scan);
}

/* ---- what a run that died left ------------------------------------------- */

static void only_what_was_not_finished_is_removed(void **state)
{
	static const char *const made[] = {"pack-a.idx", "pack-a.pack",
	    "pack-b.pack", "tmp_pack_Ab12Cd", "tmp_pack_idx-Ab12Cd",
	    "pack-c.keep"};
	static const char *const stays[] = {
	    "pack-a.idx", "pack-a.pack", "pack-c.keep"};
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	/* Where there are no packs yet, there is nothing to do. */
	assert_ok(incoming_clean(f->dir, &err), err);
	assert_false(file_exists(f->packs));
	assert_ok(file_mkdirs(f->packs, &err), err);
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++) {
		autofree char *path = file_join(f->packs, made[i]);
		assert_ok(file_write_durably(path, "x", 1, &err), err);
	}
	assert_ok(incoming_clean(f->dir, &err), err);
	list(f, &names);
	assert_int_equal(names.len, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(names.items[i], stays[i]);
}

static void where_nothing_can_be_written_it_says_so(void **state)
{
	struct fixture *f = *state;
	autofree char *objects = file_join(f->dir, "objects");
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(objects, "x", 1, &err), err);
	assert_null(incoming_new(&f->o, &err));
	assert_int_equal(err.code, ERR_SYSTEM);
	assert_contains(err.message, objects);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_pack_gets_its_name_when_all_was_checked),
	    TEST(a_long_pack_is_written_as_it_came),
	    TEST(of_one_that_is_not_whole_nothing_stays),
	    TEST(a_base_from_elsewhere_is_missed),
	    TEST(an_empty_pack_is_dropped),
	    TEST(a_stopped_run_takes_no_more),
	    TEST(pointers_are_found_on_the_way),
	    TEST(only_what_was_not_finished_is_removed),
	    TEST(where_nothing_can_be_written_it_says_so),
	};

	return cmocka_run_group_tests_name("pack/incoming", tests, NULL, NULL);
}
