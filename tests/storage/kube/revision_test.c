#include "storage/kube/revision.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>

static void assert_asked(struct kube_revision *r, const char *expected)
{
	autofree char *now = kube_revision_ask(r);

	if (expected)
		assert_string_equal(now, expected);
	else
		assert_null(now);
}

static void the_first_finds_it_for_all(void **state)
{
	struct kube_revision r;

	(void)state;
	kube_revision_init(&r);
	assert_asked(&r, NULL);
	kube_revision_found(&r, "100");
	assert_asked(&r, "100");
	assert_asked(&r, "100");
	assert_int_equal(r.all.len, 1);
	kube_revision_done(&r);
}

/* A list that failed, or that names no revision, leaves the search to the
 * next. */
static void the_next_searches_where_one_found_none(void **state)
{
	struct kube_revision r;

	(void)state;
	kube_revision_init(&r);
	assert_asked(&r, NULL);
	kube_revision_found(&r, NULL);
	assert_asked(&r, NULL);
	kube_revision_found(&r, "");
	assert_asked(&r, NULL);
	kube_revision_found(&r, "7");
	assert_asked(&r, "7");
	kube_revision_done(&r);
}

static void one_that_the_server_forgot_is_searched_again(void **state)
{
	struct kube_revision r;

	(void)state;
	kube_revision_init(&r);
	assert_asked(&r, NULL);
	kube_revision_found(&r, "100");
	kube_revision_gone(&r, "100");
	assert_asked(&r, NULL);
	kube_revision_found(&r, "200");
	/* Another list is late to notice that the old one is gone. */
	kube_revision_gone(&r, "100");
	assert_asked(&r, "200");
	kube_revision_gone(&r, "200");
	assert_asked(&r, NULL);
	kube_revision_found(&r, "200");
	assert_int_equal(r.all.len, 2);
	assert_string_equal(r.all.items[0], "100");
	assert_string_equal(r.all.items[1], "200");
	kube_revision_done(&r);
}

static void *ask(void *arg)
{
	return kube_revision_ask(arg);
}

/* Whether the other thread asks before or after it was found, it gets the
 * same. */
static void others_wait_until_it_is_found(void **state)
{
	struct kube_revision r;
	pthread_t threads[4];

	(void)state;
	kube_revision_init(&r);
	assert_asked(&r, NULL);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask, &r), 0);
	kube_revision_found(&r, "42");
	for (size_t i = 0; i < 4; i++) {
		void *now = NULL;

		assert_int_equal(pthread_join(threads[i], &now), 0);
		assert_string_equal(now, "42");
		free(now);
	}
	kube_revision_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_finds_it_for_all),
	    cmocka_unit_test(the_next_searches_where_one_found_none),
	    cmocka_unit_test(one_that_the_server_forgot_is_searched_again),
	    cmocka_unit_test(others_wait_until_it_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
