#include "storage/git/repo/base_cache.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

enum { MIB = 1024 * 1024, MAX_BYTES = 24 * MIB, MAX_ONE = 3 * MIB };

static void put(struct base_cache *c, size_t pack, uint64_t offset, size_t len)
{
	uint8_t *data = mem_alloc(len);

	data[0] = (uint8_t)offset;
	base_cache_put(c, (struct base){.pack = pack,
			      .offset = offset,
			      .type = OBJECT_BLOB,
			      .data = data,
			      .len = len});
}

static void finds_by_pack_and_offset(void **state)
{
	autofree struct base_cache *c = mem_new(struct base_cache);

	(void)state;
	assert_null(base_cache_get(c, 0, 0));
	put(c, 1, 12, 100);
	const struct base *b = base_cache_get(c, 1, 12);
	assert_non_null(b);
	assert_int_equal(b->len, 100);
	assert_int_equal(b->type, OBJECT_BLOB);
	assert_int_equal(b->data[0], 12);
	/* The same slot, of another pack. */
	assert_null(base_cache_get(c, 0, 13));
	assert_null(base_cache_get(c, 13, 0));
	assert_null(base_cache_get(c, 1, 13));
	base_cache_clear(c);
	assert_null(base_cache_get(c, 1, 12));
	assert_int_equal(c->bytes, 0);
}

static void the_last_of_a_slot_stays(void **state)
{
	autofree struct base_cache *c = mem_new(struct base_cache);

	(void)state;
	put(c, 1, 12, 100);
	put(c, 2, 11, 50);
	assert_null(base_cache_get(c, 1, 12));
	assert_non_null(base_cache_get(c, 2, 11));
	assert_int_equal(c->bytes, 50);
	put(c, 2, 11, 70);
	assert_int_equal(base_cache_get(c, 2, 11)->len, 70);
	assert_int_equal(c->bytes, 70);
	base_cache_clear(c);
}

/* An object that would take the place of many is not kept, and costs none its
 * place. */
static void a_large_one_is_not_kept(void **state)
{
	autofree struct base_cache *c = mem_new(struct base_cache);

	(void)state;
	put(c, 1, 12, MAX_ONE);
	assert_non_null(base_cache_get(c, 1, 12));
	put(c, 2, 11, MAX_ONE + 1);
	assert_null(base_cache_get(c, 2, 11));
	assert_non_null(base_cache_get(c, 1, 12));
	assert_int_equal(c->bytes, MAX_ONE);
	base_cache_clear(c);
}

static void stays_within_its_limit(void **state)
{
	autofree struct base_cache *c = mem_new(struct base_cache);
	size_t kept = 0, bytes = 0;

	(void)state;
	for (uint64_t offset = 0; offset < 40; offset++) {
		put(c, 0, offset, MAX_ONE);
		assert_true(c->bytes <= MAX_BYTES);
		assert_non_null(base_cache_get(c, 0, offset));
	}
	for (uint64_t offset = 0; offset < 40; offset++) {
		const struct base *b = base_cache_get(c, 0, offset);

		if (!b)
			continue;
		assert_int_equal(b->data[0], offset);
		bytes += b->len;
		kept++;
	}
	assert_int_equal(bytes, c->bytes);
	assert_int_equal(kept, 8);
	base_cache_clear(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_by_pack_and_offset),
	    cmocka_unit_test(the_last_of_a_slot_stays),
	    cmocka_unit_test(a_large_one_is_not_kept),
	    cmocka_unit_test(stays_within_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
