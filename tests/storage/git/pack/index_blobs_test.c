#include "storage/git/pack/index_blobs.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/packs.h"
#include "tests/support/test.h"

#include <git2.h>
#include <stdlib.h>
#include <string.h>

/* Stands before that of the library: any blob that begins with 'F' is refused.
 * (object_digest_test.c says why.) The id of the others is only as long as the
 * content. */
int git_odb_hash(git_oid *id, const void *data, size_t len, git_object_t type)
{
	(void)type;
	memset(id, 0, sizeof(*id));
	memcpy(id->id, &len, sizeof(len));
	return *(const char *)data == 'F' ? -1 : 0;
}

struct fixture {
	struct index_blobs *blobs;
	struct pack_entryvec entries;
	uint8_t *data;
	size_t cap;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->blobs = index_blobs_new(GIT_SHA1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	index_blobs_free(f->blobs);
	vec_done(&f->entries);
	free(f->data);
	free(f);
	return 0;
}

static int add(struct fixture *f, char begin, size_t len, struct err *err)
{
	*vec_add(&f->entries) = (struct pack_entry){.offset = 0};
	if (f->cap < len) {
		f->data = mem_resize(f->data, len, 1);
		f->cap = len;
	}
	memset(f->data, begin, len);
	return index_blobs_add(f->blobs, &f->entries,
	    (uint32_t)f->entries.len - 1, &f->data, &f->cap, len, err);
}

/* More than wait at once, and each at its place. */
static void each_entry_gets_the_id_of_its_blob(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 100; i++)
		assert_ok(add(f, 'b', 1000 + i, &err), err);
	assert_ok(index_blobs_finish(f->blobs, &f->entries, &err), err);
	for (size_t i = 0; i < 100; i++) {
		uint8_t id[GIT_ID_LEN] = {0};
		size_t len = 1000 + i;
		memcpy(id, &len, sizeof(len));
		assert_memory_equal(f->entries.items[i].id, id, GIT_ID_LEN);
	}
}

static void a_refused_blob_is_an_error_later(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	int failed = 0;

	assert_ok(add(f, 'F', 10, &err), err);
	for (size_t i = 0; i < 100 && !failed; i++)
		failed = add(f, 'b', 10, &err);
	assert_int_not_equal(failed, 0);
	assert_int_equal(err.code, ERR_INTEGRITY);
	assert_contains(err.message, "blob of 10 bytes");
}

static void the_last_one_is_refused_at_the_end(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_ok(add(f, 'b', 10, &err), err);
	assert_ok(add(f, 'F', 10, &err), err);
	assert_fails(index_blobs_finish(f->blobs, &f->entries, &err), err,
	    ERR_INTEGRITY);
}

static void what_is_not_finished_is_released(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 5; i++)
		assert_ok(add(f, 'b', 100000, &err), err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		each_entry_gets_the_id_of_its_blob, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		a_refused_blob_is_an_error_later, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		the_last_one_is_refused_at_the_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		what_is_not_finished_is_released, setup, teardown),
	};

	return cmocka_run_group_tests_name("index_blobs", tests, NULL, NULL);
}
