#include "storage/git/repo/packed.h"

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
	struct test_pack making;
	struct packs packs;
	struct packed *packed;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	test_repository(f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	packed_free(f->packed);
	packs_done(&f->packs);
	buf_done(&f->making.bytes);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void start(struct fixture *f)
{
	struct err err = ERR_INIT;

	test_pack_keep(&f->making, f->dir);
	assert_ok(packs_open(&f->packs, f->dir, &err), err);
	f->packed = packed_new(&f->packs);
}

static void assert_object(struct fixture *f, uint64_t at, const char *content)
{
	enum object_type type = OBJECT_TAG;
	uint64_t size = 0;
	size_t len = 0;
	struct err err = ERR_INIT;

	assert_ok(packed_info(f->packed, 0, at, &type, &size, &err), err);
	assert_int_equal(type, OBJECT_BLOB);
	assert_int_equal(size, strlen(content));
	type = OBJECT_TAG;
	autofree uint8_t *data =
	    packed_read(f->packed, 0, at, &type, &len, &err);
	if (!data)
		fail_msg("%s", err.message);
	assert_int_equal(type, OBJECT_BLOB);
	assert_int_equal(len, strlen(content));
	assert_memory_equal(data, content, len);
}

static void an_object_is_read_through_its_deltas(void **state)
{
	struct fixture *f = *state;
	const struct git_id later = test_object_id("blob", "later");
	/* Of a base that stands behind it. */
	uint64_t by_id = test_pack_id_delta(&f->making, &later, "later", "!");
	uint64_t whole = test_pack_blob(&f->making, "one");
	uint64_t empty = test_pack_blob(&f->making, "");
	uint64_t once =
	    test_pack_offset_delta(&f->making, whole, "one", " two");
	uint64_t twice =
	    test_pack_offset_delta(&f->making, once, "one two", " three");
	test_pack_blob(&f->making, "later");

	start(f);
	/* From nothing, and with the bases that the first ones left. */
	assert_object(f, twice, "one two three");
	assert_object(f, by_id, "later!");
	assert_object(f, once, "one two");
	assert_object(f, twice, "one two three");
	assert_object(f, whole, "one");
	assert_object(f, empty, "");
}

static void a_far_base_is_found(void **state)
{
	struct fixture *f = *state;
	uint64_t base = test_pack_blob(&f->making, "base");

	/* A distance of two bytes. */
	for (int i = 0; i < 20; i++) {
		autofree char *text = str_printf("%d and some more text", i);
		test_pack_blob(&f->making, text);
	}
	uint64_t far = test_pack_offset_delta(&f->making, base, "base", "+");
	assert_true(far - base > 128);
	start(f);
	assert_object(f, far, "base+");
}

/* Writes over bytes of the pack behind the head of an object. */
static void damage(struct fixture *f, uint64_t at, const char *bytes, size_t n)
{
	const char *path = f->packs.packs.items[0].path;

	assert_int_equal(chmod(path, 0600), 0);
	autoclose int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, (off_t)at), n);
}

static void assert_damaged(struct fixture *f, uint64_t at)
{
	enum object_type type;
	size_t len;
	struct err err = ERR_INIT;

	autofree uint8_t *data =
	    packed_read(f->packed, 0, at, &type, &len, &err);
	if (data)
		fail_msg("read: '%.*s'", (int)len, data);
	if (err.code != ERR_FORMAT)
		fail_msg("code %d: %s", err.code, err.message);
}

static void a_damaged_object_is_refused(void **state)
{
	struct fixture *f = *state;
	uint64_t text = test_pack_blob(&f->making, "one object of some length");
	uint64_t length = test_pack_blob(&f->making, "12345");
	uint64_t more = test_pack_blob(&f->making, "12345");
	uint64_t base = test_pack_blob(&f->making, "base");
	uint64_t before = test_pack_offset_delta(&f->making, base, "base", "+");
	uint64_t odd = test_pack_blob(&f->making, "12345");
	uint64_t whole = test_pack_blob(&f->making, "whole");

	start(f);
	damage(f, text + 6, "\xff\xff\xff\xff", 4);
	/* It says another length than it has: shorter, longer. */
	damage(f, length, "\x34", 1);
	damage(f, more, "\x36", 1);
	/* A base before the start of the pack; one that is no object. */
	damage(f, before + 1, "\xff", 1);
	/* A type that there is not. */
	damage(f, odd, "\x55", 1);
	assert_damaged(f, odd);
	assert_damaged(f, text);
	assert_damaged(f, length);
	assert_damaged(f, more);
	assert_damaged(f, before);
	/* Behind the end. */
	assert_damaged(f, f->packs.packs.items[0].bytes);
	assert_object(f, whole, "whole");
}

/* Two deltas, each the base of the other. */
static void a_circle_of_deltas_ends(void **state)
{
	struct fixture *f = *state;
	const struct git_id a = test_object_id("blob", "a");
	const struct git_id ax = test_object_id("blob", "ax");

	test_pack_blob(&f->making, "a");
	uint64_t first = test_pack_id_delta(&f->making, &a, "a", "x");
	test_pack_id_delta(&f->making, &ax, "ax", "y");
	start(f);
	/* The first one becomes a delta of itself. */
	damage(f, first + 1, (const char *)ax.bytes, git_id_len(GIT_SHA1));
	assert_damaged(f, first);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_object_is_read_through_its_deltas),
	    TEST(a_far_base_is_found),
	    TEST(a_damaged_object_is_refused),
	    TEST(a_circle_of_deltas_ends),
	};

	return cmocka_run_group_tests_name("packed", tests, NULL, NULL);
}
