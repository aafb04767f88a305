#include "storage/git/repo/packs.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char *dir;
	char *pack_dir;
	struct packs packs;
	uint64_t at[3]; /* where the objects begin */
};

static const char *const contents[] = {"one", "two", "three"};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct test_pack p = {.bytes = BUF_INIT};

	f->dir = test_dir_make();
	f->pack_dir = file_join(f->dir, "objects/pack");
	test_repository(f->dir);
	for (size_t i = 0; i < 3; i++)
		f->at[i] = test_pack_blob(&p, contents[i]);
	test_pack_keep(&p, f->dir);
	buf_done(&p.bytes);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	packs_done(&f->packs);
	test_dir_remove(f->dir);
	free(f->pack_dir);
	free(f);
	return 0;
}

/* The path of the one file that ends so. */
static char *file_of(struct fixture *f, const char *end)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_list_dir(f->pack_dir, &names, &err), err);
	VEC_EACH (&names, name)
		if (str_ends(*name, end))
			return file_join(f->pack_dir, *name);
	fail_msg("no %s", end);
	return NULL;
}

static void flip(struct fixture *f, const char *end, off_t at)
{
	autofree char *path = file_of(f, end);
	unsigned char byte;

	assert_int_equal(chmod(path, 0600), 0);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	off_t from = at < 0 ? lseek(fd, at, SEEK_END) : at;
	assert_int_equal(pread(fd, &byte, 1, from), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, from), 1);
	close(fd);
}

static void objects_are_found_by_their_ids(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct git_id none = test_object_id("blob", "four");

	assert_ok(packs_open(&f->packs, f->dir, &err), err);
	assert_int_equal(f->packs.packs.len, 1);
	const struct pack *p = &f->packs.packs.items[0];
	assert_int_equal(p->count, 3);
	for (size_t i = 0; i < 3; i++) {
		struct git_id id = test_object_id("blob", contents[i]);
		uint32_t n = 99;
		assert_true(packs_has(&f->packs, id.bytes));
		assert_true(pack_find(p, id.bytes, &n));
		assert_true(pack_find(p, id.bytes, NULL));
		assert_int_equal(pack_offset(p, n), f->at[i]);
		struct git_id same = pack_id(p, n);
		assert_memory_equal(&same, &id, sizeof(id));
	}
	for (uint32_t i = 1; i < 3; i++) {
		struct git_id before = pack_id(p, i - 1), at = pack_id(p, i);
		assert_true(memcmp(&before, &at, sizeof(at)) < 0);
	}
	/* Not there: between the others, and at both ends. */
	assert_false(packs_has(&f->packs, none.bytes));
	memset(none.bytes, 0, sizeof(none.bytes));
	assert_false(packs_has(&f->packs, none.bytes));
	memset(none.bytes, 0xff, 20);
	assert_false(packs_has(&f->packs, none.bytes));
	assert_ok(pack_check_index(p, &err), err);
	assert_ok(packs_check(&f->packs, NULL, NULL, NULL, &err), err);
}

static void a_file_that_was_changed_fails_its_checksum(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	struct cancel cancel = {0};

	flip(f, ".pack", 20);
	assert_ok(packs_open(&f->packs, f->dir, &err), err);
	assert_fails(
	    packs_check(&f->packs, NULL, NULL, NULL, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, ".pack");
	assert_ok(pack_check_index(&f->packs.packs.items[0], &err), err);
	packs_done(&f->packs);
	/* A checksum in the table of CRCs: behind 8 bytes, 256 counters and
	 * three ids. */
	flip(f, ".pack", 20);
	flip(f, ".idx", 8 + 4 * 256 + 3 * 20);
	assert_ok(packs_open(&f->packs, f->dir, &err), err);
	assert_fails(pack_check_index(&f->packs.packs.items[0], &err), err,
	    ERR_INTEGRITY);
	assert_contains(err.message, "the index of ");
	assert_fails(
	    packs_check(&f->packs, NULL, NULL, NULL, &err), err, ERR_INTEGRITY);
	packs_done(&f->packs);
	flip(f, ".idx", 8 + 4 * 256 + 3 * 20);
	assert_ok(packs_open(&f->packs, f->dir, &err), err);
	cancel_request(&cancel);
	assert_fails(packs_check(&f->packs, NULL, NULL, &cancel, &err), err,
	    ERR_CANCELLED);
}

struct expecting {
	struct pack_expected pack;
	bool is_known;
	size_t asked;
};

static bool find_expected(
    void *ctx, const char *name, uint64_t bytes, struct pack_expected *out)
{
	struct expecting *e = ctx;

	e->asked++;
	assert_true(str_starts(name, "pack-") && str_ends(name, ".pack"));
	assert_true(bytes > 0);
	*out = e->pack;
	return e->is_known;
}

/* Checks the one pack of the fixture; returns whether it is what is expected.
 */
static bool is_expected(
    struct fixture *f, struct expecting *e, bool proven, enum err_code code)
{
	const struct packs_expected expected = {
	    .find = find_expected, .ctx = e};
	cleanup(strvec_done) struct strvec same = VEC_INIT;
	struct err err = ERR_INIT;

	e->is_known = true;
	e->pack.proven = proven;
	e->asked = 0;
	assert_ok(packs_open(&f->packs, f->dir, &err), err);
	int failed = packs_check(&f->packs, &expected, &same, NULL, &err);
	assert_int_equal(err.code, code);
	assert_int_equal(failed, code == ERR_NONE ? 0 : -1);
	assert_int_equal(e->asked, 1);
	packs_done(&f->packs);
	return same.len == 1;
}

static void digest_pack(struct fixture *f, struct expecting *e)
{
	autofree char *path = file_of(f, ".pack");
	cleanup(buf_done) struct buf bytes = BUF_INIT;
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 1 << 20, &bytes, &err), err);
	digest_of(DIGEST_SHA256, bytes.data, bytes.len, e->pack.sha256);
}

static void a_pack_is_held_against_what_is_expected(void **state)
{
	struct fixture *f = *state;
	struct expecting e = {.asked = 0};

	digest_pack(f, &e);
	assert_true(is_expected(f, &e, false, ERR_NONE));
	assert_true(is_expected(f, &e, true, ERR_NONE));
	/* Of what is another one, its own checksum tells whether it is whole.
	 */
	e.pack.sha256[0] ^= 1;
	assert_false(is_expected(f, &e, false, ERR_NONE));
	assert_false(is_expected(f, &e, true, ERR_NONE));
	e.pack.sha256[0] ^= 1;
	flip(f, ".pack", 20);
	assert_false(is_expected(f, &e, false, ERR_INTEGRITY));
	assert_false(is_expected(f, &e, true, ERR_INTEGRITY));
	/* What is expected may have been damaged before anybody checked it. */
	digest_pack(f, &e);
	is_expected(f, &e, false, ERR_INTEGRITY);
	/* One that was proven has no other digest computed. */
	assert_true(is_expected(f, &e, true, ERR_NONE));
}

static void an_index_that_is_none_is_refused(void **state)
{
	static const off_t places[] = {0, 3, 7, 8 + 4 * 255 + 2};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	/* Its magic number, its version, how many objects it has. */
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		flip(f, ".idx", places[i]);
		assert_fails(
		    packs_open(&f->packs, f->dir, &err), err, ERR_FORMAT);
		assert_contains(err.message, ".idx");
		packs_done(&f->packs);
		flip(f, ".idx", places[i]);
	}
	/* Cut off anywhere. */
	autofree char *path = file_of(f, ".idx");
	cleanup(buf_done) struct buf whole = BUF_INIT;
	assert_ok(file_read(path, 1 << 20, &whole, &err), err);
	for (size_t len = 0; len < whole.len; len += 101) {
		assert_ok(file_write_durably(path, whole.data, len, &err), err);
		assert_fails(
		    packs_open(&f->packs, f->dir, &err), err, ERR_FORMAT);
		packs_done(&f->packs);
	}
}

static void half_of_a_pair_is_refused_or_left_out(void **state)
{
	struct fixture *f = *state;
	autofree char *idx = file_of(f, ".idx");
	autofree char *pack = file_of(f, ".pack");
	autofree char *objects = file_join(f->dir, "objects");
	cleanup(strvec_done) struct strvec dirs = VEC_INIT;
	struct err err = ERR_INIT;

	strvec_add(&dirs, objects);
	assert_false(pack_lacks_index(pack));
	assert_false(pack_lacks_index(idx));
	assert_int_equal(unlink(idx), 0);
	assert_true(pack_lacks_index(pack));
	assert_fails(packs_open(&f->packs, f->dir, &err), err, ERR_FORMAT);
	assert_contains(err.message, pack);
	packs_done(&f->packs);
	/* Another program may be writing it just now. */
	assert_ok(packs_open_usable(&f->packs, &dirs, &err), err);
	assert_int_equal(f->packs.packs.len, 0);
}

static void no_packs_are_none(void **state)
{
	struct fixture *f = *state;
	autofree char *empty = file_join(f->dir, "empty");
	struct err err = ERR_INIT;

	assert_ok(file_mkdirs(empty, &err), err);
	test_repository(empty);
	assert_ok(packs_open(&f->packs, empty, &err), err);
	assert_int_equal(f->packs.packs.len, 0);
	assert_ok(packs_check(&f->packs, NULL, NULL, NULL, &err), err);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(objects_are_found_by_their_ids),
	    TEST(a_file_that_was_changed_fails_its_checksum),
	    TEST(a_pack_is_held_against_what_is_expected),
	    TEST(an_index_that_is_none_is_refused),
	    TEST(half_of_a_pair_is_refused_or_left_out),
	    TEST(no_packs_are_none),
	};

	return cmocka_run_group_tests_name("packs", tests, NULL, NULL);
}
