/*
 * drill: a whole restore, rehearsed in a place of its own.
 */
#include "restore/applying.h"
#include "restore/drill/bare.h"
#include "restore/drill/compare.h"
#include "restore/drill/compare_copies.h"
#include "restore/drill/inner.h"
#include "restore/drill/place.h"
#include "restore/drill/result.h"
#include "restore/drill/scratch_git.h"
#include "restore/drill/scratch_state.h"
#include "restore/drill/state_list.h"
#include "restore/finding.h"
#include "restore/pages/page.h"
#include "restore/plan/clusters.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct drill {
	const struct command *c;
	struct inner inner;
	struct session s;
	struct place place;
	char *terraform; /* to be asked about states, or NULL */
	char *dir;	 /* below the scratch of the session */
	struct scratch_git git;
	struct scratch_state state;
	struct result result;
	struct report *report;
	struct minisign_key *key; /* signs the record */
	int64_t phase_began;
};

static void drill_done(struct drill *d)
{
	place_done(&d->place);
	report_free(d->report);
	result_done(&d->result);
	session_done(&d->s);
	inner_done(&d->inner);
	minisign_key_free(d->key);
	free(d->terraform);
	free(d->dir);
}

static void end_phase(struct drill *d, enum result_phase phase)
{
	int64_t now = clock_ticks_ms(d->c->env.clock);

	d->result.ms[phase] += now - d->phase_began;
	d->phase_began = now;
}

static void begin(struct drill *d, enum phase_kind kind, uint64_t total)
{
	phase_begin(&d->s.opened.phase, d->c->env.clock, kind, NULL, total);
}

/* ---- the restore --------------------------------------------------------- */

static int open_snapshot_of(struct drill *d, struct err *err)
{
	struct opened *o = &d->s.opened;
	const struct command *c = &d->inner.command;

	if (open_snapshot(c, o, err) || open_manifest(c, o, err))
		return -1;
	d->dir = file_join(o->scratch.path, "drill");
	if (file_mkdirs(d->dir, err))
		return -1;
	d->result.label = o->snapshot->label;
	d->result.data_from = o->manifest.started;
	return 0;
}

/* A layer is manual for the sake of what it changes; here nothing is changed.
 */
static bool approve(void *ctx, const char *layer, size_t nodes)
{
	(void)ctx;
	(void)layer;
	(void)nodes;
	return true;
}

static void init_drivers(struct drill *d)
{
	d->git = (struct scratch_git){.dir = d->dir,
	    .tree = d->s.opened.tree,
	    .scratch = d->s.opened.scratch.path,
	    .env = &d->inner.command.env};
	d->state = (struct scratch_state){.dir = d->dir,
	    .tree = d->s.opened.tree,
	    .terraform = d->terraform,
	    .env = &d->inner.command.env};
	scratch_git_init(&d->git);
	scratch_state_init(&d->state);
}

/* Where nothing is written to clusters, the repositories and states of the
 * drill are restored all the same: their drivers know of no dry run. */
static int restore(struct drill *d, struct err *err)
{
	autofree char *journal = file_join(d->dir, "journal");
	const struct apply_approval approval = {.ask = approve};

	if (file_mkdirs(journal, err))
		return -1;
	cleanup(applier_freep) struct applier *applier = applying_driver(&d->s);
	struct apply_options o = applying_options(&d->s, applier, journal);
	init_drivers(d);
	o.drivers[PLAN_GIT] = &d->git.driver;
	o.drivers[PLAN_STATE] = &d->state.driver;
	o.approval = &approval;
	o.run.dry_run = d->place.kind == RESULT_SERVER;
	d->report = apply_run(d->s.plan, &o, err);
	if (!d->report)
		return -1;
	/* It says how to go on with a restore that is kept. */
	free(d->report->next);
	d->report->next = NULL;
	d->result.report = d->report;
	d->result.repositories = d->git.repositories;
	d->result.refs = d->git.refs;
	d->result.git_objects = d->git.objects;
	d->result.states = d->state.states;
	d->result.resources = d->state.resources;
	return cancel_check(&d->place.guard.cancel, err);
}

/* ---- what a drill cannot show -------------------------------------------- */

static void count_kind(const struct plan *p, const char *group,
    const char *kind, const char *why, struct strvec *out)
{
	size_t n = 0;

	VEC_EACH (&p->nodes, node)
		n += node->kind == PLAN_KUBE && node->action == PLAN_APPLY &&
		     str_eq(node->k->group, group) &&
		     str_eq(node->k->kind, kind);
	if (!n)
		return;
	autofree char *line = str_printf("%zu %s: %s", n, kind, why);
	strvec_add(out, line);
}

static void note_not_called(struct drill *d)
{
	static const char hooks[] = "admissionregistration.k8s.io";
	struct strvec *out = &d->result.skipped;
	const struct plan *p = d->s.plan;

	count_kind(p, hooks, "ValidatingWebhookConfiguration",
	    "restored, but not called", out);
	count_kind(p, hooks, "MutatingWebhookConfiguration",
	    "restored, but not called", out);
	count_kind(p, "apiregistration.k8s.io", "APIService",
	    "restored, but its service does not run", out);
	count_kind(p, "", "ResourceQuota", "restored, but not enforced", out);
	strvec_add(out, "readiness: nothing runs pods, so only definitions and "
			"namespaces were waited for");
}

static void note_skipped(struct drill *d)
{
	struct strvec *out = &d->result.skipped;

	if (d->result.without_clusters)
		strvec_add(out, "clusters: left out, as asked for");
	if (d->result.partly)
		strvec_add(out, "what --only does not name");
	if (d->place.kind == RESULT_CONTROL_PLANE)
		note_not_called(d);
	if (d->place.kind != RESULT_SERVER && d->place.kind != RESULT_PREFIX)
		return;
	result_note_unsent(&d->result);
	if (d->place.kind == RESULT_PREFIX) {
		result_note_copies(&d->result);
		return;
	}
	strvec_add(
	    out, "comparison: dry runs leave nothing that could be compared");
}

/* ---- the result ---------------------------------------------------------- */

static void measure(const struct drill *d)
{
	const struct result *r = &d->result;
	struct watch *w = d->c->watch;

	watch_snapshot(w, r->label);
	for (int p = 0; p < RESULT_PHASES; p++)
		watch_value(w, "backstay_drill_phase_duration_seconds", "phase",
		    result_phase_name((enum result_phase)p), r->ms[p]);
	watch_value(w, "backstay_drill_recovery_seconds", NULL, NULL,
	    result_recovery_ms(r));
	watch_value(
	    w, "backstay_drill_data_age_seconds", NULL, NULL, result_age(r));
	watch_value(w, "backstay_drill_failures", NULL, NULL,
	    (int64_t)result_failures(r));
	watch_value(w, "backstay_drill_differences", NULL, NULL,
	    (int64_t)result_differences(r));
	if (r->place != RESULT_PREFIX)
		return;
	watch_value(w, "backstay_drill_objects", "how", "created",
	    (int64_t)result_created(r));
	watch_value(w, "backstay_drill_objects", "how", "dry_run",
	    (int64_t)result_accepted(r));
}

static void record(const struct drill *d)
{
	autofree char *finding = result_finding(&d->result);
	cleanup(json_freep) struct json_object *details =
	    result_record(&d->result);
	const struct snapshot_finding f = {.level = SNAPSHOT_LEVEL_DRILL,
	    .good = !finding,
	    .text = finding,
	    .details = details};

	if (result_is_recorded(&d->result))
		finding_record(d->c, &d->s.opened, &f, d->key);
}

static void print(const struct drill *d)
{
	cleanup(buf_wipe) struct buf out = BUF_INIT;
	const struct restore_options *o = d->c->options;
	int output = o->common.output;

	log_progress("%s", "");
	if (output == CLI_OUTPUT_TABLE)
		result_print_table(&d->result, o->all_nodes, &out);
	else
		result_print_json(&d->result, d->c->name, &out);
	if (output == CLI_OUTPUT_HTML)
		page_print("drill", &out);
	else
		fputs(buf_str(&out), stdout);
}

/* What is wrong with the archive itself, verify would have found too. */
static void record_damage(const struct drill *d, const struct err *why)
{
	const struct opened *o = &d->s.opened;
	const struct snapshot_finding f = {
	    .level = "full", .text = why->message};

	if (o->snapshot && why->code == ERR_INTEGRITY && open_is_signed(o))
		finding_record(d->c, o, &f, d->key);
}

static int open_place(struct drill *d, struct err *err)
{
	const struct manifest *m = &d->s.opened.manifest;
	const struct restore_options *o = d->c->options;

	if (place_choose(&d->place, d->c, m, err))
		return -1;
	if (d->place.kind == RESULT_CONTROL_PLANE)
		begin(d, PHASE_START, d->place.clusters.len);
	if (place_start(&d->place, d->dir, err))
		return -1;
	d->s.without_clusters = d->place.kind == RESULT_NOWHERE;
	d->result.place = d->place.kind;
	d->result.without_clusters = o->without_clusters && clusters_at(m, 0);
	d->result.partly = o->only.len > 0;
	return 0;
}

static int prepare(struct drill *d, struct err *err)
{
	if (open_snapshot_of(d, err) || open_place(d, err))
		return -1;
	end_phase(d, RESULT_START);
	if (open_tree(&d->inner.command, &d->s.opened, err)) {
		record_damage(d, err);
		return -1;
	}
	end_phase(d, RESULT_VERIFY);
	if (place_ready(
		&d->place, &d->s.opened.manifest, &d->inner, &d->result, err))
		return -1;
	end_phase(d, RESULT_START);
	if (session_plan(&d->s, err)) {
		record_damage(d, err);
		return -1;
	}
	if (d->place.kind == RESULT_PREFIX &&
	    bare_mark(d->s.plan, d->c->options->prefix, err))
		return -1;
	end_phase(d, RESULT_PLAN);
	return 0;
}

static int drill(struct drill *d, struct err *err)
{
	if (prepare(d, err))
		return -1;
	VEC_EACH (&d->s.plan->warnings, w)
		log_warn("%s", *w);
	if (restore(d, err))
		return -1;
	end_phase(d, RESULT_RESTORE);
	if (d->place.kind == RESULT_CONTROL_PLANE ||
	    d->place.kind == RESULT_PREFIX)
		begin(d, PHASE_COMPARE, 0);
	if (d->place.kind == RESULT_CONTROL_PLANE &&
	    compare_clusters(&d->inner.command, d->s.plan, &d->result, err))
		return -1;
	if (d->place.kind == RESULT_PREFIX &&
	    compare_copies(&d->inner.command, d->s.plan, &d->result, err))
		return -1;
	end_phase(d, RESULT_COMPARE);
	place_leave(&d->place, &d->result);
	end_phase(d, RESULT_REMOVE);
	note_skipped(d);
	measure(d);
	record(d);
	print(d);
	return result_passed(&d->result) ? 0 : 1;
}

static int find_terraform(struct drill *d, struct err *err)
{
	if (!d->c->options->terraform)
		return 0;
	d->result.terraform = true;
	d->terraform = state_list_program(err);
	return d->terraform ? 0 : -1;
}

int command_drill(const struct command *c, struct err *err)
{
	cleanup(drill_done) struct drill d = {.c = c, .s = SESSION_INIT};

	inner_init(&d.inner, c);
	if (!c->which)
		d.inner.command.which = "latest";
	d.s.c = &d.inner.command;
	d.s.elsewhere = true;
	d.result.started = clock_now_ms(c->env.clock) / 1000;
	d.phase_began = clock_ticks_ms(c->env.clock);
	if (connect_record_key(c->settings, &d.key, err) ||
	    find_terraform(&d, err))
		return err_wrap(err, "drill");
	d.place.guard.cancel.outer = c->env.cancel;
	d.inner.command.env.cancel = &d.place.guard.cancel;
	int status = drill(&d, err);
	guard_end(&d.place.guard);
	if (status < 0 && err->code == ERR_CANCELLED)
		guard_explain(&d.place.guard, err);
	return status < 0 ? err_wrap(err, "drill") : status;
}
