#include "storage/git/pack/origin.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/git/repo/object_links.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A pack of a blob, a delta by distance, a blob, and a delta by id. */
enum { ONE, ONE_MORE, TWO, TWO_MORE, COUNT };
static const char *const contents[] = {"one", "one!", "two", "two!"};

struct fixture {
	char *dir;
	struct packs packs;
	const struct pack *pack;
	struct origin origin;
	uint64_t at[COUNT]; /* where they begin */
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct test_pack p = {.bytes = BUF_INIT};
	const struct git_id two = test_object_id("blob", "two");

	f->dir = test_dir_make();
	f->origin = (struct origin)ORIGIN_INIT;
	test_repository(f->dir);
	f->at[ONE] = test_pack_blob(&p, "one");
	f->at[ONE_MORE] = test_pack_offset_delta(&p, f->at[ONE], "one", "!");
	f->at[TWO] = test_pack_blob(&p, "two");
	f->at[TWO_MORE] = test_pack_id_delta(&p, &two, "two", "!");
	test_pack_keep(&p, f->dir);
	if (packs_open(&f->packs, f->dir, &f->err))
		fail_msg("%s", f->err.message);
	f->pack = &f->packs.packs.items[0];
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	origin_done(&f->origin);
	packs_done(&f->packs);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static void begin(struct fixture *f)
{
	assert_ok(origin_open(&f->origin, f->pack, &f->err), f->err);
}

static struct origin_slot *slot_of(struct fixture *f, size_t object)
{
	const struct git_id id = test_object_id("blob", contents[object]);
	struct origin_slot *slot = origin_find(&f->origin, id.bytes);

	assert_non_null(slot);
	return slot;
}

/* The file of the pack, which is written for its owner only to read. */
static void replace(struct fixture *f, const struct buf *bytes)
{
	assert_int_equal(unlink(f->pack->path), 0);
	assert_ok(
	    file_write_durably(f->pack->path, bytes->data, bytes->len, &f->err),
	    f->err);
}

static void read_pack(struct fixture *f, struct buf *bytes)
{
	assert_ok(file_read(f->pack->path, 1 << 20, bytes, &f->err), f->err);
}

static void slots_follow_each_other_to_the_trailer(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(f->origin.end, f->pack->bytes - 20);
	for (size_t i = 0; i < COUNT; i++) {
		struct origin_slot *slot = slot_of(f, i);
		const struct git_id id = pack_id(f->pack, slot->id);
		const struct git_id own = test_object_id("blob", contents[i]);
		assert_ptr_equal(slot, &f->origin.slots[i]);
		assert_memory_equal(&id, &own, sizeof(id));
		assert_int_equal(slot->offset, f->at[i]);
		assert_int_equal(slot->copied_to, 0);
		assert_int_equal(origin_slot_end(&f->origin, slot),
		    i + 1 < COUNT ? f->at[i + 1] : f->origin.end);
	}
	const struct git_id none = test_object_id("blob", "none");
	assert_null(origin_find(&f->origin, none.bytes));
}

static void heads_name_what_is_stored_and_its_base(void **state)
{
	struct fixture *f = *state;
	const struct git_id two = test_object_id("blob", "two");
	struct stored s;

	begin(f);
	assert_ok(
	    origin_head(&f->origin, slot_of(f, ONE), &s, &f->err), f->err);
	assert_int_equal(s.is.kind, OBJECT_BLOB);
	assert_int_equal(s.is.size, 3);
	assert_int_equal(s.is.len, 1);
	assert_null(s.base);
	assert_ok(
	    origin_head(&f->origin, slot_of(f, ONE_MORE), &s, &f->err), f->err);
	assert_int_equal(s.is.kind, PACKED_OFS_DELTA);
	assert_int_equal(s.is.type_len, 1);
	assert_int_equal(s.is.len, 2);
	assert_ptr_equal(s.base, slot_of(f, ONE));
	/* By its id it may be in another pack. */
	assert_ok(
	    origin_head(&f->origin, slot_of(f, TWO_MORE), &s, &f->err), f->err);
	assert_int_equal(s.is.kind, PACKED_REF_DELTA);
	assert_int_equal(s.is.len, 21);
	assert_memory_equal(s.is.base_id, two.bytes, 20);
	assert_null(s.base);
	/* The bytes themselves are there for who copies them. */
	uint8_t head[21];
	assert_ok(origin_read(
		      &f->origin, f->at[TWO_MORE], head, sizeof(head), &f->err),
	    f->err);
	assert_memory_equal(s.head, head, sizeof(head));
}

/* Between two objects, at the delta itself, and before all of them. */
static void a_distance_that_leads_to_no_object_is_refused(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf bytes = BUF_INIT;
	const uint64_t right = f->at[ONE_MORE] - f->at[ONE];
	const uint64_t wrong[] = {right - 1, right + 1, 0, 127};
	struct stored s;
	struct err err;

	read_pack(f, &bytes);
	assert_int_equal(bytes.data[f->at[ONE_MORE] + 1], (char)right);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		bytes.data[f->at[ONE_MORE] + 1] = (char)wrong[i];
		replace(f, &bytes);
		begin(f);
		assert_fails(
		    origin_head(&f->origin, slot_of(f, ONE_MORE), &s, &err),
		    err, ERR_FORMAT);
		assert_contains(err.message, f->pack->path);
		origin_done(&f->origin);
		f->origin = (struct origin)ORIGIN_INIT;
	}
}

/* Type 0 and type 5 do not exist, and a length must end. */
static void a_head_that_is_none_is_refused(void **state)
{
	static const unsigned char wrong[] = {0x03, 0x53};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf bytes = BUF_INIT;
	struct stored s;
	struct err err;

	read_pack(f, &bytes);
	for (size_t i = 0; i < sizeof(wrong); i++) {
		bytes.data[f->at[TWO]] = (char)wrong[i];
		replace(f, &bytes);
		begin(f);
		assert_fails(origin_head(&f->origin, slot_of(f, TWO), &s, &err),
		    err, ERR_FORMAT);
		origin_done(&f->origin);
		f->origin = (struct origin)ORIGIN_INIT;
	}
	for (uint64_t i = f->at[TWO]; i < f->at[TWO_MORE]; i++)
		bytes.data[i] = (char)0xb3;
	replace(f, &bytes);
	begin(f);
	assert_fails(origin_head(&f->origin, slot_of(f, TWO), &s, &err), err,
	    ERR_FORMAT);
}

static void a_file_that_its_index_is_not_of_is_refused(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf bytes = BUF_INIT;
	struct err err;

	read_pack(f, &bytes);
	/* Too short for a header and a trailer. */
	bytes.len = 12 + 20 - 1;
	replace(f, &bytes);
	assert_fails(origin_open(&f->origin, f->pack, &err), err, ERR_FORMAT);
	assert_contains(err.message, "is not a pack");
	origin_done(&f->origin);
	/* The last object would begin where the trailer does. */
	bytes.len = f->at[TWO_MORE] + 20;
	replace(f, &bytes);
	assert_fails(origin_open(&f->origin, f->pack, &err), err, ERR_FORMAT);
	assert_contains(err.message, "do not belong together");
	origin_done(&f->origin);
	assert_int_equal(unlink(f->pack->path), 0);
	assert_fails(
	    origin_open(&f->origin, f->pack, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, f->pack->path);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(slots_follow_each_other_to_the_trailer),
	    TEST(heads_name_what_is_stored_and_its_base),
	    TEST(a_distance_that_leads_to_no_object_is_refused),
	    TEST(a_head_that_is_none_is_refused),
	    TEST(a_file_that_its_index_is_not_of_is_refused),
	};

	return cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
