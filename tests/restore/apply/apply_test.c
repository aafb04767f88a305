/* How a run begins, goes on with an earlier one, and ends: what is asked before
 * anything is written, and what its journal says then. The order of nodes:
 * level_test.c. */
#include "restore/apply/apply.h"

#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/plans.h"
#include "tests/support/test.h"

#include <stdlib.h>

enum { MAX = 1 << 20 };

struct fixture {
	char *dir;
	struct test_plan plan;
	struct layers layers;
	struct apply_driver git, kube;
	struct apply_options o;
	struct run *run;
	struct cancel cancel;
	struct test_clock clock;
	struct buf log; /* what was asked for, in order */
	const char *fails, *stops_at;
	enum outcome_kind found; /* by a check */
	enum err_code begin_fails;
	size_t first_done, total;
	bool progressed;
};

static const char *name_of(const struct fixture *f, uint32_t node)
{
	return test_plan_node(&f->plan, node)->name;
}

static void begin_driver(void *ctx, struct run *r)
{
	((struct fixture *)ctx)->run = r;
}

static enum apply_result apply(
    void *ctx, uint32_t node, struct outcome *outcome, struct err *err)
{
	struct fixture *f = ctx;
	struct run *r = f->run;
	struct plan_node *n = test_plan_node(&f->plan, node);

	buf_printf(&f->log, "%s ", n->name);
	if (r->journal)
		assert_ok(journal_begin(r->journal, node, "", err), *err);
	if (str_eq(f->stops_at, n->name))
		cancel_request(&f->cancel);
	if (str_eq(f->fails, n->name)) {
		outcome_set(outcome, OUTCOME_FAILED, "does not go");
		return APPLY_ENDED;
	}
	if (n->kind == PLAN_KUBE)
		names_set_live_uid(r->p, n, "u1");
	outcome_set(outcome, OUTCOME_CREATED, "made");
	return APPLY_ENDED;
}

static enum apply_result check(
    void *ctx, uint32_t node, struct outcome *outcome, struct err *err)
{
	struct fixture *f = ctx;

	(void)err;
	buf_printf(&f->log, "check:%s ", name_of(f, node));
	outcome_set(outcome, f->found, "it is another");
	return APPLY_ENDED;
}

static void prune(void *ctx)
{
	buf_add_str(&((struct fixture *)ctx)->log, "prune ");
}

static int begin(void *ctx, struct err *err)
{
	struct fixture *f = ctx;

	buf_add_str(&f->log, "begin ");
	return f->begin_fails ? err_set(err, f->begin_fails, "not now") : 0;
}

static void progress(void *ctx, size_t done, size_t total)
{
	struct fixture *f = ctx;

	if (!f->progressed)
		f->first_done = done;
	f->progressed = true;
	f->total = total;
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	test_plan_init(&f->plan);
	strcpy(f->plan.p->digest, "d");
	test_clock_init(&f->clock, 0);
	f->kube = (struct apply_driver){
	    .ctx = f, .begin = begin_driver, .apply = apply, .prune = prune};
	f->git = (struct apply_driver){
	    .ctx = f, .begin = begin_driver, .apply = apply, .check = check};
	f->o.drivers[PLAN_GIT] = &f->git;
	f->o.drivers[PLAN_KUBE] = &f->kube;
	f->o.begin = begin;
	f->o.begin_ctx = f;
	f->o.run = (struct run_options){.in_flight = 1,
	    .gate_timeout_ms = 1000,
	    .journal_dir = f->dir,
	    .clock = &f->clock.clock,
	    .cancel = &f->cancel,
	    .progress = progress,
	    .progress_ctx = f};
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_plan_done(&f->plan);
	layers_done(&f->layers);
	buf_done(&f->log);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

static uint32_t add(struct fixture *f, const char *name)
{
	return test_plan_add_object(
	    &f->plan, 0, "v1", "ConfigMap", "default", name);
}

static struct report *try_run(struct fixture *f, struct err *err)
{
	*err = (struct err)ERR_INIT;
	buf_clear(&f->log);
	f->progressed = false;
	graph_order(&f->plan.p->graph);
	return apply_run(f->plan.p, &f->o, err);
}

static struct report *run(struct fixture *f)
{
	struct err err;
	struct report *r = try_run(f, &err);

	if (!r)
		fail_msg("%s", err.message);
	return r;
}

static void assert_refused(
    struct fixture *f, enum err_code code, const char *says)
{
	struct err err;

	assert_null(try_run(f, &err));
	assert_int_equal(err.code, code);
	assert_contains(err.message, says);
}

/* The journal as it is, or "" where there is none; the caller's. */
static char *journal_text(const struct fixture *f)
{
	autofree char *path = journal_path(f->dir, "s");
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (!file_exists(path))
		return str_dup("");
	assert_ok(file_read(path, MAX, &text, &err), err);
	return buf_steal(&text);
}

/* ---- how it begins ------------------------------------------------------- */

static void all_is_refused_before_the_run_begins(void **state)
{
	struct fixture *f = *state;
	autofree char *file = file_join(f->dir, "file");
	struct err err = ERR_INIT;

	add(f, "aa");
	f->o.run.resume = true;
	assert_refused(f, ERR_NOT_FOUND, "");
	assert_int_equal(f->log.len, 0);
	f->o.run.resume = false;
	assert_ok(file_write_durably(file, "x", 1, &err), err);
	f->o.run.journal_dir = file;
	assert_refused(f, ERR_SYSTEM, file);
	assert_int_equal(f->log.len, 0);
	/* What begins it has the last word. */
	f->o.run.journal_dir = f->dir;
	f->begin_fails = ERR_LOCKED;
	assert_refused(f, ERR_LOCKED, "not now");
	assert_string_equal(buf_str(&f->log), "begin ");
	f->begin_fails = ERR_NONE;
	report_free(run(f));
	assert_string_equal(buf_str(&f->log), "begin aa prune ");
}

static void what_was_seen_while_planning_is_reported(void **state)
{
	struct fixture *f = *state;

	add(f, "aa");
	test_plan_add_git(&f->plan, "web");
	strvec_add(&f->plan.p->warnings, "mind the gap");
	cleanup(report_freep) struct report *r = run(f);
	assert_string_equal(r->snapshot, "s");
	assert_int_equal(r->warnings.len, 1);
	assert_string_equal(r->warnings.items[0], "mind the gap");
	assert_int_equal(f->first_done, 0);
	assert_int_equal(f->total, 2);
	assert_false(r->stopped);
}

static void a_dry_run_leaves_no_journal(void **state)
{
	struct fixture *f = *state;

	add(f, "aa");
	f->o.run.dry_run = true;
	report_free(run(f));
	autofree char *text = journal_text(f);
	assert_string_equal(text, "");
	/* Nor does it touch the one of a run that was stopped. */
	f->o.run.dry_run = false;
	f->fails = "aa";
	report_free(run(f));
	autofree char *before = journal_text(f);
	f->fails = NULL;
	f->o.run.dry_run = true;
	report_free(run(f));
	autofree char *after = journal_text(f);
	assert_string_equal(before, after);
}

/* ---- how it goes on ------------------------------------------------------ */

static void make_layers(struct fixture *f, bool manual)
{
	static const char *const names[] = {"base", "apps"};

	for (size_t i = 0; i < 2; i++)
		vec_add(&f->layers.items)->name = str_dup(names[i]);
	strvec_add(&f->layers.items.items[1].depends_on, "base");
	f->layers.items.items[1].manual = manual;
	f->plan.o.layers = &f->layers;
}

static uint32_t add_to(struct fixture *f, size_t layer, const char *name)
{
	uint32_t node = add(f, name);

	test_plan_node(&f->plan, node)->layer = (uint16_t)layer;
	return node;
}

/* A new run would replace the journal of one that can still go on. */
static void a_refused_approval_leaves_the_journal_as_it_was(void **state)
{
	struct fixture *f = *state;
	cleanup(strvec_done) struct strvec approved = VEC_INIT;
	const struct apply_approval approval = {.approved = &approved};

	make_layers(f, true);
	add_to(f, 0, "aa");
	report_free(run(f));
	autofree char *before = journal_text(f);
	assert_contains(before, "\"layers\"");
	strvec_add(&approved, "base");
	f->o.approval = &approval;
	for (int resume = 0; resume < 2; resume++) {
		f->o.run.resume = resume;
		assert_refused(f, ERR_USAGE, "base");
		autofree char *after = journal_text(f);
		assert_string_equal(before, after);
	}
	assert_int_equal(f->log.len, 0);
}

static void layers_are_noted_once_and_reported_as_they_are(void **state)
{
	struct fixture *f = *state;

	make_layers(f, false);
	uint32_t aa = add_to(f, 0, "aa");
	uint32_t bb = add_to(f, 0, "bb");
	uint32_t zz = add_to(f, 1, "zz");
	graph_need(&f->plan.p->graph, zz, aa, EDGE_ORDER, false, "because");
	graph_need(&f->plan.p->graph, zz, bb, EDGE_ORDER, false, "because");
	f->fails = "bb";
	struct report *r = run(f);
	assert_int_equal(r->layers.len, 2);
	assert_string_equal(r->layers.items[0].name, "base");
	assert_string_equal(r->layers.items[0].state, "failed");
	assert_int_equal(r->layers.items[0].nodes, 2);
	assert_int_equal(r->layers.items[0].restored, 1);
	assert_string_equal(r->layers.items[1].state, "held");
	assert_int_equal(r->layers.items[1].restored, 0);
	report_free(r);
	f->fails = NULL;
	f->o.run.resume = true;
	test_plan_node(&f->plan, aa)->exists = true;
	r = run(f);
	assert_string_equal(r->layers.items[0].state, "restored");
	assert_string_equal(r->layers.items[1].state, "restored");
	report_free(r);
	autofree char *text = journal_text(f);
	const char *first = strstr(text, "\"layers\"");
	assert_non_null(first);
	assert_null(strstr(first + 1, "\"layers\""));
}

/* The cluster decides, not the journal. */
static void what_is_gone_or_another_by_now_is_made_again(void **state)
{
	static const struct {
		bool exists;
		const char *uid; /* live; NULL: not known */
		bool again;
	} cases[] = {{true, "u1", false}, {false, NULL, true},
	    {true, "u2", true}, {true, NULL, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		uint32_t aa = add(f, "aa");
		add(f, "bb");
		f->fails = "bb";
		report_free(run(f));
		f->fails = NULL;
		f->o.run.resume = true;
		struct plan_node *n = test_plan_node(&f->plan, aa);
		n->exists = cases[i].exists;
		names_set_live_uid(f->plan.p, n, cases[i].uid);
		struct report *r = run(f);
		assert_string_equal(buf_str(&f->log),
		    cases[i].again ? "begin aa bb prune " : "begin bb prune ");
		assert_int_equal(f->first_done, cases[i].again ? 0 : 1);
		assert_int_equal(r->items.len, 2);
		assert_string_equal(r->items.items[0].outcome.detail, "made");
		report_free(r);
		tear_down(&one);
	}
}

/* Where a plan does not ask the target, the driver does. */
static void a_driver_that_can_check_is_asked(void **state)
{
	static const struct {
		enum outcome_kind found;
		const char *log;
	} cases[] = {
	    {OUTCOME_UNCHANGED, "begin check:web bb prune "},
	    {OUTCOME_FAILED, "begin check:web bb prune "},
	    {OUTCOME_PENDING, "begin check:web web bb prune "},
	    {OUTCOME_CREATED, "begin check:web web bb prune "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		void *one;
		set_up(&one);
		struct fixture *f = one;
		uint32_t web = test_plan_add_git(&f->plan, "web");
		uint32_t bb = add(f, "bb");
		graph_need(
		    &f->plan.p->graph, bb, web, EDGE_ORDER, false, "because");
		f->fails = "bb";
		report_free(run(f));
		f->fails = NULL;
		f->o.run.resume = true;
		f->found = cases[i].found;
		struct report *r = run(f);
		assert_string_equal(buf_str(&f->log), cases[i].log);
		const struct outcome *o = &r->items.items[0].outcome;
		assert_int_equal(o->kind, OUTCOME_CREATED);
		assert_int_equal(
		    o->notes.len, cases[i].found == OUTCOME_FAILED);
		report_free(r);
		tear_down(&one);
	}
}

/* ---- how it ends --------------------------------------------------------- */

static void only_a_run_that_is_whole_is_done(void **state)
{
	struct fixture *f = *state;

	add(f, "aa");
	f->fails = "aa";
	report_free(run(f));
	autofree char *failed = journal_text(f);
	assert_null(strstr(failed, "\"done\""));
	f->fails = NULL;
	f->stops_at = "aa";
	struct report *r = run(f);
	assert_true(r->stopped);
	assert_string_equal(buf_str(&f->log), "begin aa ");
	report_free(r);
	autofree char *stopped = journal_text(f);
	assert_null(strstr(stopped, "\"done\""));
	f->cancel = (struct cancel){0};
	f->stops_at = NULL;
	report_free(run(f));
	autofree char *whole = journal_text(f);
	assert_contains(whole, "{\"done\":true}\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(all_is_refused_before_the_run_begins),
	    TEST(what_was_seen_while_planning_is_reported),
	    TEST(a_dry_run_leaves_no_journal),
	    TEST(a_refused_approval_leaves_the_journal_as_it_was),
	    TEST(layers_are_noted_once_and_reported_as_they_are),
	    cmocka_unit_test(what_is_gone_or_another_by_now_is_made_again),
	    cmocka_unit_test(a_driver_that_can_check_is_asked),
	    TEST(only_a_run_that_is_whole_is_done),
	};

	return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
