#include "agent/kube/late.h"

#include "storage/base/cleanup.h"
#include "tests/support/kube_runs.h"

#include <stdlib.h>

#define BEFORE "2026-01-02T03:04:05Z"
#define AFTER "2026-01-02T03:04:06Z"
#define GEARS "gears.example.com="

static int set_up(void **state)
{
	struct test_kube_run *t = mem_new(struct test_kube_run);

	test_kube_run_init(t);
	t->r.started_ms = INT64_C(1767323045000); /* BEFORE */
	test_kube_serve(&t->r.api, "apiextensions.k8s.io",
	    "CustomResourceDefinition", "customresourcedefinitions", "v1", NULL)
	    ->namespaced = false;
	test_kube_run_job(t, "customresourcedefinitions.apiextensions.k8s.io");
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct test_kube_run *t = *state;

	test_kube_run_done(t);
	free(t);
	return 0;
}

/* A definition that was captured, and since when it is served. */
static void report(struct test_kube_run *t, const char *entry)
{
	strvec_add(&t->r.jobs.items[0].established, entry);
	kube_late_report(&t->r);
}

static void one_that_was_there_before_is_missing(void **state)
{
	struct test_kube_run *t = *state;

	report(t, GEARS BEFORE);
	assert_kube_missing(t,
	    "prod: the objects of gears.example.com: it is defined, and the "
	    "server did not list it yet when the backup began; back up "
	    "again\n");
	assert_kube_warned(t, "");
}

static void one_that_came_meanwhile_is_of_the_next_backup(void **state)
{
	report(*state, GEARS AFTER);
	assert_kube_missing(*state, "");
	assert_kube_warned(*state,
	    "prod: gears.example.com was defined while the backup ran: its "
	    "objects are in the next one\n");
}

static void one_that_is_served_is_captured_by_its_own_job(void **state)
{
	struct test_kube_run *t = *state;

	test_kube_serve(&t->r.api, "example.com", "Gear", "gears", "v1", NULL);
	report(t, GEARS BEFORE);
	assert_kube_missing(t, "");
	assert_kube_warned(t, "");
}

/* A definition that is not served yet, by its own word. */
static void one_that_is_not_established_has_no_objects(void **state)
{
	report(*state, "gears.example.com");
	assert_kube_missing(*state, "");
	assert_kube_warned(*state, "");
}

static void add(struct kube_api_unavailable_vec *v, const char *group_version)
{
	*vec_add(v) = (struct kube_api_unavailable){
	    .group_version = str_dup(group_version),
	    .why = str_dup("it is down")};
}

static void a_group_that_does_not_answer_is_named_as_that(void **state)
{
	static const struct {
		const char *group_version;
		bool broken, named;
	} cases[] = {
	    {"example.com/v1", false, false},
	    {"example.com/v1", true, false},
	    /* Another group whose name begins so. */
	    {"example.com.org/v1", false, true},
	    {"other.com/v1", true, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *own = NULL;

		set_up(&own);
		struct test_kube_run *t = own;
		add(cases[i].broken ? &t->r.api.broken : &t->r.api.unavailable,
		    cases[i].group_version);
		report(t, GEARS BEFORE);
		assert_int_equal(t->report.missing.len, cases[i].named);
		tear_down(&own);
	}
}

static void what_is_not_selected_is_not_missed(void **state)
{
	struct test_kube_run *t = *state;
	cleanup(strvec_done) struct strvec excluded = VEC_INIT;

	strvec_add(&excluded, "*.example.com");
	t->r.run.selection.exclude_resources = &excluded;
	report(t, GEARS BEFORE);
	assert_kube_missing(t, "");
	assert_kube_warned(t, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    TEST(one_that_was_there_before_is_missing),
	    TEST(one_that_came_meanwhile_is_of_the_next_backup),
	    TEST(one_that_is_served_is_captured_by_its_own_job),
	    TEST(one_that_is_not_established_has_no_objects),
	    cmocka_unit_test(a_group_that_does_not_answer_is_named_as_that),
	    TEST(what_is_not_selected_is_not_missed),
	};

	return cmocka_run_group_tests_name("kube/late", tests, NULL, NULL);
}
