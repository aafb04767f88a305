/* When the nodes of a layer may be restored. */
#include "restore/apply/layer_start.h"

#include "storage/base/cleanup.h"
#include "tests/support/runs.h"

#include <stdlib.h>

enum { BASE, APPS, ASIDE, UNASSIGNED, LAYERS };

/* base, then by hand apps, and aside, which waits for nothing. */
struct fixture {
	struct test_run *t;
	struct layers layers;
	struct level_layer_state states[LAYERS];
	struct apply_driver kube, states_driver;
	const struct apply_driver *drivers[PLAN_BARRIER];
	struct level_engine e;
	struct strvec approved;
	struct apply_approval approval;
	enum gate_state gate;	  /* of every object */
	enum outcome_kind target; /* what the check of a state finds */
	bool says_yes;
	struct buf asked; /* "apps:2 " */
};

static enum gate_state ready(void *ctx, uint32_t node)
{
	(void)node;
	return ((struct fixture *)ctx)->gate;
}

static enum apply_result check(
    void *ctx, uint32_t node, struct outcome *outcome, struct err *err)
{
	struct fixture *f = ctx;

	(void)node;
	if (f->target == OUTCOME_FAILED)
		return err_set(err, ERR_NETWORK, "no answer"), APPLY_POINTLESS;
	outcome_set(outcome, f->target, "it is there");
	return APPLY_ENDED;
}

static bool ask(void *ctx, const char *layer, size_t nodes)
{
	struct fixture *f = ctx;

	buf_printf(&f->asked, "%s:%zu ", layer, nodes);
	return f->says_yes;
}

static int set_up(void **state)
{
	static const char *const names[] = {"base", "apps", "aside"};
	struct fixture *f = mem_new(struct fixture);
	void *run;

	test_run_setup(&run);
	f->t = run;
	for (size_t i = 0; i < 3; i++)
		vec_add(&f->layers.items)->name = str_dup(names[i]);
	strvec_add(&f->layers.items.items[APPS].depends_on, "base");
	f->layers.items.items[APPS].manual = true;
	f->t->plan.o.layers = &f->layers;
	f->kube = (struct apply_driver){.ctx = f, .ready = ready};
	f->states_driver = (struct apply_driver){.ctx = f, .check = check};
	f->drivers[PLAN_KUBE] = &f->kube;
	f->drivers[PLAN_STATE] = &f->states_driver;
	f->gate = GATE_PASSED;
	f->target = OUTCOME_PENDING;
	f->approval = (struct apply_approval){
	    .approved = &f->approved, .ask = ask, .ctx = f};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	void *run = f->t;

	for (size_t i = 0; i < LAYERS; i++)
		free(f->states[i].reason);
	test_run_teardown(&run);
	layers_done(&f->layers);
	strvec_done(&f->approved);
	buf_done(&f->asked);
	free(f);
	return 0;
}

static uint32_t add(struct fixture *f, size_t layer, const char *name)
{
	uint32_t node =
	    test_plan_add_object(&f->t->plan, 0, "v1", "ConfigMap", "ns", name);

	test_plan_node(&f->t->plan, node)->layer = (uint16_t)layer;
	test_plan_node(&f->t->plan, node)->awaited = true;
	return node;
}

static void start(struct fixture *f)
{
	test_run_start(f->t);
	f->e.run = &f->t->run;
	f->e.drivers = f->drivers;
	f->e.layers = f->states;
	f->e.approval = &f->approval;
}

static void set(struct fixture *f, uint32_t node, enum outcome_kind kind)
{
	f->t->run.outcomes[node].kind = kind;
}

static void assert_layer(
    struct fixture *f, size_t layer, enum level_layer expected)
{
	enum level_layer is = layer_start(&f->e, layer);

	if (is != expected)
		fail_msg("layer %zu: %d", layer, (int)is);
	/* It is remembered. */
	assert_int_equal(f->states[layer].state, expected);
}

/* ---- approvals of the command line --------------------------------------- */

static void assert_refused(struct fixture *f, const char *message)
{
	struct err err;

	assert_fails(layer_start_check(&f->e, &err), err, ERR_USAGE);
	assert_string_equal(err.message, message);
}

static void an_approval_is_for_a_manual_layer(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add(f, APPS, "a");
	start(f);
	assert_ok(layer_start_check(&f->e, &err), err);
	strvec_add(&f->approved, "apps");
	assert_ok(layer_start_check(&f->e, &err), err);
	strvec_add(&f->approved, "base");
	assert_refused(f, "--approve base: this layer needs no approval; it "
			  "is not manual");
	strvec_done(&f->approved);
	strvec_add(&f->approved, "unassigned");
	assert_refused(f, "--approve unassigned: this layer needs no "
			  "approval; it is not manual");
	strvec_done(&f->approved);
	strvec_add(&f->approved, "app");
	assert_refused(f, "--approve app: there is no layer of that name; "
			  "`plan` lists them");
	f->e.approval = NULL;
	assert_ok(layer_start_check(&f->e, &err), err);
}

static void a_platform_without_layers_needs_no_approval(void **state)
{
	struct fixture *f = *state;

	start(f);
	f->t->plan.o.layers = NULL;
	strvec_add(&f->approved, "apps");
	assert_refused(f, "--approve apps: there is no layer of that name; "
			  "`plan` lists them");
}

static void the_first_that_waits_is_approved_first(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	uint32_t a = add(f, APPS, "a");

	strvec_add(&f->layers.items.items[ASIDE].depends_on, "apps");
	f->layers.items.items[ASIDE].manual = true;
	start(f);
	strvec_add(&f->approved, "aside");
	assert_refused(f, "--approve aside: it comes after layer 'apps', "
			  "which is not approved; approve that one first");
	strvec_add(&f->approved, "apps");
	assert_ok(layer_start_check(&f->e, &err), err);
	strvec_done(&f->approved);
	strvec_add(&f->approved, "aside");
	/* What has nothing left to write needs no approval. */
	set(f, a, OUTCOME_CREATED);
	assert_ok(layer_start_check(&f->e, &err), err);
}

/* ---- approval ------------------------------------------------------------ */

static void a_manual_layer_waits_for_somebody(void **state)
{
	struct fixture *f = *state;

	add(f, APPS, "a");
	add(f, APPS, "b");
	start(f);
	assert_layer(f, APPS, LEVEL_LAYER_WAITS);
	assert_string_equal(buf_str(&f->asked), "apps:2 ");
	assert_string_equal(layer_start_waiting(&f->e), "apps");
	/* Asked once. */
	assert_layer(f, APPS, LEVEL_LAYER_WAITS);
	layer_start_again(&f->e);
	assert_layer(f, APPS, LEVEL_LAYER_WAITS);
	assert_string_equal(buf_str(&f->asked), "apps:2 ");
	/* Others go on. */
	assert_layer(f, ASIDE, LEVEL_LAYER_OPEN);
}

static void somebody_may_say_yes_or_have_said_so(void **state)
{
	for (int by_option = 0; by_option < 2; by_option++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		add(f, APPS, "a");
		f->says_yes = !by_option;
		if (by_option)
			strvec_add(&f->approved, "apps");
		start(f);
		assert_layer(f, APPS, LEVEL_LAYER_OPEN);
		assert_string_equal(
		    buf_str(&f->asked), by_option ? "" : "apps:1 ");
		tear_down(&one);
	}
	(void)state;
}

/* Where nobody can be asked, it waits. */
static void without_anybody_to_ask_it_waits(void **state)
{
	struct fixture *f = *state;

	add(f, APPS, "a");
	start(f);
	f->approval.ask = NULL;
	assert_layer(f, APPS, LEVEL_LAYER_WAITS);
	f->states[APPS].state = LEVEL_LAYER_UNKNOWN;
	f->e.approval = NULL;
	assert_layer(f, APPS, LEVEL_LAYER_WAITS);
}

/* What is there, is left out or has ended is nothing to approve. */
static void only_what_is_left_to_write_counts(void **state)
{
	struct fixture *f = *state;
	uint32_t there = add(f, APPS, "there");
	uint32_t out = add(f, APPS, "out");
	uint32_t ended = add(f, APPS, "ended");
	uint32_t bucket = test_plan_add_state(&f->t->plan, "b/k");

	add(f, BASE, "of another");
	add(f, APPS, "left");
	test_plan_node(&f->t->plan, there)->exists = true;
	test_plan_node(&f->t->plan, out)->action = PLAN_EXCLUDE;
	test_plan_node(&f->t->plan, bucket)->layer = APPS;
	f->target = OUTCOME_UNCHANGED;
	start(f);
	set(f, ended, OUTCOME_CREATED);
	set(f, 4, OUTCOME_CREATED);
	assert_layer(f, APPS, LEVEL_LAYER_WAITS);
	assert_string_equal(buf_str(&f->asked), "apps:1 ");
}

/* A target that does not answer counts as one that has nothing. */
static void what_is_not_known_is_to_be_written(void **state)
{
	static const struct {
		enum outcome_kind target;
		bool asked;
	} rows[] = {{OUTCOME_UNCHANGED, false}, {OUTCOME_SKIPPED, false},
	    {OUTCOME_PENDING, true}, {OUTCOME_CREATED, true},
	    {OUTCOME_FAILED, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		uint32_t n = test_plan_add_state(&f->t->plan, "b/k");
		test_plan_node(&f->t->plan, n)->layer = APPS;
		f->target = rows[i].target;
		start(f);
		assert_layer(f, APPS,
		    rows[i].asked ? LEVEL_LAYER_WAITS : LEVEL_LAYER_OPEN);
		assert_string_equal(
		    buf_str(&f->asked), rows[i].asked ? "apps:1 " : "");
		assert_true(!layer_start_waiting(&f->e) == !rows[i].asked);
		tear_down(&one);
	}
}

/* ---- what comes before --------------------------------------------------- */

static void approve(struct fixture *f)
{
	strvec_add(&f->approved, "apps");
	start(f);
}

static void a_layer_starts_once_those_before_are_ready(void **state)
{
	struct fixture *f = *state;
	uint32_t base = add(f, BASE, "a");

	add(f, APPS, "b");
	approve(f);
	set(f, base, OUTCOME_UPDATED);
	assert_layer(f, APPS, LEVEL_LAYER_OPEN);
	assert_int_equal(f->states[BASE].state, LEVEL_LAYER_OPEN);
	assert_int_equal(f->t->run.gates[base], GATE_PASSED);
}

static void what_is_postponed_is_looked_at_again(void **state)
{
	struct fixture *f = *state;
	uint32_t base = add(f, BASE, "a");

	add(f, APPS, "b");
	approve(f);
	assert_layer(f, APPS, LEVEL_LAYER_LATER);
	set(f, base, OUTCOME_CREATED);
	assert_layer(f, APPS, LEVEL_LAYER_LATER);
	layer_start_again(&f->e);
	assert_layer(f, APPS, LEVEL_LAYER_OPEN);
	assert_null(layer_start_waiting(&f->e));
}

static void what_was_not_restored_holds_it(void **state)
{
	static const enum outcome_kind kinds[] = {OUTCOME_FAILED, OUTCOME_HELD};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		add(f, BASE, "pending");
		uint32_t base = add(f, BASE, "a");
		add(f, APPS, "b");
		approve(f);
		set(f, base, kinds[i]);
		assert_layer(f, APPS, LEVEL_LAYER_HELD);
		assert_string_equal(f->states[APPS].reason,
		    "layer apps waits for layer base, of which ConfigMap ns/a "
		    "was not restored");
		/* And does so to the end. */
		layer_start_again(&f->e);
		assert_layer(f, APPS, LEVEL_LAYER_HELD);
		tear_down(&one);
	}
}

/* Some of it is there: whether that is enough, readiness says. */
static void what_is_there_in_part_does_not_hold_it(void **state)
{
	struct fixture *f = *state;
	uint32_t base = add(f, BASE, "a");

	add(f, APPS, "b");
	approve(f);
	set(f, base, OUTCOME_PARTIAL);
	assert_layer(f, APPS, LEVEL_LAYER_OPEN);
}

static void what_is_not_ready_holds_it(void **state)
{
	struct fixture *f = *state;
	uint32_t base = add(f, BASE, "a");

	add(f, APPS, "b");
	approve(f);
	set(f, base, OUTCOME_CREATED);
	f->gate = GATE_FAILED;
	assert_layer(f, APPS, LEVEL_LAYER_HELD);
	assert_string_equal(f->states[APPS].reason,
	    "layer apps waits for layer base, of which ConfigMap ns/a is not "
	    "ready");
}

static void what_is_not_awaited_need_not_be_ready(void **state)
{
	struct fixture *f = *state;
	uint32_t base = add(f, BASE, "a");

	test_plan_node(&f->t->plan, base)->awaited = false;
	add(f, APPS, "b");
	approve(f);
	set(f, base, OUTCOME_CREATED);
	f->gate = GATE_FAILED;
	assert_layer(f, APPS, LEVEL_LAYER_OPEN);
}

static void a_layer_that_has_nothing_hands_on_what_holds_it(void **state)
{
	struct fixture *f = *state;
	uint32_t base = add(f, BASE, "a");

	strvec_add(&f->layers.items.items[ASIDE].depends_on, "apps");
	add(f, ASIDE, "b");
	approve(f);
	set(f, base, OUTCOME_FAILED);
	assert_layer(f, ASIDE, LEVEL_LAYER_HELD);
	assert_string_equal(f->states[ASIDE].reason,
	    "layer aside waits for layer apps: layer apps waits for layer "
	    "base, of which ConfigMap ns/a was not restored");
}

static void who_waits_for_one_that_waits_waits_too(void **state)
{
	struct fixture *f = *state;

	strvec_add(&f->layers.items.items[ASIDE].depends_on, "apps");
	add(f, APPS, "a");
	add(f, ASIDE, "b");
	start(f);
	assert_layer(f, ASIDE, LEVEL_LAYER_WAITS);
	assert_string_equal(buf_str(&f->asked), "apps:1 ");
	/* It is the first that somebody has to approve. */
	assert_string_equal(layer_start_waiting(&f->e), "apps");
}

static void without_layers_nobody_waits(void **state)
{
	struct fixture *f = *state;

	add(f, 0, "a");
	start(f);
	f->e.layers = NULL;
	layer_start_again(&f->e);
	assert_null(layer_start_waiting(&f->e));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_approval_is_for_a_manual_layer),
	    TEST(a_platform_without_layers_needs_no_approval),
	    TEST(the_first_that_waits_is_approved_first),
	    TEST(a_manual_layer_waits_for_somebody),
	    cmocka_unit_test(somebody_may_say_yes_or_have_said_so),
	    TEST(without_anybody_to_ask_it_waits),
	    TEST(only_what_is_left_to_write_counts),
	    cmocka_unit_test(what_is_not_known_is_to_be_written),
	    TEST(a_layer_starts_once_those_before_are_ready),
	    TEST(what_is_postponed_is_looked_at_again),
	    cmocka_unit_test(what_was_not_restored_holds_it),
	    TEST(what_is_there_in_part_does_not_hold_it),
	    TEST(what_is_not_ready_holds_it),
	    TEST(what_is_not_awaited_need_not_be_ready),
	    TEST(a_layer_that_has_nothing_hands_on_what_holds_it),
	    TEST(who_waits_for_one_that_waits_waits_too),
	    TEST(without_layers_nobody_waits),
	};

	return cmocka_run_group_tests_name(
	    "apply/layer_start", tests, NULL, NULL);
}
