#include "config/watch/watch.h"

#include "config/watch/notify.h"
#include "config/watch/publish.h"
#include "config/watch/series.h"
#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"

#include <stdlib.h>
#include <unistd.h>

enum { TAIL_BYTES = 8000 };

struct watch {
	struct watch_options o;
	int64_t started_ticks;
	char host[256];
	char *snapshot;
	const char *phase; /* under way, or NULL */
	int64_t phase_ticks;
	struct metrics *found; /* in this run */
	bool apart;
};

static int64_t now_seconds(const struct watch *w)
{
	return clock_now_ms(w->o.env.clock) / 1000;
}

static const char *result_of(int status)
{
	return status == 0 ? "success" : status == 1 ? "partial" : "failure";
}

/* ---- samples ---- */

bool watch_measures(const struct watch *w)
{
	return w && publish_is_wanted(w->o.settings);
}

static bool is_counter(const char *family)
{
	for (const struct metrics_family *f = series_families; f->name; f++)
		if (str_eq(f->name, family))
			return f->kind == METRICS_COUNTER;
	return false;
}

void watch_sample(struct watch *w, const char *family,
    const struct metrics_label *labels, int64_t value)
{
	struct metrics_label all[METRICS_MAX_LABELS + 1] = {{NULL, NULL}};
	size_t n = 0;

	if (!w)
		return;
	all[n++] = (struct metrics_label){"name", w->o.settings->name};
	for (; labels->name && n < METRICS_MAX_LABELS; labels++)
		all[n++] = *labels;
	if (is_counter(family))
		metrics_add(w->found, family, all, value);
	else
		metrics_set(w->found, family, all, value);
}

void watch_value(struct watch *w, const char *family, const char *label,
    const char *of, int64_t value)
{
	const struct metrics_label labels[] = {{label, of}, {NULL, NULL}};

	watch_sample(w, family, labels, value);
}

void watch_snapshot(struct watch *w, const char *label)
{
	if (!w)
		return;
	free(w->snapshot);
	w->snapshot = str_dup(label);
}

void watch_phase(struct watch *w, const char *phase)
{
	if (!w)
		return;
	int64_t now = clock_ticks_ms(w->o.env.clock);
	if (w->phase)
		watch_value(w, "backstay_phase_duration_seconds", "phase",
		    w->phase, now - w->phase_ticks);
	w->phase = phase;
	w->phase_ticks = now;
}

/* ---- what is published ---- */

static const struct metrics_label *own_labels(
    const struct watch *w, struct metrics_label labels[3])
{
	labels[0] = (struct metrics_label){"name", w->o.settings->name};
	labels[1] = (struct metrics_label){"command", w->o.command};
	labels[2] = (struct metrics_label){NULL, NULL};
	return labels;
}

static void set_interval(const struct watch *w, struct metrics *all,
    const char *command, int64_t every_ms)
{
	const struct metrics_label labels[] = {
	    {"name", w->o.settings->name}, {"command", command}, {NULL, NULL}};

	if (every_ms)
		metrics_set(all, "backstay_expected_interval_seconds", labels,
		    every_ms / 1000);
}

/* Sets the metrics of the configuration, and removes those of what it no longer
 * names. */
static void set_configured(const struct watch *w, struct metrics *all)
{
	const struct settings *s = w->o.settings;
	const struct metrics_label info[] = {{"name", s->name},
	    {"program", w->o.program}, {"version", BACKSTAY_VERSION},
	    {NULL, NULL}};
	cleanup(strvec_done) struct strvec vaults = VEC_INIT,
					   versions = VEC_INIT,
					   sources = VEC_INIT;

	VEC_EACH (&s->vaults, v)
		strvec_add(&vaults, v->name);
	metrics_keep_only(all, "vault", &vaults);
	strvec_add(&versions, BACKSTAY_VERSION);
	metrics_keep_only(all, "version", &versions);
	if (s->git.repositories.len || s->git.organisations.len)
		strvec_add(&sources, "git");
	if (s->kubernetes.clusters.len)
		strvec_add(&sources, "kubernetes");
	if (s->terraform.buckets.len)
		strvec_add(&sources, "terraform");
	metrics_keep_only(all, "source", &sources);
	metrics_set(all, "backstay_build_info", info, 1);
	if (str_eq(w->o.program, "backstay-agent")) {
		set_interval(w, all, "backup", s->metrics.backup_every);
		set_interval(w, all, "prune", s->metrics.prune_every);
	} else {
		set_interval(w, all, "verify", s->metrics.verify_every);
		set_interval(w, all, "drill", s->metrics.drill_every);
	}
}

static void publish_start(void *ctx, struct metrics *all)
{
	const struct watch *w = ctx;
	struct metrics_label labels[3];

	own_labels(w, labels);
	set_configured(w, all);
	metrics_add(all, "backstay_attempts_total", labels, 1);
	metrics_set(all, "backstay_last_attempt_timestamp_seconds", labels,
	    now_seconds(w));
	/* At 0 from the first run on, so that Prometheus can compute a rate. */
	metrics_add(all, "backstay_successes_total", labels, 0);
	metrics_add(all, "backstay_partials_total", labels, 0);
	metrics_add(all, "backstay_failures_total", labels, 0);
}

struct ending {
	const struct watch *w;
	int exit_status;
	int64_t milliseconds;
};

static void publish_end(void *ctx, struct metrics *all)
{
	const struct ending *e = ctx;
	int status = e->exit_status;
	struct metrics_label labels[3];

	own_labels(e->w, labels);
	metrics_add(all,
	    status == 0	  ? "backstay_successes_total"
	    : status == 1 ? "backstay_partials_total"
			  : "backstay_failures_total",
	    labels, 1);
	if (status == 0)
		metrics_set(all, "backstay_last_success_timestamp_seconds",
		    labels, now_seconds(e->w));
	metrics_set(all, "backstay_last_job_succeeded", labels, status == 0);
	metrics_set(all, "backstay_last_job_exit_status", labels, status);
	metrics_set(
	    all, "backstay_last_job_duration_seconds", labels, e->milliseconds);
	int64_t partials =
	    metrics_value(all, "backstay_partials_in_a_row", labels, 0);
	metrics_set(all, "backstay_partials_in_a_row", labels,
	    status == 0	  ? 0
	    : status == 1 ? partials + 1
			  : partials);
	metrics_merge(all, e->w->found);
}

static void publish(const struct watch *w,
    void (*change)(void *ctx, struct metrics *all), void *ctx)
{
	if (publish_is_wanted(w->o.settings))
		publish_change(
		    w->o.settings, w->o.program, &w->o.env, change, ctx);
}

/* ---- the start and the end ---- */

static void notify(const struct watch *w, struct notice *n)
{
	cleanup(buf_done) struct buf tail = BUF_INIT;

	log_tail(&tail, TAIL_BYTES);
	n->program = w->o.program;
	n->command = w->o.command;
	n->name = w->o.settings->name;
	n->host = w->host;
	n->run = log_run();
	n->snapshot = w->snapshot;
	n->log = buf_str(&tail);
	notify_all(w->o.settings, n, &w->o.env);
}

struct watch *watch_start(const struct watch_options *o)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;
	struct watch *w = mem_new(struct watch);
	struct notice n = {.event = "start"};

	w->o = *o;
	w->started_ticks = clock_ticks_ms(o->env.clock);
	w->found = metrics_new(series_families);
	gethostname(w->host, sizeof(w->host) - 1);
	json_text_str(&facts, "program", o->program);
	json_text_str(&facts, "version", BACKSTAY_VERSION);
	json_text_str(&facts, "command", o->command);
	json_text_str(&facts, "name", o->settings->name);
	log_named(LOG_LEVEL_INFO, "run.started", &facts,
	    "%s of '%s' started, version %s, run %s", o->command,
	    o->settings->name, BACKSTAY_VERSION, log_run());
	publish(w, publish_start, w);
	notify(w, &n);
	return w;
}

static void log_finished(
    const struct watch *w, const struct ending *e, const struct err *err)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;
	const char *result = result_of(e->exit_status);

	json_text_str(&facts, "command", w->o.command);
	json_text_str(&facts, "result", result);
	json_text_int(&facts, "exit_status", e->exit_status);
	json_text_int(&facts, "milliseconds", e->milliseconds);
	if (err)
		json_text_str(&facts, "error", err->message);
	log_named(LOG_LEVEL_INFO, "run.finished", &facts,
	    "%s of '%s' finished: %s, exit status %d, %lld.%02lld s",
	    w->o.command, w->o.settings->name, result, e->exit_status,
	    (long long)(e->milliseconds / 1000),
	    (long long)(e->milliseconds / 10 % 100));
}

void watch_apart(struct watch *w, bool apart)
{
	if (w)
		w->apart = apart;
}

void watch_finish(struct watch *w, int status, const struct err *err)
{
	struct ending e = {.w = w,
	    .exit_status = status < 0 ? err_exit_status(err) : status,
	    .milliseconds = clock_ticks_ms(w->o.env.clock) - w->started_ticks};
	struct notice n = {.event = result_of(e.exit_status),
	    .exit_status = e.exit_status,
	    .milliseconds = e.milliseconds,
	    .error = status < 0 ? err->message : NULL};

	watch_phase(w, NULL);
	log_finished(w, &e, status < 0 ? err : NULL);
	if (!w->apart || e.exit_status > 1) {
		publish(w, publish_end, &e);
		notify(w, &n);
	}
	free(w->snapshot);
	metrics_free(w->found);
	free(w);
}

void watch_check(const struct settings *s,
    void (*note)(void *ctx, const char *what, const struct err *err), void *ctx)
{
	struct err err = ERR_INIT;

	if (publish_is_wanted(s))
		note(ctx, "metrics", publish_check(s, &err) ? &err : NULL);
	VEC_EACH (&s->notify, to) {
		autofree char *what = str_printf("notify '%s'", to->name);
		struct err why = ERR_INIT;
		note(ctx, what, notify_check(to, &why) ? &why : NULL);
	}
}
