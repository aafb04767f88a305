#include "storage/git/pack/copy.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/pack/index_pack.h"
#include "storage/git/repo/packed_head.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char *dir;
	struct test_pack making;
	struct packs packs;
	struct strvec object_dirs;
	struct repo *repo;
	struct buf copy;
	size_t room; /* for the copy */
	struct object_links wanted;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->dir = test_dir_make();
	f->room = SIZE_MAX;
	test_repository(f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	repo_free(f->repo);
	strvec_done(&f->object_dirs);
	packs_done(&f->packs);
	object_links_done(&f->wanted);
	buf_done(&f->making.bytes);
	buf_done(&f->copy);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void keep(struct fixture *f)
{
	test_pack_keep(&f->making, f->dir);
}

/* Once all packs are there. */
static void begin(struct fixture *f)
{
	assert_ok(packs_open(&f->packs, f->dir, &f->err), f->err);
	f->repo = repo_open_unborn(f->dir, GIT_SHA1, &f->err);
	if (!f->repo)
		fail_msg("%s", f->err.message);
	autofree char *objects = file_join(f->dir, "objects");
	strvec_add(&f->object_dirs, objects);
}

static int on_data(void *ctx, const void *data, size_t len, struct err *err)
{
	struct fixture *f = ctx;

	if (len > f->room - f->copy.len)
		return err_set(err, ERR_SYSTEM, "no room");
	buf_add(&f->copy, data, len);
	return 0;
}

static void want(struct fixture *f, const char *content)
{
	object_links_add(&f->wanted, test_object_id("blob", content).bytes);
}

static int copy_some(struct fixture *f, const struct cancel *cancel)
{
	const struct pack_copy_from from = {.packs = &f->packs,
	    .object_dirs = &f->object_dirs,
	    .repo = f->repo};

	f->err = (struct err)ERR_INIT;
	buf_clear(&f->copy);
	return pack_copy_some(&from, &f->wanted, on_data, f, cancel, &f->err);
}

static int copy_all(struct fixture *f, const struct cancel *cancel)
{
	f->err = (struct err)ERR_INIT;
	buf_clear(&f->copy);
	return pack_copy_all(&f->packs, on_data, f, cancel, &f->err);
}

/* What reads packs as they arrive computes all ids anew: so a distance that was
 * adjusted wrongly is found. */
static struct index_pack *index_copy(struct fixture *f)
{
	const struct index_pack_options o = {.hash = GIT_SHA1,
	    .read_at = test_pack_read_at,
	    .ctx = &f->copy,
	    .threads = 1};
	struct index_pack *ip = index_pack_new(&o);

	assert_ok(
	    index_pack_feed(ip, f->copy.data, f->copy.len, &f->err), f->err);
	assert_ok(index_pack_resolve(ip, &f->err), f->err);
	return ip;
}

static void holds(struct fixture *f, const char *const *contents, size_t count)
{
	cleanup(index_pack_freep) struct index_pack *ip = index_copy(f);

	assert_int_equal(index_pack_count(ip), count);
	for (size_t i = 0; i < count; i++)
		if (!index_pack_has(
			ip, test_object_id("blob", contents[i]).bytes))
			fail_msg("no '%s'", contents[i]);
}

/* How a blob is stored in the copy. */
static struct packed_head head_of(struct fixture *f, const char *content)
{
	cleanup(index_pack_freep) struct index_pack *ip = index_copy(f);
	const struct git_id id = test_object_id("blob", content);
	struct packed_head head;
	size_t i = 0;

	while (memcmp(index_pack_id(ip, i), id.bytes, sizeof(id.bytes)) != 0)
		assert_true(++i < index_pack_count(ip));
	const uint64_t at = index_pack_offset(ip, i);
	assert_true(packed_head_parse(GIT_SHA1, (uint8_t *)f->copy.data + at,
			f->copy.len - at, &head) > 0);
	return head;
}

/* A text of letters that do not compress, to put deltas far from bases. */
static void noise(char *text, size_t len, uint64_t seed)
{
	struct test_random random;

	test_random_init(&random, seed);
	for (size_t i = 0; i + 1 < len; i++)
		text[i] = (char)('!' + random_below(&random.random, 90));
	text[len - 1] = '\0';
}

static void one_pack_is_its_own_copy(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf whole = BUF_INIT;

	test_pack_blob(&f->making, "one");
	test_pack_blob(&f->making, "two");
	test_pack_end(&f->making, &whole);
	keep(f);
	begin(f);
	assert_ok(copy_all(f, NULL), f->err);
	assert_int_equal(f->copy.len, whole.len);
	assert_memory_equal(f->copy.data, whole.data, whole.len);
}

static void no_pack_makes_an_empty_one(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_ok(copy_all(f, NULL), f->err);
	assert_int_equal(f->copy.len, 12 + 20);
	holds(f, NULL, 0);
	assert_ok(copy_some(f, NULL), f->err);
	holds(f, NULL, 0);
}

/* What two packs have is in the copy once; deltas find their bases at other
 * distances, of one byte or more. */
static void packs_are_joined_without_doubles(void **state)
{
	struct fixture *f = *state;
	char between[400], far[20000];
	const char *const contents[] = {
	    "one", "one!", "one?", "shared", "shared+", between, far};
	const struct git_id shared = test_object_id("blob", "shared");

	noise(between, sizeof(between), 1);
	noise(far, sizeof(far), 2);
	uint64_t base = test_pack_blob(&f->making, "one");
	test_pack_offset_delta(&f->making, base, "one", "!");
	test_pack_blob(&f->making, "shared");
	keep(f);
	base = test_pack_blob(&f->making, "one");
	test_pack_blob(&f->making, between);
	test_pack_blob(&f->making, far);
	test_pack_offset_delta(&f->making, base, "one", "?");
	test_pack_blob(&f->making, "shared");
	test_pack_id_delta(&f->making, &shared, "shared", "+");
	keep(f);
	begin(f);
	assert_int_equal(f->packs.packs.len, 2);
	assert_ok(copy_all(f, NULL), f->err);
	holds(f, contents, sizeof(contents) / sizeof(*contents));
}

/* Without its base a delta is of no use: it is unpacked. With it, it stays as
 * small as it was. */
static void a_delta_is_copied_with_its_base_or_whole(void **state)
{
	static const char *const both[] = {"one", "one!"};
	static const char *const alone[] = {"one!", "two!"};
	struct fixture *f = *state;
	const struct git_id two = test_object_id("blob", "two");
	char skipped[400];

	noise(skipped, sizeof(skipped), 3);
	uint64_t base = test_pack_blob(&f->making, "one");
	test_pack_blob(&f->making, skipped);
	test_pack_offset_delta(&f->making, base, "one", "!");
	test_pack_blob(&f->making, "two");
	test_pack_id_delta(&f->making, &two, "two", "!");
	keep(f);
	begin(f);
	want(f, "one");
	want(f, "one!");
	assert_ok(copy_some(f, NULL), f->err);
	holds(f, both, 2);
	struct packed_head head = head_of(f, "one!");
	assert_int_equal(head.kind, PACKED_OFS_DELTA);
	assert_in_range(head.back, 1, 127); /* the text between is left out */
	object_links_done(&f->wanted);
	f->wanted = (struct object_links)OBJECT_LINKS_INIT;
	want(f, "one!");
	want(f, "two!");
	assert_ok(copy_some(f, NULL), f->err);
	holds(f, alone, 2);
	assert_int_equal(head_of(f, "one!").kind, OBJECT_BLOB);
	assert_int_equal(head_of(f, "two!").kind, OBJECT_BLOB);
}

static void loose_objects_complete_it(void **state)
{
	static const char *const contents[] = {"loose", "packed"};
	struct fixture *f = *state;
	const struct git_id loose = test_object_id("blob", "loose");

	test_pack_blob(&f->making, "packed");
	test_pack_blob(&f->making, "not wanted");
	keep(f);
	test_loose(f->dir, &loose, "blob", "loose");
	begin(f);
	want(f, "loose");
	want(f, "packed");
	assert_ok(copy_some(f, NULL), f->err);
	holds(f, contents, 2);
}

/* Packed by another program after the indexes were read. */
static void what_was_packed_meanwhile_is_found(void **state)
{
	static const char *const contents[] = {"early", "late"};
	struct fixture *f = *state;

	test_pack_blob(&f->making, "early");
	keep(f);
	begin(f);
	test_pack_blob(&f->making, "late");
	keep(f);
	want(f, "early");
	want(f, "late");
	assert_ok(copy_some(f, NULL), f->err);
	holds(f, contents, 2);
}

static void what_does_not_exist_is_not_found(void **state)
{
	struct fixture *f = *state;

	test_pack_blob(&f->making, "one");
	keep(f);
	begin(f);
	want(f, "one");
	want(f, "gone");
	assert_int_equal(copy_some(f, NULL), -1);
	assert_int_equal(f->err.code, ERR_NOT_FOUND);
}

static void more_than_a_pack_can_hold_is_refused(void **state)
{
	struct fixture *f = *state;

	begin(f);
	f->wanted.len = (size_t)UINT32_MAX + 1;
	assert_int_equal(copy_some(f, NULL), -1);
	f->wanted.len = 0;
	assert_int_equal(f->err.code, ERR_FORMAT);
	assert_string_equal(
	    f->err.message, "more objects than a pack can hold");
	assert_int_equal(f->copy.len, 0);
}

/* It is there, so nobody needs to look elsewhere. */
static void a_loose_object_that_is_damaged_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct git_id id = test_object_id("blob", "one");
	char hex[GIT_ID_HEX];

	test_loose(f->dir, &id, "blob", "one");
	git_id_hex(GIT_SHA1, id.bytes, hex);
	autofree char *path =
	    str_printf("%s/objects/%.2s/%s", f->dir, hex, hex + 2);
	assert_int_equal(truncate(path, 4), 0);
	begin(f);
	want(f, "one");
	assert_int_equal(copy_some(f, NULL), -1);
	assert_int_equal(f->err.code, ERR_FORMAT);
	assert_contains(f->err.message, path);
}

static void a_full_disk_and_a_stop_end_it(void **state)
{
	struct fixture *f = *state;
	struct cancel cancel = {0};

	test_pack_blob(&f->making, "one");
	keep(f);
	begin(f);
	want(f, "one");
	f->room = 14;
	assert_int_equal(copy_all(f, NULL), -1);
	assert_string_equal(f->err.message, "no room");
	assert_int_equal(copy_some(f, NULL), -1);
	assert_string_equal(f->err.message, "no room");
	f->room = SIZE_MAX;
	cancel_request(&cancel);
	assert_int_equal(copy_all(f, &cancel), -1);
	assert_int_equal(f->err.code, ERR_CANCELLED);
	assert_int_equal(copy_some(f, &cancel), -1);
	assert_int_equal(f->err.code, ERR_CANCELLED);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_pack_is_its_own_copy),
	    TEST(no_pack_makes_an_empty_one),
	    TEST(packs_are_joined_without_doubles),
	    TEST(a_delta_is_copied_with_its_base_or_whole),
	    TEST(loose_objects_complete_it),
	    TEST(what_was_packed_meanwhile_is_found),
	    TEST(what_does_not_exist_is_not_found),
	    TEST(more_than_a_pack_can_hold_is_refused),
	    TEST(a_loose_object_that_is_damaged_is_refused),
	    TEST(a_full_disk_and_a_stop_end_it),
	};

	return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
