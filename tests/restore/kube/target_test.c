/* What is known of the clusters that a restore writes to. */
#include "restore/kube/target.h"

#include "storage/base/mem.h"
#include "tests/support/appliers.h"

#include <stdlib.h>

struct fixture {
	struct test_applier t;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_applier_init(&f->t);
	f->t.plan.o.cluster_count = 2;
	test_applier_start(&f->t, NULL, 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_applier_done(&f->t);
	free(f);
	return 0;
}

static void no_webhook_is_away_at_first(void **state)
{
	struct fixture *f = *state;

	assert_false(target_webhook_is_away(f->t.a, 0));
	assert_false(target_webhook_is_away(f->t.a, 1));
}

static void each_cluster_has_its_own_webhooks(void **state)
{
	struct fixture *f = *state;

	target_note_webhook(f->t.a, 1);
	assert_false(target_webhook_is_away(f->t.a, 0));
	assert_true(target_webhook_is_away(f->t.a, 1));
}

/* What was applied since may have brought it back. */
static void it_is_tried_again_once_the_run_has_advanced(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		target_note_webhook(f->t.a, 0);
		assert_true(target_webhook_is_away(f->t.a, 0));
		f->t.run.advance++;
		assert_false(target_webhook_is_away(f->t.a, 0));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(no_webhook_is_away_at_first),
	    TEST(each_cluster_has_its_own_webhooks),
	    TEST(it_is_tried_again_once_the_run_has_advanced),
	};

	return cmocka_run_group_tests_name("kube/target", tests, NULL, NULL);
}
