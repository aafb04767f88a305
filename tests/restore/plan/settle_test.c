#include "restore/plan/settle.h"

#include "restore/objects/references.h"
#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "tests/support/test.h"

#include <stdlib.h>

/* Nodes are Things of one namespace, each known by its name. */
struct fixture {
	struct plan p;
	struct pending w;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->p = (struct plan){.names = index_new()};
	pending_init(&f->w, &f->p);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	VEC_EACH (&f->p.nodes, n)
		free(n->reason);
	vec_done(&f->p.nodes);
	index_free(f->p.names);
	pending_done(&f->w);
	free(f);
	return 0;
}

static uint32_t add_node(
    struct fixture *f, const char *name, enum plan_action action)
{
	uint32_t node = (uint32_t)f->p.nodes.len;
	struct plan_node *n = vec_add(&f->p.nodes);

	n->kind = PLAN_KUBE;
	n->action = action;
	names_provide(&f->p, node, 0, "example.com", "Thing", "ns", name);
	return node;
}

/* What is left out, and what it owns with it. */
static uint32_t add_left_out(struct fixture *f, const char *name)
{
	uint32_t node = add_node(f, name, PLAN_EXCLUDE);

	f->p.nodes.items[node].with_owned = true;
	return node;
}

static uint32_t key(struct fixture *f, const char *name)
{
	uint32_t at = (uint32_t)f->w.texts.len;

	names_add(&f->w.texts, 0, "example.com", "Thing", "ns", name);
	buf_add(&f->w.texts, "", 1);
	return at;
}

static void add_pending(struct fixture *f, uint32_t node, const char *name,
    enum edge_strength strength, bool made)
{
	uint32_t at = key(f, name);

	*vec_add(&f->w.references) = (struct pending_reference){
	    .node = node, .key = at, .strength = strength, .made = made};
}

static void own(struct fixture *f, uint32_t node, const char *owner)
{
	add_pending(f, node, owner, EDGE_OWNER, false);
}

static void select_label(struct fixture *f, uint32_t node, const char *label)
{
	uint32_t at = key(f, label);

	*vec_add(&f->w.selectors) = (struct pending_reference){
	    .node = node, .key = at, .reason = references_source};
}

static void bear_label(struct fixture *f, uint32_t node, const char *label)
{
	names_provide(&f->p, node, 0, "example.com", "Thing", "ns", label);
}

static void assert_left_out(
    const struct fixture *f, uint32_t node, const char *reason)
{
	const struct plan_node *n = &f->p.nodes.items[node];

	assert_int_equal(n->action, reason ? PLAN_EXCLUDE : PLAN_APPLY);
	if (reason)
		assert_string_equal(n->reason, reason);
}

static const char owned[] = "what owns it is left out";

static void what_is_left_out_takes_along_what_it_owns(void **state)
{
	struct fixture *f = *state;
	/* The youngest first: it is found in a later pass. */
	uint32_t grandchild = add_node(f, "grandchild", PLAN_APPLY);
	uint32_t child = add_node(f, "child", PLAN_APPLY);
	uint32_t stranger = add_node(f, "stranger", PLAN_APPLY);

	add_left_out(f, "parent");
	own(f, grandchild, "child");
	own(f, child, "parent");
	settle_excluded(&f->w);
	assert_left_out(f, child, owned);
	assert_left_out(f, grandchild, owned);
	assert_left_out(f, stranger, NULL);
}

static void one_owner_that_stays_keeps_it(void **state)
{
	struct fixture *f = *state;
	uint32_t child = add_node(f, "child", PLAN_APPLY);

	add_left_out(f, "parent");
	add_node(f, "other", PLAN_APPLY);
	own(f, child, "parent");
	own(f, child, "other");
	settle_excluded(&f->w);
	assert_left_out(f, child, NULL);
}

static void what_is_left_out_alone_takes_nothing_along(void **state)
{
	struct fixture *f = *state;
	uint32_t child = add_node(f, "child", PLAN_APPLY);

	add_node(f, "parent", PLAN_EXCLUDE);
	own(f, child, "parent");
	settle_excluded(&f->w);
	assert_left_out(f, child, NULL);
}

static void an_owner_that_was_not_captured_is_missing_where_it_is_made(
    void **state)
{
	struct fixture *f = *state;
	uint32_t of_pod = add_node(f, "of-pod", PLAN_APPLY);
	uint32_t of_other = add_node(f, "of-other", PLAN_APPLY);

	add_pending(f, of_pod, "pod", EDGE_OWNER, true);
	add_pending(f, of_other, "other", EDGE_OWNER, false);
	/* Another edge says nothing of owners. */
	add_pending(f, of_other, "pod", EDGE_REFERENCE, true);
	settle_excluded(&f->w);
	assert_left_out(f, of_pod, owned);
	assert_left_out(f, of_other, NULL);
}

static void condition(
    struct fixture *f, uint32_t node, const char *by, bool sources)
{
	uint32_t at = key(f, by);

	*vec_add(&f->w.conditions) = (struct pending_condition){
	    .node = node, .key = at, .sources = sources, .reason = "derived"};
}

static void a_condition_asks_whether_the_other_is_there(void **state)
{
	struct fixture *f = *state;
	uint32_t made = add_node(f, "made", PLAN_APPLY);
	uint32_t by_hand = add_node(f, "by-hand", PLAN_APPLY);
	uint32_t child = add_node(f, "child", PLAN_APPLY);

	add_node(f, "maker", PLAN_APPLY);
	condition(f, made, "maker", false);
	condition(f, by_hand, "nobody", false);
	own(f, child, "made");
	settle_excluded(&f->w);
	assert_left_out(f, made, "derived");
	assert_left_out(f, by_hand, NULL);
	assert_left_out(f, child, owned);
}

/* An ExternalSecret makes its Secret again only from a store that is there. */
static void a_maker_without_its_sources_makes_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t kept = add_node(f, "kept", PLAN_APPLY);
	uint32_t lost = add_node(f, "lost", PLAN_APPLY);
	uint32_t gone = add_node(f, "gone", PLAN_APPLY);
	uint32_t whole = add_node(f, "whole", PLAN_APPLY);
	uint32_t half = add_node(f, "half", PLAN_APPLY);

	add_node(f, "store", PLAN_APPLY);
	add_left_out(f, "absent");
	add_pending(f, whole, "store", EDGE_HOLDS, false);
	add_pending(f, half, "store", EDGE_HOLDS, false);
	add_pending(f, half, "no-store", EDGE_HOLDS, false);
	condition(f, lost, "whole", true);
	condition(f, kept, "half", true);
	condition(f, gone, "absent", true);
	settle_excluded(&f->w);
	assert_left_out(f, lost, "derived");
	assert_left_out(f, kept, NULL);
	assert_left_out(f, gone, NULL);
}

static void push_by_name(struct fixture *f, uint32_t by, const char *secret)
{
	add_pending(f, by, secret, EDGE_HOLDS, false);
	f->w.references.items[f->w.references.len - 1].reason =
	    RULES_PUSHED_SECRET;
}

/* While a Secret is not there, a PushSecret deletes what it had pushed. */
static void what_is_pushed_elsewhere_is_not_left_to_its_maker(void **state)
{
	struct fixture *f = *state;
	uint32_t by_name = add_node(f, "by-name", PLAN_APPLY);
	uint32_t by_label = add_node(f, "by-label", PLAN_APPLY);
	uint32_t by_none = add_node(f, "by-none", PLAN_APPLY);
	uint32_t pusher = add_node(f, "pusher", PLAN_APPLY);
	uint32_t absent = add_left_out(f, "absent");

	add_node(f, "maker", PLAN_APPLY);
	condition(f, by_name, "maker", true);
	condition(f, by_label, "maker", true);
	condition(f, by_none, "maker", true);
	push_by_name(f, pusher, "by-name");
	/* Nor does it count what is left out itself. */
	push_by_name(f, absent, "by-none");
	select_label(f, pusher, "push=yes");
	select_label(f, pusher, "team=a");
	select_label(f, absent, "push=no");
	bear_label(f, by_label, "push=yes");
	bear_label(f, by_label, "team=a");
	bear_label(f, by_none, "push=yes");
	bear_label(f, by_none, "push=no");
	settle_excluded(&f->w);
	assert_left_out(f, by_name, NULL);
	assert_left_out(f, by_label, NULL);
	assert_left_out(f, by_none, "derived");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_left_out_takes_along_what_it_owns),
	    TEST(one_owner_that_stays_keeps_it),
	    TEST(what_is_left_out_alone_takes_nothing_along),
	    TEST(an_owner_that_was_not_captured_is_missing_where_it_is_made),
	    TEST(a_condition_asks_whether_the_other_is_there),
	    TEST(a_maker_without_its_sources_makes_nothing),
	    TEST(what_is_pushed_elsewhere_is_not_left_to_its_maker),
	};

	return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
