#include "storage/base/pool.h"

#include "tests/support/test.h"

#include <stdatomic.h>
#include <unistd.h>

enum { MANY = 500 };

struct counts {
	atomic_int running, most, done;
	atomic_int seen[MANY];
};

static void enter(struct counts *c)
{
	int now = atomic_fetch_add(&c->running, 1) + 1;
	int most = atomic_load(&c->most);

	while (
	    now > most && !atomic_compare_exchange_weak(&c->most, &most, now))
		;
	usleep(200);
	atomic_fetch_sub(&c->running, 1);
	atomic_fetch_add(&c->done, 1);
}

static void one(void *ctx, size_t i)
{
	struct counts *c = ctx;

	atomic_fetch_add(&c->seen[i], 1);
	enter(c);
}

static void each_is_done_once_and_no_more_than_asked_at_a_time(void **state)
{
	static struct counts c;

	(void)state;
	pool_each(7, MANY, one, &c);
	assert_int_equal(c.done, MANY);
	assert_in_range(c.most, 2, 7);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(c.seen[i], 1);
	pool_each(4, 0, one, &c);
	assert_int_equal(c.done, MANY);
}

static void job(void *arg)
{
	enter(arg);
}

static void a_short_queue_takes_every_job(void **state)
{
	static struct counts c;
	struct pool *p = pool_new(3, 2);

	(void)state;
	for (int i = 0; i < 100; i++)
		pool_submit(p, job, &c);
	pool_wait(p);
	assert_int_equal(c.done, 100);
	pool_submit(p, job, &c);
	pool_free(p);
	assert_int_equal(c.done, 101);
	assert_in_range(c.most, 1, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		each_is_done_once_and_no_more_than_asked_at_a_time),
	    cmocka_unit_test(a_short_queue_takes_every_job),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
