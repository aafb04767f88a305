#include "restore/apply/summary.h"

#include "storage/base/cleanup.h"
#include "tests/support/runs.h"

#include <stdlib.h>
#include <string.h>

/* Once all nodes are there. */
static void start(struct test_run *f)
{
	graph_order(&f->plan.p->graph);
	test_run_start(f);
	f->run.report->snapshot = str_dup("prod-1");
}

static struct report_item *add_item(struct test_run *f, enum outcome_kind kind)
{
	struct report_item *i = report_add(f->run.report, "g", "x");

	i->outcome.kind = kind;
	return i;
}

static void each_node_is_an_item_in_its_order(void **state)
{
	struct test_run *f = *state;
	uint32_t web = test_plan_add_object(
	    &f->plan, 0, "apps/v1", "Deployment", "ns", "web");
	uint32_t map =
	    test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", "ns", "m");
	uint32_t git = test_plan_add_git(&f->plan, "team/web");
	uint32_t tf = test_plan_add_state(&f->plan, "b/k");
	struct plan_node *barrier = vec_add(&f->plan.p->nodes);

	barrier->kind = PLAN_BARRIER;
	uint32_t b = graph_add_barrier(&f->plan.p->graph, "after git");
	graph_need(&f->plan.p->graph, map, git, EDGE_ORDER, false, "x");
	graph_need(&f->plan.p->graph, web, map, EDGE_ORDER, false, "x");
	graph_need(&f->plan.p->graph, map, b, EDGE_ORDER, false, "x");
	start(f);
	outcome_set(&f->run.outcomes[web], OUTCOME_FAILED, "no");
	f->run.outcomes[tf].kind = OUTCOME_CREATED;
	summary_nodes(&f->run);
	static const struct {
		const char *what, *group;
		uint32_t level;
		enum outcome_kind kind;
	} items[] = {
	    {"repository team/web", "git", 0, OUTCOME_PENDING},
	    {"state b/k", "terraform", 0, OUTCOME_CREATED},
	    {"ConfigMap ns/m", "ConfigMap", 1, OUTCOME_PENDING},
	    {"Deployment.apps ns/web", "Deployment.apps", 2, OUTCOME_FAILED},
	};
	assert_int_equal(f->run.report->items.len, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct report_item *it = &f->run.report->items.items[i];

		assert_string_equal(it->what, items[i].what);
		assert_string_equal(it->group, items[i].group);
		assert_int_equal(it->level, items[i].level);
		assert_int_equal(it->outcome.kind, items[i].kind);
	}
	/* They are the report's now. */
	assert_string_equal(f->run.report->items.items[3].outcome.detail, "no");
	assert_null(f->run.outcomes[web].detail);
}

static void what_differs_is_one_warning(void **state)
{
	struct test_run *f = *state;

	start(f);
	add_item(f, OUTCOME_SKIPPED);
	summary_differs(&f->run);
	assert_int_equal(f->run.report->warnings.len, 0);
	add_item(f, OUTCOME_DIFFERS);
	summary_differs(&f->run);
	add_item(f, OUTCOME_DIFFERS);
	summary_differs(&f->run);
	assert_int_equal(f->run.report->warnings.len, 2);
	assert_contains(f->run.report->warnings.items[0],
	    "1 existing object differs from the snapshot, left unchanged: "
	    "'backstay-restore plan prod-1 --server --existing update --all'");
	assert_contains(f->run.report->warnings.items[1],
	    "2 existing objects differ from the snapshot");
	/* Of another cluster than the source, drift says nothing. */
	assert_null(strstr(f->run.report->warnings.items[1], "drift"));
	f->plan.clusters[0].same_cluster = true;
	summary_differs(&f->run);
	assert_contains(f->run.report->warnings.items[2],
	    "; 'backstay-restore drift prod-1' shows all that differs");
}

/* What a later run makes, or lets go, comes after what may refuse it. */
static void policies_before_what_is_missing_are_named(void **state)
{
	struct test_run *f = *state;
	const struct test_plan *t = &f->plan;
	uint32_t map =
	    test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", "ns", "m");
	uint32_t binding =
	    test_plan_add_object(&f->plan, 0, "admissionregistration.k8s.io/v1",
		"ValidatingAdmissionPolicyBinding", NULL, "owner-label");
	uint32_t quota = test_plan_add_object(
	    &f->plan, 0, "v1", "ResourceQuota", "ns", "there");

	graph_need(&t->p->graph, binding, map, EDGE_ORDER, false, "order");
	start(f);
	f->run.outcomes[map].kind = OUTCOME_CREATED;
	f->run.outcomes[binding].kind = OUTCOME_CREATED;
	f->run.outcomes[quota].kind = OUTCOME_SKIPPED;
	summary_nodes(&f->run);
	summary_policies(&f->run);
	assert_int_equal(f->run.report->warnings.len, 0);
	strvec_add(&f->run.report->held_paused, "Kustomization ns/a");
	summary_policies(&f->run);
	assert_int_equal(f->run.report->warnings.len, 1);
	assert_contains(f->run.report->warnings.items[0],
	    "missing or paused when it is written: "
	    "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io "
	    "owner-label; where one does");
	add_item(f, OUTCOME_FAILED);
	strvec_done(&f->run.report->held_paused);
	summary_policies(&f->run);
	assert_int_equal(f->run.report->warnings.len, 2);
}

/* ---- what to do next ----------------------------------------------------- */

static void assert_next(struct test_run *f, const char *part)
{
	struct report *r = f->run.report;

	free(r->next);
	r->next = NULL;
	summary_next(&f->run);
	if (!part) {
		assert_null(r->next);
		return;
	}
	assert_non_null(r->next);
	assert_contains(r->next, part);
}

static void the_first_that_is_so_says_what_is_next(void **state)
{
	struct test_run *f = *state;

	start(f);
	assert_next(f, NULL);
	strvec_add(&f->run.report->held_paused, "Kustomization ns/a");
	assert_next(f, "1 object is left paused; when all is well, "
		       "'backstay-restore release prod-1'");
	strvec_add(&f->run.report->held_paused, "Kustomization ns/b");
	assert_next(f, "2 objects are left paused");
	add_item(f, OUTCOME_FAILED);
	assert_next(f,
	    "something is missing; put right what the outcomes name, then "
	    "'backstay-restore apply prod-1 --resume', with the other options "
	    "of this run, tries only that, and releases what is left paused");
	f->run.report->stopped = true;
	assert_next(f, "stopped before the end; 'backstay-restore apply prod-1 "
		       "--resume'");
}

static void without_a_pause_nothing_is_released(void **state)
{
	struct test_run *f = *state;

	start(f);
	add_item(f, OUTCOME_FAILED);
	assert_next(f, "tries only that");
	assert_null(strstr(f->run.report->next, "releases"));
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, test_run_setup, test_run_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_node_is_an_item_in_its_order),
	    TEST(what_differs_is_one_warning),
	    TEST(policies_before_what_is_missing_are_named),
	    TEST(the_first_that_is_so_says_what_is_next),
	    TEST(without_a_pause_nothing_is_released),
	};

	return cmocka_run_group_tests_name("apply/summary", tests, NULL, NULL);
}
