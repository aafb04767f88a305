#include "agent/backup.h"

#include "agent/prune/vault.h"
#include "config/cli/document.h"
#include "storage/archive/missing.h"
#include "storage/base/cleanup.h"
#include "storage/base/estimate.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/base/relay.h"
#include "storage/crypto/age.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct backup_run backup_steps_begin(const struct agent *a)
{
	return (struct backup_run){.a = a,
	    .settings = a->settings,
	    .scratch = SCRATCH_INIT,
	    .started_ticks = clock_ticks_ms(a->env.clock)};
}

void backup_steps_done(struct backup_run *r)
{
	sources_done(&r->sources);
	discovered_done(&r->discovered);
	organisations_done(&r->organisations);
	archive_writer_free(r->archive);
	backup_incremental_done(r);
	snapshot_writer_free(r->snapshot);
	backup_vaults_done(r);
	minisign_key_free(r->key);
	retention_zone_free(r->zone);
	secret_free(r->passphrase);
	strvec_done(&r->recipients);
	snapshot_trust_done(&r->trust);
	scratch_done(&r->scratch);
	json_free(r->summary);
	backup_closure_done(r);
}

static int prepare_scratch(struct backup_run *r, struct err *err)
{
	int removed;

	if (connect_scratch(r->settings, &r->scratch, &removed, err))
		return -1;
	if (removed)
		log_info("removed what %d run%s left in '%s'", removed,
		    removed == 1 ? "" : "s", r->settings->scratch_dir);
	return 0;
}

/* Every run warns about what is not protected. */
static int read_keys(struct backup_run *r, struct err *err)
{
	const struct settings *s = r->settings;

	if (s->encryption_none)
		log_warn("encryption: none: whoever reads the vault reads "
			 "every secret in the snapshot");
	else if (secret_ref_is_set(&s->encryption.passphrase)) {
		if (secret_ref_read(
			&s->encryption.passphrase, &r->passphrase, err))
			return -1;
	} else if (connect_recipients(s, &r->recipients, err)) {
		return -1;
	}
	if (s->signing_none)
		log_warn("signing: none: nobody can tell whether a snapshot "
			 "was forged or replaced");
	return connect_signing_key(s, &r->key, err);
}

int backup_steps_prepare(struct backup_run *r, struct err *err)
{
	watch_phase(r->a->watch, "open");
	return prepare_scratch(r, err) || read_keys(r, err) ||
		       connect_trust(r->settings, &r->trust, err)
		   ? -1
		   : 0;
}

int backup_steps_check(struct backup_run *r, struct err *err)
{
	const struct agent *a = r->a;

	if (a->options->prune && !a->settings->has_retention)
		return err_set(err, ERR_USAGE,
		    "%s: has no 'retention', which --prune applies",
		    a->settings->file);
	if (agent_check_tags(&a->options->tags, err))
		return -1;
	if (!a->options->prune)
		return 0;
	r->zone = retention_zone_open(a->settings->retention.zone, err);
	return r->zone ? 0 : err_wrap(err, "retention.zone");
}

/* Reports what is odd in the vaults, for the operator to check. */
static void report_odd(const struct snapshot_writer *w)
{
	const char *future = snapshot_writer_future(w);

	VEC_EACH (snapshot_writer_left(w), object)
		log_warn("'%s' belongs to no snapshot that is there, and "
			 "nothing here says that a run left it: it stays, in "
			 "case the store only does not show its manifest; "
			 "README says when to remove it",
		    *object);
	if (future)
		log_warn("'%s' lies in the future: it was made under a wrong "
			 "clock, every label follows it, and retention keeps "
			 "what follows; README says the way out",
		    future);
}

enum archive_compression backup_steps_compression(const struct backup_run *r)
{
	return r->settings->compression.format == SETTINGS_GZIP ? ARCHIVE_GZIP
								: ARCHIVE_ZSTD;
}

enum archive_encryption backup_steps_encryption(const struct backup_run *r)
{
	return r->settings->encryption_none ? ARCHIVE_PLAIN : ARCHIVE_AGE;
}

int backup_steps_snapshot(struct backup_run *r, int64_t time, struct err *err)
{
	const struct snapshot_options o = {
	    .name = r->settings->name,
	    .compression = backup_steps_compression(r),
	    .encryption = backup_steps_encryption(r),
	    .clock = r->a->env.clock,
	    .trust = &r->trust,
	    .locks = r->open_lock,
	    .time = time,
	};

	r->snapshot = snapshot_begin(r->open, r->open_count, &o, err);
	if (!r->snapshot)
		return -1;
	size_t tidied = snapshot_writer_tidied(r->snapshot);
	if (tidied)
		log_info("removed %zu object%s that dead runs had left in the "
			 "vaults",
		    tidied, tidied == 1 ? "" : "s");
	report_odd(r->snapshot);
	return 0;
}

struct sink *backup_steps_encrypt(
    struct backup_run *r, struct sink *sink, struct err *err)
{
	if (r->passphrase)
		return age_encrypt_passphrase(
		    r->passphrase, 0, r->a->env.random, sink, err);
	return r->settings->encryption_none
		   ? sink
		   : age_encrypt(&r->recipients, r->a->env.random, sink, err);
}

struct archive_options backup_steps_options(
    const struct backup_run *r, int64_t mtime)
{
	const struct settings *s = r->settings;

	return (struct archive_options){
	    .compression = backup_steps_compression(r),
	    .level = s->compression.level,
	    .threads = s->compression.threads,
	    .scratch = r->scratch.path,
	    .mtime = mtime,
	    .form =
		s->has_incremental || r->shard ? CONTENTS_LIST : CONTENTS_ONE,
	    .known = r->known,
	};
}

int backup_steps_archive(
    struct backup_run *r, struct sink *sink, int64_t mtime, struct err *err)
{
	const struct archive_options o = backup_steps_options(r, mtime);

	sink = backup_steps_encrypt(r, sink, err);
	if (!sink)
		return -1;
	/* Reading and compressing need not wait for encrypting and writing. */
	r->archive = archive_writer_new(&o, relay_sink(sink, RELAY_AHEAD), err);
	return r->archive ? 0 : -1;
}

/* What was read so far, how fast, and, where that is known, how long it will
 * take on. */
static void describe_pace(
    const struct backup_run *r, struct sources *sources, struct buf *line)
{
	struct archive_totals t = archive_writer_progress(r->archive);
	int64_t ms = clock_ticks_ms(r->a->env.clock) - r->capture_ticks;
	const struct estimate read = {
	    .bytes = true, .done = t.bytes, .elapsed_ms = ms};

	buf_printf(line, "%llu entries, ", (unsigned long long)t.entries);
	estimate_add(line, &read);
	estimate_add_left(line, sources_left_ms(sources, ms), ms);
}

static void show_progress(void *ctx, struct sources *sources)
{
	struct backup_run *r = ctx;
	cleanup(buf_done) struct buf line = BUF_INIT;

	if (!log_progress_shown())
		return;
	buf_add_str(&line,
	    cancel_requested(r->a->env.cancel) ? "stopping: " : "capturing: ");
	describe_pace(r, sources, &line);
	sources_describe(sources, &line);
	log_progress("%s", line.data);
}

static int64_t now_seconds(const struct backup_run *r)
{
	return clock_now_ms(r->a->env.clock) / 1000;
}

static void log_missing(const struct capture_report *report)
{
	cleanup(strvec_done) struct strvec lines = VEC_INIT;
	cleanup(json_freep) struct json_object *missing =
	    capture_report_missing_list(report);

	missing_lines(missing, &lines);
	VEC_EACH (&lines, line)
		log_named(
		    LOG_LEVEL_ERROR, "missing", NULL, "missing: %s", *line);
	if (capture_report_refused(report))
		log_info("%s", capture_refused_advice);
}

/* A failure that ends one source concerns that source alone: the others are
 * kept. The run ends only if the archive cannot be written any more, if it is
 * asked to stop, or if no source gave anything. */
static int judge(struct backup_run *r, struct err *err)
{
	size_t failed = 0;

	for (size_t i = 0; i < r->sources.count; i++) {
		struct source_task *t = &r->sources.tasks[i];
		bool ends =
		    t->status && (t->err.code == ERR_CANCELLED ||
				     archive_writer_is_spoilt(r->archive));
		if (t->status && !ends)
			capture_report_missing(&t->report, &t->err,
			    "what %s had left to read", t->kind);
		VEC_EACH (&t->report.warnings, w)
			log_warn("%s: %s", t->kind, *w);
		log_missing(&t->report);
		if (ends) {
			*err = t->err;
			return err_wrap(err, "%s", t->kind);
		}
		failed += sources_note_failed(t);
	}
	/* What a part lacks is for the whole to judge. */
	if (failed < r->sources.count || r->shard)
		return 0;
	const struct capture_missing *first =
	    &r->sources.tasks[0].report.missing.items[0];
	return err_set(err, ERR_NETWORK,
	    "nothing could be captured, so nothing was committed (first: %s: "
	    "%s)",
	    first->what, first->reason);
}

/* What the organisations have now joins the settings of the run. */
static int list_organisations(struct backup_run *r, struct err *err)
{
	if (organisations_list(
		r->a->settings, &r->a->env, &r->organisations, err))
		return -1;
	r->settings = &r->organisations.settings;
	VEC_EACH (&r->organisations.each, o) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		organisations_describe(o, &text);
		if (o->err.code == ERR_NONE)
			log_info("organisation '%s': %s", o->settings->url,
			    buf_str(&text));
	}
	return 0;
}

/* Adds what the clusters name to the settings of the run. */
static int add_discovered(struct backup_run *r, struct err *err)
{
	struct discovered *d = &r->discovered;

	if (!discovered_is_wanted(r->settings))
		return 0;
	if (discovered_add(
		d, &r->organisations, &r->a->env, r->scratch.path, err))
		return -1;
	size_t buckets = d->buckets.len - d->configured_buckets;
	log_info("discovered and taken along: %zu repositor%s, %zu bucket%s "
		 "of state",
	    d->repositories, d->repositories == 1 ? "y" : "ies", buckets,
	    buckets == 1 ? "" : "s");
	VEC_EACH (&d->left, line)
		log_warn("discover: %s", *line);
	return 0;
}

int backup_steps_list(struct backup_run *r, struct err *err)
{
	watch_phase(r->a->watch, "capture");
	if (list_organisations(r, err) || add_discovered(r, err))
		return -1;
	r->captured = &r->organisations;
	return 0;
}

int backup_steps_capture(struct backup_run *r, struct err *err)
{
	struct capture_env env = {
	    .writer = r->archive,
	    .state_dir = r->settings->state_dir,
	    .name = r->settings->name,
	    .scratch = r->scratch.path,
	    .clock = r->a->env.clock,
	    .random = r->a->env.random,
	    .cancel = r->a->env.cancel,
	};

	backup_closure_begin(r, &env);
	sources_init(
	    &r->sources, r->captured, &r->organisations.settings, &env);
	if (!r->sources.count && !r->shard)
		return err_set(err, ERR_USAGE,
		    "%s: names nothing to back up; add 'git', 'kubernetes' or "
		    "'terraform'",
		    r->settings->file);
	r->started = now_seconds(r);
	r->capture_ticks = clock_ticks_ms(r->a->env.clock);
	sources_run(&r->sources, show_progress, r);
	r->finished = now_seconds(r);
	if (cancel_check(r->a->env.cancel, err) || judge(r, err) ||
	    backup_closure_judge(r, err))
		return -1;
	watch_phase(r->a->watch, "seal");
	log_progress("writing the end of the archive");
	if (archive_writer_finish(r->archive, &r->totals, err))
		return -1;
	backup_events_sealed(r);
	return 0;
}

static int commit(struct backup_run *r, struct manifest *m, struct err *err)
{
	if (backup_vaults_check(r, err) || cancel_check(r->a->env.cancel, err))
		return -1;
	return snapshot_commit(r->snapshot, m, r->key, err);
}

int backup_steps_commit(
    struct backup_run *r, struct manifest *m, struct err *err)
{
	int status = commit(r, m, err);

	if (status)
		return -1;
	size_t failed = backup_vaults_failed(r);
	backup_incremental_remember(r);
	backup_witness(r, m);
	log_progress("%s", "");
	backup_events_committed(r, m, r->vault_count - failed);
	if (r->a->options->common.output == CLI_OUTPUT_JSON)
		r->summary = backup_report_summary(r, m);
	backup_report_print(r, m, r->vault_count - failed);
	return m->partial || failed ? 1 : 0;
}

/* Prunes only after a complete snapshot. If pruning fails, the snapshot
 * stays. */
int backup_steps_prune(struct backup_run *r)
{
	/* Beside the manifest nothing else is printed. */
	cleanup(json_freep) struct json_object *vaults =
	    r->summary || r->a->options->manifest ? json_new_array() : NULL;
	const struct prune_terms terms = {
	    .key = r->key, .zone = r->zone, .vaults = vaults};
	int status = 0;

	watch_phase(r->a->watch, "prune");
	for (size_t i = 0; i < r->open_count; i++) {
		struct err err = ERR_INIT;
		if (prune_vault(r->a, r->open_run[i]->settings, r->open[i],
			r->open_run[i]->lock, &terms, &err) == 0)
			continue;
		log_error("the snapshot was committed, but pruning failed: %s",
		    err.message);
		status = 1;
	}
	if (r->summary)
		json_set(r->summary, "pruned", json_share(vaults));
	return status;
}

void backup_steps_print(const struct backup_run *r)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (!r->summary || r->a->options->manifest)
		return;
	document_write(r->summary, &out);
	fputs(buf_str(&out), stdout);
}
