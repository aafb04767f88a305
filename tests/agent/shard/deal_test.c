#include "agent/shard/deal.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void a_shard_is_one_of_so_many(void **state)
{
	static const char *const bad[] = {"", "/", "1", "1/", "/2", "2/2",
	    "-1/2", "0/0", "0/257", "a/2", "0/2x", " 0/2", "0/2/3"};
	struct err err = ERR_INIT;
	uint32_t index = 9, count = 9;

	(void)state;
	assert_ok(deal_parse("2/4", &index, &count, &err), err);
	assert_int_equal(index, 2);
	assert_int_equal(count, 4);
	assert_ok(deal_parse("0/256", &index, &count, &err), err);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_fails(
		    deal_parse(bad[i], &index, &count, &err), err, ERR_USAGE);
}

static uint32_t by_hash(int i, uint32_t count)
{
	autofree char *name = str_printf("repository-%d", i);
	const struct deal_places none = VEC_INIT;

	return deal_shard(&none, "git", name, count);
}

/* With one shard more, what moves goes to the new one. */
static void hashes_spread_and_stay(void **state)
{
	size_t counts[5] = {0}, moved = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint32_t before = by_hash(i, 4), after = by_hash(i, 5);
		assert_true(before < 4 && after < 5);
		assert_true(after == before || after == 4);
		counts[before]++;
		moved += after != before;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(counts[i], 400, 600);
	assert_in_range(moved, 300, 500);
	/* For ever: who knows a mirror by it must find it. */
	assert_int_equal(by_hash(1, 4), by_hash(1, 4));
}

static void add(struct deal_sources *v, int i, uint64_t bytes)
{
	autofree char *name = str_printf("repository-%d", i);

	deal_sources_add(v, "git", name, bytes);
}

static void large_ones_are_spread_by_size(void **state)
{
	struct deal_sources sources = VEC_INIT;
	struct deal_places places = VEC_INIT, again = VEC_INIT;
	uint64_t loads[4] = {0};

	(void)state;
	for (int i = 0; i < 8; i++)
		add(&sources, i, 1000);
	for (int i = 8; i < 100; i++)
		add(&sources, i, 1);
	deal_large(&sources, 4, &places);
	assert_int_equal(places.len, 8);
	for (int i = 0; i < 8; i++) {
		autofree char *name = str_printf("repository-%d", i);
		loads[deal_shard(&places, "git", name, 4)] += 1000;
	}
	for (int i = 0; i < 4; i++)
		assert_in_range(loads[i], 1000, 3000);
	/* The order in which they are named makes no difference. */
	for (size_t i = 0; i < sources.len / 2; i++) {
		struct deal_source s = sources.items[i];
		sources.items[i] = sources.items[sources.len - 1 - i];
		sources.items[sources.len - 1 - i] = s;
	}
	deal_large(&sources, 4, &again);
	assert_int_equal(again.len, places.len);
	for (size_t i = 0; i < again.len; i++) {
		assert_string_equal(again.items[i].key, places.items[i].key);
		assert_int_equal(again.items[i].shard, places.items[i].shard);
	}
	deal_sources_done(&sources);
	deal_places_done(&places);
	deal_places_done(&again);
}

/* One that is larger than a share takes a shard for itself. */
static void the_largest_is_alone(void **state)
{
	struct deal_sources sources = VEC_INIT;
	struct deal_places places = VEC_INIT;
	uint32_t of[3];

	(void)state;
	add(&sources, 0, 100);
	add(&sources, 1, 1000);
	add(&sources, 2, 110);
	deal_large(&sources, 2, &places);
	for (int i = 0; i < 3; i++) {
		autofree char *name = str_printf("repository-%d", i);
		of[i] = deal_shard(&places, "git", name, 2);
	}
	assert_int_not_equal(of[0], of[1]);
	assert_int_equal(of[0], of[2]);
	deal_sources_done(&sources);
	deal_places_done(&places);
}

static void nothing_is_dealt_where_nothing_is_known(void **state)
{
	struct deal_sources sources = VEC_INIT;
	struct deal_places places = VEC_INIT;

	(void)state;
	deal_large(&sources, 4, &places);
	assert_int_equal(places.len, 0);
	add(&sources, 0, 100);
	deal_large(&sources, 1, &places);
	assert_int_equal(places.len, 0);
	assert_int_equal(deal_shard(&places, "git", "repository-0", 1), 0);
	/* A place of a run with more shards counts for nothing. */
	deal_places_add(&places, "git/repository-0", 7);
	assert_true(deal_shard(&places, "git", "repository-0", 2) < 2);
	deal_sources_done(&sources);
	deal_places_done(&places);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_shard_is_one_of_so_many),
	    cmocka_unit_test(hashes_spread_and_stay),
	    cmocka_unit_test(large_ones_are_spread_by_size),
	    cmocka_unit_test(the_largest_is_alone),
	    cmocka_unit_test(nothing_is_dealt_where_nothing_is_known),
	};

	return cmocka_run_group_tests_name("shard/deal", tests, NULL, NULL);
}
