#include "restore/applying.h"

#include "storage/base/cleanup.h"
#include "storage/base/log.h"

#include <stdio.h>

enum { EXIT_WAITS = 6 };

/* The first call comes before any node is begun. */
static void advance(
    struct session *s, enum phase_kind kind, size_t done, size_t total)
{
	struct phase *p = &s->opened.phase;

	if (p->kind == kind)
		phase_at(p, done);
	else
		phase_go_on(p, s->c->env.clock, kind, NULL, done, total);
}

static void on_progress(void *ctx, size_t done, size_t total)
{
	advance(ctx, PHASE_RESTORE, done, total);
}

static void on_dry_progress(void *ctx, size_t done, size_t total)
{
	advance(ctx, PHASE_ASK, done, total);
}

struct applier *applying_driver(const struct session *s)
{
	const struct applier_options o = {
	    .clusters = s->targets.plan.items,
	    .cluster_count = s->targets.plan.len,
	    .gates = (enum applier_gates)s->c->settings->restore.gates,
	};

	return applier_new(&o);
}

static void announce(const char *text)
{
	log_info("%s", text);
}

struct apply_options applying_options(
    struct session *s, struct applier *applier, const char *journal_dir)
{
	const struct settings_restore *r = &s->c->settings->restore;

	return (struct apply_options){
	    .drivers = {[PLAN_GIT] = &s->targets.git,
		[PLAN_STATE] = &s->targets.state,
		[PLAN_KUBE] = applier_driver(applier)},
	    .run = {.in_flight = (size_t)r->concurrency,
		.gate_timeout_ms = (int)r->gate_timeout,
		.journal_dir = journal_dir,
		.resume = s->c->options->resume,
		.clock = s->c->env.clock,
		.cancel = session_cancel(s),
		.progress = journal_dir ? on_progress : on_dry_progress,
		.progress_ctx = s,
		.announce = announce},
	};
}

int applying_print(const struct session *s, const struct report *r)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	log_progress("%s", "");
	if (s->c->options->common.output == CLI_OUTPUT_JSON)
		report_print_json(r, s->c->name, &out);
	else
		report_print_table(r, s->c->options->all_nodes, &out);
	fputs(buf_str(&out), stdout);
	return report_waits(r) ? EXIT_WAITS : report_is_missing(r) ? 1 : 0;
}
