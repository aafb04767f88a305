/*
 * A plan that a test makes node by node, with the built-in rules and no
 * target; for tests of what works on plans. Its clusters are "prod" and
 * "edge"; the options name the first alone until the test says otherwise.
 */
#ifndef TESTS_SUPPORT_PLANS_H
#define TESTS_SUPPORT_PLANS_H

#include "restore/plan/plan.h"

struct kube_resource;

struct test_plan {
	struct plan_cluster clusters[2];
	struct plan_options o;
	struct ruleset rules;
	struct plan *p;
};
void test_plan_init(struct test_plan *t);
void test_plan_done(struct test_plan *t);

/* Each adds a node and returns its number; all texts are copied. An object is
 * found by its names, as one that was read. */
uint32_t test_plan_add_git(struct test_plan *t, const char *name);
uint32_t test_plan_add_state(struct test_plan *t, const char *bucket_key);
uint32_t test_plan_add_object(struct test_plan *t, uint16_t cluster,
    const char *api_version, const char *kind, const char *ns,
    const char *name);

/* Good until the next node is added. */
struct plan_node *test_plan_node(const struct test_plan *t, uint32_t node);
uint32_t test_plan_level(const struct test_plan *t, uint32_t node);
/* The edge by which a node needs another directly, or NULL. */
const struct graph_edge *test_plan_edge(
    const struct test_plan *t, uint32_t node, uint32_t needs);

/* What the first target serves: a kind with a namespace, in the version that it
 * prefers and perhaps in another. Good until the next is added. */
struct kube_resource *test_plan_serve(struct test_plan *t, const char *group,
    const char *kind, const char *name, const char *version, const char *other);

/* That there is this warning alone, or, if NULL, none. */
void assert_warned(const struct test_plan *t, const char *warning);

#endif
