/* The engine of levels, with three drivers that only note what they are asked.
 */
#include "restore/apply/apply.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What one driver answers for a node, by its name. */
struct answer {
	const char *name;
	enum outcome_kind kind;
	enum gate_state gate;
	/* APPLY_LATER until that node has been applied; NULL: at once. */
	const char *later_until;
	enum err_code pointless; /* of the error with APPLY_POINTLESS */
	bool same;
	bool stops; /* a request to stop comes while it is applied */
};

struct fake {
	struct fixture *f;
	struct apply_driver driver;
};

struct fixture {
	char *dir;
	struct plan plan;
	struct plan_options plan_options;
	struct layers layers;
	struct plan_kind kind;
	struct fake fakes[PLAN_BARRIER];
	struct apply_options o;
	struct cancel cancel;
	struct test_clock clock;
	struct run *run;
	pthread_mutex_t lock;
	struct buf log;	       /* what the drivers were asked, in order */
	struct strvec applied; /* names */
	const struct answer *answers;
};

static void note(struct fixture *f, const char *what, const char *name)
{
	pthread_mutex_lock(&f->lock);
	buf_printf(&f->log, "%s%s%s%s", f->log.len ? " " : "", what,
	    *what && *name ? ":" : "", name);
	pthread_mutex_unlock(&f->lock);
}

static const char *name_of(const struct fixture *f, uint32_t node)
{
	return f->plan.nodes.items[node].name;
}

static const struct answer *answer_for(const struct fixture *f, uint32_t node)
{
	static const struct answer plain = {
	    .kind = OUTCOME_CREATED, .gate = GATE_PASSED};

	for (const struct answer *a = f->answers; a && a->name; a++)
		if (str_eq(a->name, name_of(f, node)))
			return a;
	return &plain;
}

static void fake_begin(void *ctx, struct run *r)
{
	struct fake *fake = ctx;

	fake->f->run = r;
}

static enum apply_result fake_apply(
    void *ctx, uint32_t node, struct outcome *outcome, struct err *err)
{
	struct fixture *f = ((struct fake *)ctx)->f;
	const struct answer *a = answer_for(f, node);
	struct err ignored = ERR_INIT;

	if (a->later_until && !strvec_has(&f->applied, a->later_until)) {
		note(f, "later", name_of(f, node));
		if (!f->run->last_try)
			return APPLY_LATER;
		outcome_set(outcome, OUTCOME_FAILED, "no answer");
		return APPLY_ENDED;
	}
	note(f, "", name_of(f, node));
	if (f->run->journal)
		assert_ok(journal_begin(f->run->journal, node, "", &ignored),
		    ignored);
	if (a->stops)
		cancel_request(&f->cancel);
	if (a->pointless) {
		err_set(err, a->pointless, "refused");
		return APPLY_POINTLESS;
	}
	pthread_mutex_lock(&f->lock);
	strvec_add(&f->applied, name_of(f, node));
	pthread_mutex_unlock(&f->lock);
	outcome_set(outcome, a->kind, "%s",
	    a->kind == OUTCOME_FAILED ? "does not go" : "");
	return APPLY_ENDED;
}

static enum gate_state fake_ready(void *ctx, uint32_t node)
{
	struct fixture *f = ((struct fake *)ctx)->f;

	note(f, "ready", name_of(f, node));
	return answer_for(f, node)->gate;
}

static void fake_same(void *ctx, const uint32_t *nodes, size_t count)
{
	struct fixture *f = ((struct fake *)ctx)->f;

	for (size_t i = 0; i < count; i++)
		if (answer_for(f, nodes[i])->same)
			outcome_set(&f->run->outcomes[nodes[i]],
			    OUTCOME_UNCHANGED, "it is the same");
}

static void fake_finish(void *ctx)
{
	note(((struct fake *)ctx)->f, "finish", "");
}

static void fake_prune(void *ctx)
{
	note(((struct fake *)ctx)->f, "prune", "");
}

static void fake_release(void *ctx)
{
	note(((struct fake *)ctx)->f, "release", "");
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = str_dup("/tmp/backstay-level-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	pthread_mutex_init(&f->lock, NULL);
	test_clock_init(&f->clock, 0);
	f->plan_options.snapshot = "s";
	f->plan.options = &f->plan_options;
	strcpy(f->plan.digest, "d");
	f->kind.group = str_dup("");
	f->kind.kind = str_dup("Thing");
	for (int k = 0; k < PLAN_BARRIER; k++) {
		struct fake *fake = &f->fakes[k];

		fake->f = f;
		fake->driver = (struct apply_driver){
		    .ctx = fake, .begin = fake_begin, .apply = fake_apply};
		f->o.drivers[k] = &fake->driver;
	}
	struct apply_driver *kube = &f->fakes[PLAN_KUBE].driver;
	kube->ready = fake_ready;
	kube->same = fake_same;
	kube->finish = fake_finish;
	kube->prune = fake_prune;
	kube->release = fake_release;
	/* One worker: then the order within a level is that of the plan. */
	f->o.run = (struct run_options){.in_flight = 1,
	    .gate_timeout_ms = 60 * 1000,
	    .journal_dir = f->dir,
	    .clock = &f->clock.clock,
	    .cancel = &f->cancel};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct err ignored = ERR_INIT;

	file_remove_tree(f->dir, &ignored);
	VEC_EACH (&f->plan.nodes, n) {
		free(n->reason);
	}
	vec_done(&f->plan.nodes);
	graph_done(&f->plan.graph);
	free(f->kind.group);
	free(f->kind.kind);
	layers_done(&f->layers);
	strvec_done(&f->applied);
	buf_done(&f->log);
	free(f->dir);
	free(f);
	return 0;
}

static uint32_t add(
    struct fixture *f, enum plan_node_kind kind, const char *name)
{
	uint32_t node = kind == PLAN_BARRIER
			    ? graph_add_barrier(&f->plan.graph, name)
			    : graph_add(&f->plan.graph, name, 0);

	*vec_add(&f->plan.nodes) = (struct plan_node){.kind = kind,
	    .name = name,
	    .k = kind == PLAN_KUBE ? &f->kind : NULL};
	return node;
}

static void need(struct fixture *f, uint32_t node, uint32_t needs,
    enum edge_strength strength, bool ready)
{
	graph_need(&f->plan.graph, node, needs, strength, ready, "because");
}

static struct report *run(struct fixture *f, const struct answer *answers)
{
	struct err err = ERR_INIT;

	f->answers = answers;
	buf_clear(&f->log);
	graph_order(&f->plan.graph);
	struct report *r = apply_run(&f->plan, &f->o, &err);
	if (!r)
		fail_msg("%s", err.message);
	return r;
}

static const struct outcome *outcome_of(
    const struct report *r, const char *what)
{
	VEC_EACH (&r->items, i)
		if (strstr(i->what, what))
			return &i->outcome;
	fail_msg("no item '%s'", what);
	return NULL;
}

static void assert_outcome(const struct report *r, const char *what,
    enum outcome_kind kind, const char *detail)
{
	const struct outcome *o = outcome_of(r, what);

	assert_string_equal(outcome_name(o->kind), outcome_name(kind));
	if (detail)
		assert_contains(o->detail ? o->detail : "", detail);
}

/* ---- order --------------------------------------------------------------- */

static void nodes_of_all_drivers_go_level_by_level(void **state)
{
	struct fixture *f = *state;
	uint32_t c = add(f, PLAN_KUBE, "c");
	uint32_t b = add(f, PLAN_STATE, "b");
	uint32_t a = add(f, PLAN_GIT, "a");

	need(f, c, b, EDGE_HOLDS, false);
	need(f, b, a, EDGE_ORDER, false);
	cleanup(report_freep) struct report *r = run(f, NULL);
	assert_string_equal(buf_str(&f->log), "a b c finish prune release");
	assert_false(report_is_missing(r));
	assert_int_equal(r->items.len, 3);
	assert_null(r->next);
}

static void what_must_be_ready_is_waited_for_once(void **state)
{
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_KUBE, "a");
	uint32_t b = add(f, PLAN_KUBE, "b");
	uint32_t c = add(f, PLAN_KUBE, "c");
	uint32_t d = add(f, PLAN_KUBE, "d");

	need(f, b, a, EDGE_HOLDS, true);
	need(f, c, a, EDGE_HOLDS, true);
	need(f, d, a, EDGE_HOLDS, false);
	report_free(run(f, NULL));
	/* d, which need not wait, does not. */
	assert_string_equal(
	    buf_str(&f->log), "a d ready:a b c finish prune release");
}

static void a_kind_without_readiness_is_ready(void **state)
{
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_GIT, "a");
	uint32_t b = add(f, PLAN_KUBE, "b");

	need(f, b, a, EDGE_HOLDS, true);
	report_free(run(f, NULL));
	assert_string_equal(buf_str(&f->log), "a b finish prune release");
}

static void what_is_left_out_reaches_no_driver(void **state)
{
	struct fixture *f = *state;

	add(f, PLAN_KUBE, "aa");
	add(f, PLAN_KUBE, "bb");
	add(f, PLAN_BARRIER, "all");
	f->plan.nodes.items[0].action = PLAN_EXCLUDE;
	f->plan.nodes.items[0].reason = str_dup("made by its owner");
	f->plan.nodes.items[1].action = PLAN_CANNOT;
	f->plan.nodes.items[1].reason = str_dup("not served");
	cleanup(report_freep) struct report *r = run(f, NULL);
	assert_string_equal(buf_str(&f->log), "finish prune release");
	assert_outcome(r, "aa", OUTCOME_SKIPPED, "made by its owner");
	assert_outcome(r, "bb", OUTCOME_FAILED, "not served");
	assert_int_equal(r->items.len, 2);
}

static void what_the_target_has_is_not_applied(void **state)
{
	static const struct answer answers[] = {{.name = "aa", .same = true},
	    {.name = "cc", .kind = OUTCOME_CREATED, .same = true},
	    {.name = NULL}};
	struct fixture *f = *state;

	add(f, PLAN_KUBE, "aa");
	add(f, PLAN_KUBE, "bb");
	add(f, PLAN_GIT, "cc"); /* whose driver cannot tell */
	cleanup(report_freep) struct report *r = run(f, answers);
	assert_string_equal(buf_str(&f->log), "bb cc finish prune release");
	assert_outcome(r, "aa", OUTCOME_UNCHANGED, "it is the same");
}

static void a_kind_without_a_driver_has_no_target(void **state)
{
	struct fixture *f = *state;

	add(f, PLAN_GIT, "a");
	f->o.drivers[PLAN_GIT] = NULL;
	cleanup(report_freep) struct report *r = run(f, NULL);
	assert_outcome(r, "a", OUTCOME_FAILED, "no target is known");
	assert_true(report_is_missing(r));
}

static void a_dry_run_writes_nothing_after_the_nodes(void **state)
{
	static const struct answer answers[] = {
	    {.name = "a", .kind = OUTCOME_FAILED}, {.name = NULL}};
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_KUBE, "a");
	uint32_t b = add(f, PLAN_KUBE, "b");

	need(f, b, a, EDGE_REQUIRED, true);
	f->o.run.dry_run = true;
	cleanup(report_freep) struct report *r = run(f, answers);
	/* Each is checked, whatever becomes of the others. */
	assert_string_equal(buf_str(&f->log), "a b prune");
	assert_true(r->dry_run);
	assert_null(r->next);
}

static void controllers_that_are_to_stay_paused_are_not_released(void **state)
{
	struct fixture *f = *state;

	add(f, PLAN_KUBE, "a");
	f->plan_options.hold = true;
	report_free(run(f, NULL));
	assert_string_equal(buf_str(&f->log), "a finish prune");
}

/* ---- holding back -------------------------------------------------------- */

static void a_failure_holds_back_only_what_depends_on_it(void **state)
{
	static const struct answer answers[] = {
	    {.name = "aa", .kind = OUTCOME_FAILED}, {.name = NULL}};
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_STATE, "aa");
	uint32_t b = add(f, PLAN_KUBE, "bb");
	uint32_t c = add(f, PLAN_KUBE, "cc");
	uint32_t d = add(f, PLAN_KUBE, "dd");
	uint32_t e = add(f, PLAN_KUBE, "ee");

	need(f, b, a, EDGE_HOLDS, false);
	need(f, c, b, EDGE_REQUIRED, false);
	need(f, d, a, EDGE_REFERENCE, false);
	need(f, e, a, EDGE_ORDER, false);
	cleanup(report_freep) struct report *r = run(f, answers);
	assert_string_equal(buf_str(&f->log), "aa dd ee finish prune release");
	assert_outcome(
	    r, "bb", OUTCOME_HELD, "state aa was not restored (because)");
	assert_outcome(r, "cc", OUTCOME_HELD, "bb was not restored");
	assert_contains(r->next, "--resume");
}

static void what_is_not_ready_holds_back_who_needs_it_ready(void **state)
{
	static const struct answer answers[] = {
	    {.name = "aa", .kind = OUTCOME_CREATED, .gate = GATE_FAILED},
	    {.name = NULL}};
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_KUBE, "aa");
	uint32_t b = add(f, PLAN_KUBE, "bb");
	uint32_t c = add(f, PLAN_KUBE, "cc");

	need(f, b, a, EDGE_HOLDS, true);
	need(f, c, a, EDGE_HOLDS, false);
	cleanup(report_freep) struct report *r = run(f, answers);
	assert_outcome(r, "bb", OUTCOME_HELD, "aa is not ready (because)");
	assert_outcome(r, "cc", OUTCOME_CREATED, NULL);
}

static void what_failed_is_not_waited_for(void **state)
{
	static const struct answer answers[] = {
	    {.name = "aa", .kind = OUTCOME_FAILED}, {.name = NULL}};
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_KUBE, "aa");
	uint32_t b = add(f, PLAN_KUBE, "bb");

	need(f, b, a, EDGE_HOLDS, true);
	report_free(run(f, answers));
	assert_string_equal(buf_str(&f->log), "aa finish prune release");
}

static void what_is_partial_holds_nothing_back(void **state)
{
	static const struct answer answers[] = {
	    {.name = "aa", .kind = OUTCOME_PARTIAL, .gate = GATE_PASSED},
	    {.name = NULL}};
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_KUBE, "aa");
	uint32_t b = add(f, PLAN_KUBE, "bb");

	need(f, b, a, EDGE_REQUIRED, true);
	cleanup(report_freep) struct report *r = run(f, answers);
	assert_outcome(r, "bb", OUTCOME_CREATED, NULL);
	assert_true(report_is_missing(r));
}

static void what_an_owner_that_goes_would_take_along_is_held(void **state)
{
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_KUBE, "aa");
	uint32_t b = add(f, PLAN_KUBE, "bb");
	uint32_t c = add(f, PLAN_KUBE, "cc");

	need(f, b, a, EDGE_OWNER, false);
	need(f, c, b, EDGE_OWNER, false);
	f->plan.nodes.items[a].terminating = true;
	cleanup(report_freep) struct report *r = run(f, NULL);
	assert_outcome(r, "bb", OUTCOME_HELD, "aa is still going");
	assert_outcome(r, "cc", OUTCOME_HELD, "bb is still going");
}

static void a_driver_that_fails_for_good_holds_only_its_own(void **state)
{
	static const struct answer answers[] = {
	    {.name = "aa", .pointless = ERR_DENIED}, {.name = NULL}};
	struct fixture *f = *state;

	add(f, PLAN_GIT, "aa");
	add(f, PLAN_GIT, "bb");
	add(f, PLAN_STATE, "cc");
	cleanup(report_freep) struct report *r = run(f, answers);
	assert_string_equal(buf_str(&f->log), "aa cc finish prune release");
	assert_outcome(r, "aa", OUTCOME_FAILED, "refused");
	assert_outcome(
	    r, "bb", OUTCOME_HELD, "the target refused others of its kind");
	assert_outcome(r, "cc", OUTCOME_CREATED, NULL);
}

/* ---- postponing ---------------------------------------------------------- */

static void what_is_postponed_is_tried_again_after_the_levels(void **state)
{
	static const struct answer answers[] = {
	    {.name = "aa", .kind = OUTCOME_CREATED, .later_until = "cc"},
	    {.name = NULL}};
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_KUBE, "aa");
	uint32_t b = add(f, PLAN_KUBE, "bb");
	uint32_t c = add(f, PLAN_KUBE, "cc");
	uint32_t d = add(f, PLAN_KUBE, "dd");

	need(f, b, a, EDGE_REQUIRED, false); /* waits with it */
	need(f, d, a, EDGE_REFERENCE, false);
	need(f, c, d, EDGE_ORDER, false);
	cleanup(report_freep) struct report *r = run(f, answers);
	assert_string_equal(
	    buf_str(&f->log), "later:aa dd cc aa bb finish prune release");
	assert_false(report_is_missing(r));
}

static void what_stays_postponed_fails_when_a_gate_would(void **state)
{
	static const struct answer answers[] = {
	    {.name = "aa", .later_until = "never"}, {.name = NULL}};
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_KUBE, "aa");
	uint32_t b = add(f, PLAN_KUBE, "bb");

	need(f, b, a, EDGE_REQUIRED, false);
	cleanup(report_freep) struct report *r = run(f, answers);
	assert_outcome(r, "aa", OUTCOME_FAILED, "no answer");
	assert_outcome(r, "bb", OUTCOME_HELD, "aa was not restored");
	assert_true(f->clock.now_ms >= f->o.run.gate_timeout_ms);
	assert_true(f->clock.now_ms < 2 * f->o.run.gate_timeout_ms);
}

/* ---- stopping and resuming ----------------------------------------------- */

static void a_run_that_is_stopped_is_resumed_where_it_was(void **state)
{
	static const struct answer stops[] = {
	    {.name = "aa", .kind = OUTCOME_FAILED},
	    {.name = "cc", .kind = OUTCOME_CREATED, .stops = true},
	    {.name = NULL}};
	struct fixture *f = *state;
	uint32_t a = add(f, PLAN_STATE, "aa");
	uint32_t b = add(f, PLAN_KUBE, "bb");
	uint32_t c = add(f, PLAN_KUBE, "cc");
	uint32_t d = add(f, PLAN_KUBE, "dd");
	uint32_t e = add(f, PLAN_KUBE, "ee");

	need(f, b, a, EDGE_HOLDS, false);
	need(f, c, b, EDGE_ORDER, false);
	need(f, d, c, EDGE_ORDER, false);
	cleanup(report_freep) struct report *first = run(f, stops);
	assert_string_equal(buf_str(&f->log), "aa ee cc");
	assert_true(first->stopped);
	assert_outcome(first, "cc", OUTCOME_CREATED, NULL);
	assert_outcome(first, "dd", OUTCOME_PENDING, NULL);
	assert_contains(first->next, "stopped before the end");

	atomic_store(&f->cancel.requested, false);
	f->o.run.resume = true;
	/* As the new plan sees it; ee was made, and deleted since. */
	f->plan.nodes.items[c].exists = true;
	f->plan.nodes.items[e].exists = false;
	cleanup(report_freep) struct report *second = run(f, NULL);
	/* What failed, what is gone, what was held back, what was not reached.
	 */
	assert_string_equal(
	    buf_str(&f->log), "aa ee bb dd finish prune release");
	assert_outcome(second, "cc", OUTCOME_CREATED, NULL);
	assert_false(report_is_missing(second));
}

static void a_failure_while_it_is_stopped_is_none(void **state)
{
	static const struct answer stops[] = {
	    {.name = "aa", .kind = OUTCOME_FAILED, .stops = true},
	    {.name = NULL}};
	struct fixture *f = *state;

	add(f, PLAN_KUBE, "aa");
	cleanup(report_freep) struct report *r = run(f, stops);
	assert_outcome(r, "aa", OUTCOME_PENDING, "stopped");
}

static void another_plan_is_not_gone_on_with(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add(f, PLAN_KUBE, "aa");
	report_free(run(f, NULL));
	strcpy(f->plan.digest, "other");
	f->o.run.resume = true;
	assert_null(apply_run(&f->plan, &f->o, &err));
	assert_int_equal(err.code, ERR_USAGE);
}

static void a_restore_without_a_journal_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add(f, PLAN_KUBE, "aa");
	graph_order(&f->plan.graph);
	f->o.run.journal_dir = NULL;
	assert_null(apply_run(&f->plan, &f->o, &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_int_equal(f->log.len, 0);
}

static void a_release_asks_only_for_that(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add(f, PLAN_KUBE, "aa");
	report_free(run(f, NULL));
	buf_clear(&f->log);
	cleanup(report_freep) struct report *released =
	    apply_release("s", &f->o, &err);
	assert_non_null(released);
	assert_string_equal(buf_str(&f->log), "release");
	assert_contains(released->next, "nothing was left paused");
	assert_null(apply_release("t", &f->o, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* ---- layers -------------------------------------------------------------- */

/* base, then by hand apps; and aside, which waits for nothing. */
static void make_layers(struct fixture *f)
{
	static const char *const names[] = {"base", "apps", "aside"};

	for (size_t i = 0; i < 3; i++) {
		struct layer *l = vec_add(&f->layers.items);
		l->name = str_dup(names[i]);
	}
	strvec_add(&f->layers.items.items[1].depends_on, "base");
	f->layers.items.items[1].manual = true;
	f->plan_options.layers = &f->layers;
}

static uint32_t add_to(struct fixture *f, size_t layer, const char *name)
{
	uint32_t node = add(f, PLAN_KUBE, name);

	f->plan.nodes.items[node].layer = (uint16_t)layer;
	f->plan.nodes.items[node].awaited = true;
	return node;
}

static bool answer_yes(void *ctx, const char *layer, size_t nodes)
{
	note(ctx, "ask", layer);
	return nodes == 1;
}

static void a_layer_waits_until_all_before_it_is_ready(void **state)
{
	struct fixture *f = *state;
	const struct apply_approval approval = {.ask = answer_yes, .ctx = f};

	make_layers(f);
	f->o.approval = &approval;
	uint32_t aa = add_to(f, 0, "aa");
	uint32_t zz = add_to(f, 1, "zz");
	need(f, zz, aa, EDGE_ORDER, false);
	cleanup(report_freep) struct report *r = run(f, NULL);
	assert_string_equal(
	    buf_str(&f->log), "aa ready:aa ask:apps zz finish prune release");
	assert_false(report_is_missing(r));
	assert_int_equal(r->layers.len, 2);
	assert_string_equal(r->layers.items[1].state, "restored");
}

static void a_layer_that_nobody_approves_ends_the_run(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec approved = VEC_INIT;
	const struct apply_approval approval = {.approved = &approved};

	make_layers(f);
	uint32_t aa = add_to(f, 0, "aa");
	uint32_t zz = add_to(f, 1, "zz");
	add_to(f, 2, "mm");
	need(f, zz, aa, EDGE_ORDER, false);
	struct report *r = run(f, NULL);
	/* What does not wait for it is restored; nothing is pruned, and no
	 * controller let go. */
	assert_string_equal(buf_str(&f->log), "aa mm ready:aa finish");
	assert_true(report_waits(r));
	assert_string_equal(r->waits_for, "apps");
	assert_contains(r->next, "--resume --approve apps");
	report_free(r);

	strvec_add(&approved, "apps");
	f->o.approval = &approval;
	f->o.run.resume = true;
	r = run(f, NULL);
	assert_false(report_waits(r));
	assert_contains(buf_str(&f->log), "zz");
	report_free(r);
}

static void a_layer_with_nothing_to_write_needs_nobody(void **state)
{
	struct fixture *f = *state;

	make_layers(f);
	uint32_t zz = add_to(f, 1, "zz");
	f->plan.nodes.items[zz].exists = true; /* and is kept */
	cleanup(report_freep) struct report *r = run(f, NULL);
	assert_null(r->waits_for);
}

static void what_is_missing_holds_the_layers_after_it(void **state)
{
	static const struct answer fails[] = {
	    {.name = "aa", .kind = OUTCOME_FAILED}, {.name = NULL}};
	struct fixture *f = *state;

	make_layers(f);
	f->layers.items.items[1].manual = false;
	uint32_t aa = add_to(f, 0, "aa");
	uint32_t zz = add_to(f, 1, "zz");
	add_to(f, 2, "mm");
	need(f, zz, aa, EDGE_ORDER, false);
	cleanup(report_freep) struct report *r = run(f, fails);
	assert_outcome(r, "zz", OUTCOME_HELD,
	    "layer apps waits for layer base, of which Thing aa was not "
	    "restored");
	assert_outcome(r, "mm", OUTCOME_CREATED, NULL);
	assert_false(report_waits(r));
	assert_string_equal(r->layers.items[1].state, "held");
}

static void what_is_not_ready_holds_the_layers_after_it(void **state)
{
	static const struct answer unready[] = {
	    {.name = "aa", .kind = OUTCOME_CREATED, .gate = GATE_FAILED},
	    {.name = NULL}};
	struct fixture *f = *state;

	make_layers(f);
	f->layers.items.items[1].manual = false;
	uint32_t aa = add_to(f, 0, "aa");
	uint32_t zz = add_to(f, 1, "zz");
	need(f, zz, aa, EDGE_ORDER, false);
	cleanup(report_freep) struct report *r = run(f, unready);
	assert_outcome(r, "zz", OUTCOME_HELD, "of which Thing aa is not ready");
}

static void a_layer_waits_for_what_is_postponed_before_it(void **state)
{
	static const struct answer later[] = {{.name = "aa",
						  .kind = OUTCOME_CREATED,
						  .gate = GATE_PASSED,
						  .later_until = "mm"},
	    {.name = NULL}};
	struct fixture *f = *state;

	make_layers(f);
	f->layers.items.items[1].manual = false;
	uint32_t aa = add_to(f, 0, "aa");
	uint32_t zz = add_to(f, 1, "zz");
	add_to(f, 2, "mm");
	need(f, zz, aa, EDGE_ORDER, false);
	cleanup(report_freep) struct report *r = run(f, later);
	assert_string_equal(buf_str(&f->log),
	    "later:aa mm aa ready:aa zz finish prune release");
	assert_false(report_is_missing(r));
}

static void a_layer_waits_over_one_that_has_nothing(void **state)
{
	static const struct answer fails[] = {
	    {.name = "aa", .kind = OUTCOME_FAILED}, {.name = NULL}};
	struct fixture *f = *state;

	make_layers(f);
	f->layers.items.items[0].manual = true;
	f->layers.items.items[1].manual = false;
	strvec_add(&f->layers.items.items[2].depends_on, "apps");
	uint32_t aa = add_to(f, 0, "aa");
	uint32_t mm = add_to(f, 2, "mm");
	need(f, mm, aa, EDGE_ORDER, false);
	struct report *r = run(f, NULL);
	assert_string_equal(buf_str(&f->log), "finish");
	assert_string_equal(r->waits_for, "base");
	report_free(r);

	f->layers.items.items[0].manual = false;
	r = run(f, fails);
	assert_outcome(r, "mm", OUTCOME_HELD,
	    "layer aside waits for layer apps: layer apps waits for layer "
	    "base, of which Thing aa was not restored");
	report_free(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(nodes_of_all_drivers_go_level_by_level),
	    TEST(what_must_be_ready_is_waited_for_once),
	    TEST(a_kind_without_readiness_is_ready),
	    TEST(what_is_left_out_reaches_no_driver),
	    TEST(what_the_target_has_is_not_applied),
	    TEST(a_kind_without_a_driver_has_no_target),
	    TEST(a_dry_run_writes_nothing_after_the_nodes),
	    TEST(controllers_that_are_to_stay_paused_are_not_released),
	    TEST(a_failure_holds_back_only_what_depends_on_it),
	    TEST(what_is_not_ready_holds_back_who_needs_it_ready),
	    TEST(what_failed_is_not_waited_for),
	    TEST(what_is_partial_holds_nothing_back),
	    TEST(what_an_owner_that_goes_would_take_along_is_held),
	    TEST(a_driver_that_fails_for_good_holds_only_its_own),
	    TEST(what_is_postponed_is_tried_again_after_the_levels),
	    TEST(what_stays_postponed_fails_when_a_gate_would),
	    TEST(a_run_that_is_stopped_is_resumed_where_it_was),
	    TEST(a_failure_while_it_is_stopped_is_none),
	    TEST(another_plan_is_not_gone_on_with),
	    TEST(a_restore_without_a_journal_is_refused),
	    TEST(a_release_asks_only_for_that),
	    TEST(a_layer_waits_until_all_before_it_is_ready),
	    TEST(a_layer_that_nobody_approves_ends_the_run),
	    TEST(a_layer_with_nothing_to_write_needs_nobody),
	    TEST(what_is_missing_holds_the_layers_after_it),
	    TEST(what_is_not_ready_holds_the_layers_after_it),
	    TEST(a_layer_waits_for_what_is_postponed_before_it),
	    TEST(a_layer_waits_over_one_that_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
