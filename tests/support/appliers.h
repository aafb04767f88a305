/*
 * The driver of Kubernetes objects (restore/kube/applier.h) in the middle of a
 * run without a journal: a plan that a test makes, a tree that its objects lie
 * in, and a target that is scripted.
 */
#ifndef TESTS_SUPPORT_APPLIERS_H
#define TESTS_SUPPORT_APPLIERS_H

#include "restore/kube/target.h"
#include "restore/run/run.h"
#include "tests/support/kube_script.h"
#include "tests/support/plans.h"
#include "tests/support/trees.h"

struct test_applier {
	struct test_plan plan;
	struct test_tree tree;
	struct strvec paths; /* of its nodes */
	struct test_kube kube;
	struct run_options run_options;
	struct run run;
	struct applier *a; /* from test_applier_start on */
};
void test_applier_init(struct test_applier *t);
void test_applier_done(struct test_applier *t);

/* A node of the first cluster whose object is that text. */
uint32_t test_applier_add(struct test_applier *t, const char *api_version,
    const char *kind, const char *ns, const char *name, const char *text);
/* Once all nodes are there: the run begins, with a target that gives these
 * replies. */
void test_applier_start(
    struct test_applier *t, const struct script_reply *replies, size_t count);

const struct outcome *test_applier_outcome(
    const struct test_applier *t, uint32_t node);

#endif
