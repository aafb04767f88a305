#include "storage/archive/lane_order.h"

#include "tests/support/test.h"

#include <stdatomic.h>

/* The order in which lanes were written, by as many threads. */
struct race {
	struct lane_order order;
	atomic_size_t written;
};
struct racer {
	struct race *race;
	enum archive_rank rank;
	size_t index;
	size_t turn; /* the how-manieth it was */
	pthread_t thread;
};

static void *run(void *ctx)
{
	struct racer *r = ctx;

	lane_order_wait(&r->race->order, r->rank, r->index);
	r->turn = atomic_fetch_add(&r->race->written, 1);
	lane_order_set(&r->race->order, r->rank, r->index, LANE_DONE);
	return NULL;
}

/* Whichever thread comes first, ranks are written one after the other, and each
 * by its indexes. */
static void lanes_are_written_in_their_order(void **state)
{
	(void)state;
	enum { EACH = 3 };
	struct race race = {.written = 0};
	struct racer racers[RANK_COUNT * EACH];
	size_t count = 0;

	lane_order_init(&race.order);
	for (size_t rank = RANK_COUNT; rank-- > 0;)
		for (size_t i = EACH; i-- > 0;) {
			struct racer *r = &racers[count++];
			*r = (struct racer){.race = &race,
			    .rank = (enum archive_rank)rank,
			    .index = i};
			lane_order_set(&race.order, r->rank, i, LANE_OPEN);
			assert_int_equal(
			    pthread_create(&r->thread, NULL, run, r), 0);
		}
	for (size_t rank = 0; rank < RANK_COUNT; rank++)
		lane_order_rank_done(&race.order, (enum archive_rank)rank);
	for (size_t i = 0; i < count; i++)
		pthread_join(racers[i].thread, NULL);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(racers[i].turn,
		    (size_t)racers[i].rank * EACH + racers[i].index);
	assert_true(lane_order_ended(&race.order));
	lane_order_done(&race.order);
}

/* A rank that is not known to be whole may still get a lane: nothing passes
 * it, and an index that nobody has opened yet holds back those behind it. */
static void nothing_passes_what_may_still_come(void **state)
{
	(void)state;
	struct lane_order o;

	lane_order_init(&o);
	lane_order_set(&o, 0, 1, LANE_DONE);
	assert_int_equal(o.rank, 0);
	assert_int_equal(o.index, 0);
	lane_order_set(&o, 0, 0, LANE_OPEN);
	assert_int_equal(o.index, 0);
	lane_order_set(&o, 0, 0, LANE_DONE);
	assert_int_equal(o.index, 2);
	assert_int_equal(o.rank, 0);
	lane_order_rank_done(&o, 0);
	assert_int_equal(o.rank, 1);
	assert_int_equal(o.index, 0);
	lane_order_done(&o);
}

/* A rank can be done while lanes of it are written: it ends with the last. */
static void the_end_waits_for_open_lanes(void **state)
{
	(void)state;
	struct lane_order o;

	lane_order_init(&o);
	lane_order_set(&o, 0, 0, LANE_OPEN);
	for (size_t rank = 0; rank < RANK_COUNT; rank++)
		lane_order_rank_done(&o, (enum archive_rank)rank);
	assert_false(lane_order_ended(&o));
	lane_order_set(&o, 0, 0, LANE_DONE);
	assert_true(lane_order_ended(&o));
	lane_order_done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lanes_are_written_in_their_order),
	    cmocka_unit_test(nothing_passes_what_may_still_come),
	    cmocka_unit_test(the_end_waits_for_open_lanes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
