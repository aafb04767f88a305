#include "storage/git/pack/index_beside.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

/* Stands before that of the library: any object that begins with 'F' is
 * refused. (object_digest_test.c says why.) The id of the others is only as
 * long as the content. */
int git_odb_hash(git_oid *id, const void *data, size_t len, git_object_t type)
{
	(void)type;
	memset(id, 0, sizeof(*id));
	memcpy(id->id, &len, sizeof(len));
	return len && *(const char *)data == 'F' ? -1 : 0;
}

struct fixture {
	struct index_pack *ip;
	struct index_beside *beside;
};

static int begin(void **state, bool threads)
{
	const struct index_pack_options o = {.hash = GIT_SHA1, .threads = 2};
	struct fixture *f = calloc(1, sizeof(*f));

	f->ip = index_pack_new(&o);
	f->beside = index_beside_new(f->ip, threads);
	*state = f;
	return 0;
}

static int setup_with_threads(void **state)
{
	return begin(state, true);
}

static int setup_without(void **state)
{
	return begin(state, false);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	index_beside_free(f->beside);
	index_pack_free(f->ip);
	free(f);
	return 0;
}

static int add(
    struct fixture *f, struct pack_entry e, const void *data, struct err *err)
{
	*vec_add(&f->ip->entries) = e;
	uint8_t *room = index_beside_room(f->beside, (size_t)e.size, err);
	if (!room)
		return -1;
	memcpy(room, data, (size_t)e.size);
	index_beside_add(f->beside);
	return 0;
}

static int add_blob(struct fixture *f, char begin, size_t len, struct err *err)
{
	const struct pack_entry e = {
	    .kind = OBJECT_BLOB, .size = len, .base = PACK_NONE};
	autofree char *data = mem_alloc(len + 1);

	memset(data, begin, len);
	return add(f, e, data, err);
}

static int add_delta(struct fixture *f, uint32_t base, const uint8_t *delta,
    size_t len, struct err *err)
{
	*vec_add(&f->ip->entries) = (struct pack_entry){
	    .kind = PACKED_OFS_DELTA, .size = len, .base = base};
	return index_beside_add_delta(f->beside, delta, err);
}

/* Copies three bytes, and adds `more`. */
#define DELTA(more)                                                            \
	{                                                                      \
		3, 4, 0x90, 3, 1, (more)                                       \
	}

static void is_made(struct fixture *f, size_t entry, size_t len)
{
	const struct pack_entry *e = &f->ip->entries.items[entry];
	uint8_t id[GIT_ID_LEN] = {0};

	memcpy(id, &len, sizeof(len));
	assert_int_equal(e->type, OBJECT_BLOB);
	assert_memory_equal(e->id, id, GIT_ID_LEN);
}

static void is_left(struct fixture *f, size_t entry)
{
	assert_int_equal(f->ip->entries.items[entry].type, 0);
}

static void wait_for_all(struct fixture *f)
{
	struct err err = ERR_INIT;

	assert_ok(index_beside_wait(f->beside, &err), err);
}

/* More than wait at once, small and large, and each at its place. */
static void each_entry_gets_the_id_of_its_object(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 5000; i++)
		assert_ok(add_blob(f, 'b', i % 1000 ? i : 300000, &err), err);
	wait_for_all(f);
	for (size_t i = 0; i < 5000; i++)
		is_made(f, i, i % 1000 ? i : 300000);
	assert_ok(add_blob(f, 'b', 77, &err), err);
	wait_for_all(f);
	is_made(f, 5000, 77);
}

static void the_ids_that_objects_name_are_collected(void **state)
{
	const struct pack_entry e = {
	    .kind = OBJECT_TREE, .size = 29, .base = PACK_NONE};
	const uint8_t named[GIT_ID_LEN] = "01234567890123456789";
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_ok(add(f, e, "100644 a\00001234567890123456789", &err), err);
	wait_for_all(f);
	assert_int_equal(f->ip->links.len, 1);
	assert_true(object_links_has(&f->ip->links, named));
}

static void a_delta_of_a_recent_base_is_made(void **state)
{
	const uint8_t delta[] = DELTA('d');
	const uint8_t upon_it[] = {4, 5, 0x90, 4, 1, 'e'};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_ok(add_blob(f, 'a', 3, &err), err);
	assert_ok(add_delta(f, 0, delta, sizeof(delta), &err), err);
	assert_ok(add_delta(f, 1, upon_it, sizeof(upon_it), &err), err);
	wait_for_all(f);
	is_made(f, 1, 4);
	is_made(f, 2, 5);
}

static void a_delta_of_a_base_long_ago_is_left(void **state)
{
	const uint8_t delta[] = DELTA('d');
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_ok(add_blob(f, 'a', 3, &err), err);
	for (size_t i = 0; i < 20; i++)
		assert_ok(add_blob(f, 'b', INDEX_BESIDE_MAX, &err), err);
	assert_ok(add_delta(f, 0, delta, sizeof(delta), &err), err);
	wait_for_all(f);
	is_made(f, 20, INDEX_BESIDE_MAX);
	is_left(f, 21);
}

/* index_deltas.c finds it again, and says what is wrong. */
static void a_delta_that_is_no_good_is_left(void **state)
{
	const uint8_t good[] = DELTA('d');
	const uint8_t beyond[] = {3, 4, 0x90, 9, 1, 'd'};
	const uint8_t of_another[] = {9, 4, 0x90, 3, 1, 'd'};
	const uint8_t too_long[] = {3, 0x81, 0x80, 0x80, 0x80, 0x10};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_ok(add_blob(f, 'a', 3, &err), err);
	assert_ok(add_delta(f, 0, beyond, sizeof(beyond), &err), err);
	assert_ok(add_delta(f, 0, of_another, sizeof(of_another), &err), err);
	assert_ok(add_delta(f, 0, too_long, sizeof(too_long), &err), err);
	assert_ok(add_delta(f, 0, good, 2, &err), err);
	assert_ok(add_delta(f, 1, good, sizeof(good), &err), err);
	assert_ok(add_delta(f, 0, good, sizeof(good), &err), err);
	wait_for_all(f);
	for (size_t i = 1; i < 6; i++)
		is_left(f, i);
	is_made(f, 6, 4);
}

static void what_a_delta_makes_is_refused_too(void **state)
{
	const uint8_t delta[] = {3, 1, 1, 'F'};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_ok(add_blob(f, 'a', 3, &err), err);
	assert_ok(add_delta(f, 0, delta, sizeof(delta), &err), err);
	assert_fails(index_beside_wait(f->beside, &err), err, ERR_INTEGRITY);
}

static void a_refused_object_is_an_error_later(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int failed = 0;

	assert_ok(add_blob(f, 'F', 10, &err), err);
	for (size_t i = 0; i < 100 && !failed; i++)
		failed = add_blob(f, 'b', 200000, &err);
	assert_int_not_equal(failed, 0);
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_contains(err.message, "blob of 10 bytes");
}

static void the_last_one_is_refused_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_ok(add_blob(f, 'b', 10, &err), err);
	assert_ok(add_blob(f, 'F', 10, &err), err);
	assert_fails(index_beside_wait(f->beside, &err), err, ERR_INTEGRITY);
}

static void what_is_not_finished_is_released(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 5; i++)
		assert_ok(add_blob(f, 'b', 100000, &err), err);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(                                       \
	    function, setup_with_threads, teardown),                           \
	    cmocka_unit_test_setup_teardown(function, setup_without, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_entry_gets_the_id_of_its_object),
	    TEST(the_ids_that_objects_name_are_collected),
	    TEST(a_delta_of_a_recent_base_is_made),
	    TEST(a_delta_of_a_base_long_ago_is_left),
	    TEST(a_delta_that_is_no_good_is_left),
	    TEST(what_a_delta_makes_is_refused_too),
	    TEST(a_refused_object_is_an_error_later),
	    TEST(the_last_one_is_refused_at_the_end),
	    TEST(what_is_not_finished_is_released),
	};

	return cmocka_run_group_tests_name("index_beside", tests, NULL, NULL);
}
