#include "restore/applying.h"
#include "restore/marks.h"
#include "restore/pages/page.h"
#include "restore/plan/held.h"
#include "restore/plan/print_dot.h"
#include "restore/session.h"
#include "restore/targets/destinations.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The JSON of a page, on its way into it. */
struct into_page {
	struct buf page;
	FILE *to;
};

static void pass_page(struct into_page *p)
{
	pieces_to_file(p->to, buf_str(&p->page), p->page.len);
	buf_clear(&p->page);
}

static void take_data(void *ctx, const char *json, size_t len)
{
	struct into_page *p = ctx;

	page_data(json, len, &p->page);
	pass_page(p);
}

static void print_page(const struct session *s,
    const struct print_destinations *destinations, FILE *to)
{
	struct into_page p = {.page = BUF_INIT, .to = to};
	struct pieces out = {.take = take_data, .ctx = &p};

	page_start("plan", &p.page);
	print_json(s->plan, s->c->name, destinations, &out);
	pieces_end(&out);
	page_end(&p.page);
	pass_page(&p);
	buf_done(&p.page);
}

static void print_plan(const struct session *s, int output, FILE *to)
{
	struct pieces out = {.take = pieces_to_file, .ctx = to};
	cleanup(
	    print_destinations_done) struct print_destinations destinations =
	    VEC_INIT;

	log_progress("%s", "");
	destinations_list(&s->targets, s->plan, &destinations);
	if (output == CLI_OUTPUT_HTML)
		print_page(s, &destinations, to);
	else if (output == CLI_OUTPUT_DOT)
		print_dot(s->plan, &out);
	else if (output == CLI_OUTPUT_TABLE)
		print_table(s->plan, &destinations, &out);
	else
		print_json(s->plan, s->c->name, &destinations, &out);
	pieces_end(&out);
	fflush(to);
}

int command_plan(const struct command *c, struct err *err)
{
	cleanup(session_done) struct session s = SESSION_INIT;

	s.c = c;
	if (c->options->server && c->options->offline)
		return err_set(err, ERR_USAGE,
		    "--server and --offline exclude each other");
	if (c->options->server && c->options->common.output > CLI_OUTPUT_JSON)
		return err_set(err, ERR_USAGE,
		    "plan --server prints a table or json only; for html or "
		    "dot leave out --server");
	if (session_plan(&s, err))
		return err_wrap(err, "plan");
	if (!c->options->server) {
		print_plan(&s, c->options->common.output, stdout);
		return plan_count(s.plan, PLAN_CANNOT) ? 1 : 0;
	}
	cleanup(applier_freep) struct applier *applier = applying_driver(&s);
	struct apply_options o = applying_options(&s, applier, NULL);
	o.run.dry_run = true;
	cleanup(report_freep) struct report *r = apply_run(s.plan, &o, err);
	return r ? applying_print(&s, r) : err_wrap(err, "plan --server");
}

/* What will be deleted is shown even with --yes. */
static void show_prune(const struct plan *p)
{
	VEC_EACH (&p->prune, d)
		log_warn("will be deleted: %s %s/%s", d->k->kind, d->namespace,
		    d->name);
}

static int confirm(const struct session *s, struct err *err)
{
	char answer[16] = "";

	if (s->c->options->yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE,
		    "nobody can be asked to confirm; look at `plan`, then add "
		    "--yes");
	print_plan(s, CLI_OUTPUT_TABLE, stderr);
	fprintf(stderr, "%s %s, as above? Type yes: ",
	    s->c->options->resume ? "Go on with the restore of" : "Restore",
	    s->options.snapshot);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin) || !str_eq(answer, "yes\n"))
		return err_set(
		    err, ERR_CANCELLED, "not confirmed; nothing was written");
	return 0;
}

static bool ask_for_layer(void *ctx, const char *layer, size_t nodes)
{
	char answer[16] = "";

	(void)ctx;
	if (!isatty(STDIN_FILENO))
		return false;
	log_progress("%s", "");
	fprintf(stderr,
	    "Layer %s is manual: restore its %zu objects now? Type yes: ",
	    layer, nodes);
	fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) && str_eq(answer, "yes\n");
}

/* ---- what a restore leaves in the clusters ------------------------------- */

struct left {
	struct mark_vec marks;
	struct marks_restore restore;
};

static void left_done(struct left *l)
{
	marks_done(&l->marks);
}

/* A part of a snapshot is no platform: heal is not to leave a cluster alone for
 * it. */
static int find_marks(const struct session *s, struct left *l, struct err *err)
{
	const struct marks_wanted wanted = {
	    .platform = s->opened.manifest.name, .by_hand = true};

	l->restore = (struct marks_restore){
	    .platform = wanted.platform, .snapshot = s->options.snapshot};
	marks_new_uid(&l->restore, s->c->env.random);
	if (s->c->options->only.len)
		return 0;
	if (marks_read(&s->targets, &wanted, &l->marks, err))
		return -1;
	VEC_EACH (&l->marks, m)
		if (m->there && str_eq(m->marker.snapshot, l->restore.snapshot))
			(void)snprintf(l->restore.uid, sizeof(l->restore.uid),
			    "%s", m->marker.restore);
	return 0;
}

static int begin_marks(void *ctx, struct err *err)
{
	struct left *l = ctx;

	return marks_begin(&l->marks, &l->restore, err);
}

/* Whether another machine has begun this restore, or this one has lost its
 * journal: then it goes on by what is there. Where there is no cluster nothing
 * can have been left paused. */
static bool goes_on_without_journal(
    const struct session *s, const struct left *l, const char *dir)
{
	autofree char *path = journal_path(dir, s->options.snapshot);
	bool begun = s->targets.plan.len == 0;

	VEC_EACH (&l->marks, m)
		begun |=
		    m->there && str_eq(m->marker.snapshot, s->options.snapshot);
	if (!s->c->options->resume || file_exists(path) || !begun)
		return false;
	log_info("%s: it is not there; the restore goes on by what the targets "
		 "hold",
	    path);
	return true;
}

static int carry_out(struct session *s, struct err *err)
{
	autofree char *dir = file_join(s->c->settings->state_dir, "journal");
	cleanup(left_done) struct left left = {.marks = VEC_INIT};

	if (file_mkdirs(dir, err) || find_marks(s, &left, err))
		return err_wrap(err, "apply");
	cleanup(applier_freep) struct applier *applier = applying_driver(s);
	const struct apply_approval approval = {
	    .approved = &s->c->options->approve, .ask = ask_for_layer};
	struct apply_options o = applying_options(s, applier, dir);
	o.approval = &approval;
	o.begin = begin_marks;
	o.begin_ctx = &left;
	o.run.adopts = goes_on_without_journal(s, &left, dir);
	o.run.resume &= !o.run.adopts;
	cleanup(report_freep) struct report *r = apply_run(s->plan, &o, err);
	if (!r || (!report_is_missing(r) &&
		      marks_end(&left.marks, &left.restore, err)))
		return err_wrap(err, "apply");
	return applying_print(s, r);
}

int command_apply(const struct command *c, struct err *err)
{
	cleanup(session_done) struct session s = SESSION_INIT;

	s.c = c;
	/* Asked before the work of a plan that nobody could confirm. */
	if (!c->options->yes && !isatty(STDIN_FILENO))
		return confirm(&s, err);
	s.locked = true;
	if (session_plan(&s, err))
		return err_wrap(err, "apply");
	VEC_EACH (&s.plan->warnings, w)
		log_warn("%s", *w);
	cleanup(strvec_done) struct strvec held = VEC_INIT;
	held_lines(s.plan, &held);
	VEC_EACH (&held, line)
		log_info("%s", *line);
	show_prune(s.plan);
	if (confirm(&s, err))
		return -1;
	return carry_out(&s, err);
}

int command_release(const struct command *c, struct err *err)
{
	cleanup(session_done) struct session s = SESSION_INIT;

	s.c = c;
	s.locked = true;
	if (session_open_targets(&s, err))
		return err_wrap(err, "release");
	autofree char *journal = file_join(c->settings->state_dir, "journal");
	cleanup(applier_freep) struct applier *applier = applying_driver(&s);
	const struct apply_options o = applying_options(&s, applier, journal);
	cleanup(report_freep) struct report *r =
	    apply_release(s.opened.snapshot->label, &o, err);
	return r ? applying_print(&s, r) : err_wrap(err, "release");
}
