#include "config/cli/document.h"
#include "restore/applying.h"
#include "restore/marks.h"
#include "restore/plan/clusters.h"
#include "storage/archive/manifest.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdio.h>

struct heal {
	struct restore_options options;
	struct command command; /* of the session: ours, with these options */
	struct session s;
	struct targets found; /* whose clusters have the markers */
	bool has_found;
	struct mark_vec marks;
	size_t untried; /* how many of the vault's list, from the oldest */
	struct strvec
	    sources; /* UIDs of clusters that newer snapshots are of */
	struct marks_restore restore;
	bool goes_on; /* an earlier run has begun */
};

static void heal_done(struct heal *h)
{
	strvec_done(&h->sources);
	marks_done(&h->marks);
	if (h->has_found)
		targets_done(&h->found);
	session_done(&h->s);
}

/* ---- which snapshot ------------------------------------------------------ */

/* The UIDs of the clusters that it was taken from. */
static void list_sources(const struct manifest *m, struct strvec *out)
{
	const struct json_object *cluster;

	for (size_t i = 0; (cluster = clusters_at(m, i)); i++) {
		const char *uid = json_get_str(cluster, "uid");
		if (uid)
			strvec_add(out, uid);
	}
}

/* Whether it is complete and nobody has found it damaged. -1 where nothing is
 * known of it: whether an older one may be taken is for a person to say. */
static int is_whole(struct heal *h, const struct snapshot *s, struct err *err)
{
	struct opened *o = &h->s.opened;
	struct snapshot_verdict verdict = {.at = 0};
	char sha256[DIGEST_SHA256_HEX];
	struct manifest m;

	if (snapshot_manifest(o->vault.vault, s, &o->trust, &m, sha256, err)) {
		if (err->code != ERR_NETWORK)
			err->code = ERR_INTEGRITY;
		return err_wrap(err,
		    "snapshot '%s' (to heal from another one, name it)",
		    s->label);
	}
	bool partial = m.partial;
	cleanup(strvec_done) struct strvec sources = VEC_INIT;
	list_sources(&m, &sources);
	manifest_done(&m);
	if (snapshot_verdict(
		o->vault.vault, s, &o->trust, sha256, &verdict, err))
		return -1;
	if (partial || verdict.failed)
		VEC_EACH (&sources, uid)
			strvec_add(&h->sources, *uid);
	if (partial)
		log_warn("'%s' is passed over: it is partial", s->label);
	else if (verdict.failed)
		log_warn("'%s' is passed over: a verification found it damaged",
		    s->label);
	return !partial && !verdict.failed;
}

static int choose(struct heal *h, struct err *err)
{
	struct opened *o = &h->s.opened;

	while (h->untried > 0) {
		const struct snapshot *s = &o->list.items[--h->untried];
		int chosen = open_weighs(&h->command, o, s, err);
		if (chosen > 0)
			chosen = is_whole(h, s, err);
		if (chosen < 0)
			return -1;
		if (chosen) {
			o->snapshot = s;
			return 0;
		}
	}
	return err_set(err, ERR_NOT_FOUND,
	    "%s: there is no snapshot of '%s' to heal from that is complete "
	    "and that no verification found damaged",
	    vault_describe(o->vault.vault), h->command.settings->name);
}

/* That no verification has found it damaged does not say that one has read it:
 * what it finds as it is unpacked counts like a verification. */
static void pass_over(struct heal *h, struct err *why)
{
	struct opened *o = &h->s.opened;

	log_warn("'%s' is passed over: %s", o->snapshot->label, why->message);
	*why = (struct err)ERR_INIT;
	open_close(o);
	marks_done(&h->marks);
	targets_done(&h->found);
	h->has_found = false;
}

static int choose_named(struct heal *h, const char *label, struct err *err)
{
	struct opened *o = &h->s.opened;

	o->snapshot = snapshot_resolve(&o->list, label, err);
	h->command.which = label;
	return o->snapshot
		   ? 0
		   : err_wrap(err, "%s", vault_describe(o->vault.vault));
}

/* ---- what the clusters hold ---------------------------------------------- */

static int read_marks(struct heal *h, struct err *err)
{
	struct opened *o = &h->s.opened;
	const struct targets_chosen all = {.spared = false};

	const struct marks_wanted wanted = {
	    .platform = h->command.settings->name, .sources = &h->sources};

	if (open_manifest(&h->command, o, err))
		return -1;
	h->has_found = true;
	if (targets_open(
		&h->found, &h->command, &o->manifest, NULL, NULL, &all, err) ||
	    marks_read(&h->found, &wanted, &h->marks, err))
		return -1;
	if (!h->marks.len)
		return err_set(err, ERR_USAGE,
		    "'%s' holds no cluster, and the marker of a heal is kept "
		    "in one; restore it with `apply`",
		    o->snapshot->label);
	return 0;
}

static bool lives(const struct mark *m)
{
	return m->there ? m->marker.state != MARKER_RESTORING
			: m->is_source || m->is_newer;
}

static size_t count_living(const struct heal *h)
{
	size_t count = 0;

	VEC_EACH (&h->marks, m)
		count += lives(m);
	return count;
}

/* One of a restore that has begun, else any, or NULL. */
static const struct mark *first_marked(const struct heal *h)
{
	const struct mark *first = NULL;

	VEC_EACH (&h->marks, m)
		if (m->there && (!first || (lives(first) && !lives(m))))
			first = m;
	return first;
}

/* Whether all clusters can be gone on with as one restore. What lives is not
 * restored once more because another cluster is empty. */
static int agree(
    const struct heal *h, const struct mark *begun, struct err *err)
{
	VEC_EACH (&h->marks, m) {
		bool same = begun && !lives(begun) && m->there &&
			    str_eq(m->marker.restore, begun->marker.restore);

		if (same)
			continue;
		if (lives(m))
			return err_set(err, ERR_USAGE,
			    "cluster '%s' lives, and another of the platform "
			    "is empty or restored in part; restore that one by "
			    "hand with `apply --only kubernetes:CLUSTER/`",
			    m->cluster);
		if (m->there &&
		    !str_eq(m->marker.snapshot, begun->marker.snapshot))
			return err_set(err, ERR_USAGE,
			    "cluster '%s' was healed from '%s', and cluster "
			    "'%s' from '%s'; restore one of them by hand with "
			    "`apply`",
			    begun->cluster, begun->marker.snapshot, m->cluster,
			    m->marker.snapshot);
	}
	return 0;
}

/* Why nothing is done, as people read it; the caller frees. */
static char *why_left_alone(const struct heal *h, const struct mark *marked)
{
	const char *name = h->command.settings->name;

	if (marked && marked->marker.state == MARKER_REPAIRING)
		return str_printf("'%s' is there, and a restore of '%s' by "
				  "hand is not at its end: left alone",
		    name, marked->marker.snapshot);
	if (marked)
		return str_printf("'%s' is there, restored from '%s': left "
				  "alone",
		    name, marked->marker.snapshot);
	if (h->marks.items[0].is_source)
		return str_printf("'%s' is there, and is what '%s' was taken "
				  "from: left alone",
		    name, h->s.opened.snapshot->label);
	return str_printf("'%s' is there, and is what a newer snapshot was "
			  "taken from: left alone",
	    name);
}

static void print_left_alone(const struct heal *h, const struct mark *marked)
{
	autofree char *why = why_left_alone(h, marked);
	cleanup(buf_done) struct buf out = BUF_INIT;

	log_progress("%s", "");
	if (h->command.options->common.output == CLI_OUTPUT_JSON) {
		cleanup(json_freep) struct json_object *j =
		    document_new(h->command.name, NULL);
		json_set_bool(j, "left_alone", true);
		json_set_str(j, "reason", why);
		document_write(j, &out);
	} else {
		buf_printf(&out, "%s\n", why);
	}
	fputs(buf_str(&out), stdout);
}

/* A restore that has begun goes on with its own snapshot, also where there is a
 * newer one: that may be of the half of the platform that was there. */
static int go_on(struct heal *h, const struct mark *marked, struct err *err)
{
	const char *label = marked->marker.snapshot;

	if (!str_eq(label, h->s.opened.snapshot->label)) {
		log_info(
		    "cluster '%s' is restored in part from '%s': continuing",
		    marked->cluster, label);
		open_close(&h->s.opened);
		if (choose_named(h, label, err))
			return err_wrap(err,
			    "cluster '%s' was restored in part from '%s'",
			    marked->cluster, label);
	}
	h->goes_on = true;
	(void)snprintf(h->restore.uid, sizeof(h->restore.uid), "%s",
	    marked->marker.restore);
	return 0;
}

/* 1 where there is nothing to do. */
static int examine_clusters(struct heal *h, const char *asked, struct err *err)
{
	if (read_marks(h, err))
		return -1;
	const struct mark *marked = first_marked(h);
	if (asked && marked &&
	    !str_eq(marked->marker.snapshot, h->s.opened.snapshot->label))
		return err_set(err, ERR_USAGE,
		    "cluster '%s' was healed from '%s', not from '%s'; "
		    "`apply` restores from another one",
		    marked->cluster, marked->marker.snapshot,
		    h->s.opened.snapshot->label);
	if (count_living(h) == h->marks.len) {
		print_left_alone(h, marked);
		return 1;
	}
	if (agree(h, marked, err))
		return -1;
	if (marked)
		return go_on(h, marked, err);
	marks_new_uid(&h->restore, h->command.env.random);
	return 0;
}

/* The snapshot that is restored, unpacked. 1 where there is nothing to do. */
static int open_good(struct heal *h, const char *asked, struct err *err)
{
	bool free_to_choose = !asked || str_eq(asked, "latest");

	h->untried = h->s.opened.list.len;
	for (;;) {
		if (free_to_choose ? choose(h, err)
				   : choose_named(h, asked, err))
			return -1;
		if (!h->command.which)
			h->command.which = "latest";
		int nothing_to_do = examine_clusters(h, asked, err);
		if (nothing_to_do ||
		    open_tree(&h->command, &h->s.opened, err) == 0)
			return nothing_to_do;
		if (err->code != ERR_INTEGRITY || !free_to_choose || h->goes_on)
			return -1;
		pass_over(h, err);
	}
}

/* ---- the restore --------------------------------------------------------- */

/* The journal goes on only with the plan that it is of. */
static int find_journal(struct heal *h, const char *dir, struct err *err)
{
	autofree char *path = journal_path(dir, h->s.options.snapshot);
	bool at_work;

	h->options.resume = false;
	if (!h->goes_on)
		return 0;
	if (!file_exists(path)) {
		log_info("%s: it is not there, so what the earlier run has "
			 "made and left paused is found in the clusters",
		    path);
		return 0;
	}
	cleanup(journal_closep) struct journal *j =
	    journal_inspect(path, &at_work, err);
	if (!j)
		return -1;
	h->options.resume = str_eq(j->digest, h->s.plan->digest);
	return 0;
}

static void advise(const struct heal *h, struct report *r)
{
	if (!r->next)
		return;
	free(r->next);
	if (report_waits(r) && !r->stopped)
		r->next = str_printf("layer '%s' waits for approval; "
				     "'backstay-restore heal --approve %s' "
				     "goes on with it",
		    r->waits_for, r->waits_for);
	else if (r->stopped || report_is_missing(r))
		r->next = str_printf("'%s' is restored in part; the next "
				     "'backstay-restore heal' goes on from "
				     "there",
		    h->command.settings->name);
	else
		r->next = str_printf("left paused, as restore.hold of the "
				     "configuration says; 'backstay-restore "
				     "release %s' releases them",
		    r->snapshot);
}

static int on_begin(void *ctx, struct err *err)
{
	struct heal *h = ctx;

	return marks_begin(&h->marks, &h->restore, err);
}

static int carry_out(struct heal *h, struct err *err)
{
	autofree char *dir =
	    file_join(h->command.settings->state_dir, "journal");

	h->restore.platform = h->command.settings->name;
	h->restore.snapshot = h->s.options.snapshot;
	if (file_mkdirs(dir, err) || find_journal(h, dir, err))
		return -1;
	cleanup(applier_freep) struct applier *applier = applying_driver(&h->s);
	const struct apply_approval approval = {
	    .approved = &h->options.approve};
	struct apply_options o = applying_options(&h->s, applier, dir);
	o.approval = &approval;
	o.run.adopts = h->goes_on && !h->options.resume;
	o.begin = on_begin;
	o.begin_ctx = h;
	cleanup(report_freep) struct report *r = apply_run(h->s.plan, &o, err);
	if (!r)
		return -1;
	advise(h, r);
	if (!report_is_missing(r) && marks_end(&h->marks, &h->restore, err))
		return -1;
	return applying_print(&h->s, r);
}

int command_heal(const struct command *c, struct err *err)
{
	cleanup(heal_done) struct heal h = {
	    .options = *c->options, .command = *c, .s = SESSION_INIT};

	h.command.options = &h.options;
	h.s.c = &h.command;
	if (!c->settings->name)
		return err_set(err, ERR_USAGE,
		    "heal: the configuration has no name, so whose snapshots "
		    "to take is not known");
	if (open_vault(&h.command, &h.s.opened, err))
		return err_wrap(err, "heal");
	int nothing_to_do = open_good(&h, c->which, err);
	if (nothing_to_do)
		return nothing_to_do > 0 ? 0 : err_wrap(err, "heal");
	h.s.locked = true;
	if (session_plan(&h.s, err))
		return err_wrap(err, "heal");
	VEC_EACH (&h.s.plan->warnings, w)
		log_warn("%s", *w);
	int status = carry_out(&h, err);
	return status < 0 ? err_wrap(err, "heal") : status;
}
