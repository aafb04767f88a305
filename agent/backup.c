#include "agent/agent.h"
#include "agent/prune_vault.h"
#include "agent/sources.h"
#include "storage/archive/age.h"
#include "storage/archive/writer.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/vault/lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One vault of the run: open, locked, or the reason why not. */
struct run_vault {
	const struct settings_vault *settings;
	struct connect_vault connected;
	struct vault_lock *lock;
	struct err err; /* why it is out of the run; ERR_NONE: it is in */
};

struct run {
	const struct agent *a;
	const struct settings *settings;
	struct scratch scratch;
	struct minisign_key *key;
	struct strvec recipients;
	struct secret *passphrase;
	struct run_vault *vaults;
	size_t vault_count;
	struct vault **open; /* those that are in, borrowed */
	struct run_vault **open_run;
	size_t open_count;
	struct snapshot_writer *snapshot;
	struct archive_writer *archive;
	struct sources sources;
	struct archive_totals totals;
	int64_t started_ticks;
	int64_t started, finished; /* seconds */
};

static void run_done(struct run *r)
{
	sources_done(&r->sources);
	archive_writer_free(r->archive);
	snapshot_writer_free(r->snapshot);
	for (size_t i = 0; i < r->vault_count; i++) {
		vault_lock_free(r->vaults[i].lock);
		connect_vault_done(&r->vaults[i].connected);
	}
	free(r->vaults);
	free(r->open);
	free(r->open_run);
	minisign_key_free(r->key);
	secret_free(r->passphrase);
	strvec_done(&r->recipients);
	scratch_done(&r->scratch);
}

static int prepare_scratch(struct run *r, struct err *err)
{
	const char *parent = r->settings->scratch_dir;

	if (file_mkdirs(r->settings->state_dir, err) ||
	    file_mkdirs(parent, err))
		return -1;
	int removed = scratch_clean(parent, err);
	if (removed < 0)
		return -1;
	if (removed)
		log_info("removed what %d run%s left in '%s'", removed,
		    removed == 1 ? "" : "s", parent);
	return scratch_make(&r->scratch, parent, err);
}

/* What is not protected is said each time. */
static int read_keys(struct run *r, struct err *err)
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

static int lock_vault(struct run *r, struct run_vault *v, struct err *err)
{
	char host[256] = "";
	gethostname(host, sizeof(host) - 1);
	autofree char *holder =
	    str_printf("backup on %s, pid %d", host, (int)getpid());
	const struct vault_lock_options o = {
	    .holder = holder,
	    .clock = r->a->env.clock,
	    .random = r->a->env.random,
	    .stale_s = r->settings->lock_stale_after / 1000,
	};

	v->lock =
	    vault_lock_take(v->connected.vault, r->settings->name, &o, err);
	return v->lock ? 0 : -1;
}

static int open_vault(struct run *r, struct run_vault *v, struct err *err)
{
	if (connect_vault(v->settings, true, &r->a->env, &v->connected, err))
		return -1;
	if (lock_vault(r, v, err))
		return err_wrap(err, "vault '%s'", v->settings->name);
	return 0;
}

/* A vault that fails is out; a lock that is held, and none left, end it. */
static int open_vaults(struct run *r, struct err *err)
{
	r->vault_count = r->settings->vaults.len;
	r->vaults = mem_zalloc(r->vault_count * sizeof(*r->vaults));
	r->open = mem_zalloc(r->vault_count * sizeof(*r->open));
	r->open_run = mem_zalloc(r->vault_count * sizeof(*r->open_run));
	for (size_t i = 0; i < r->vault_count; i++) {
		struct run_vault *v = &r->vaults[i];
		v->settings = &r->settings->vaults.items[i];
		if (open_vault(r, v, &v->err)) {
			*err = v->err;
			if (err->code == ERR_LOCKED)
				return -1;
			log_error("%s", v->err.message);
			continue;
		}
		r->open_run[r->open_count] = v;
		r->open[r->open_count++] = v->connected.vault;
	}
	return r->open_count ? 0 : err_wrap(err, "no vault can be written to");
}

static int begin_snapshot(struct run *r, struct err *err)
{
	const struct settings *s = r->settings;
	const struct snapshot_options o = {
	    .name = s->name,
	    .compression = s->compression.format == SETTINGS_GZIP
			       ? ARCHIVE_GZIP
			       : ARCHIVE_ZSTD,
	    .encryption = s->encryption_none ? ARCHIVE_PLAIN : ARCHIVE_AGE,
	    .clock = r->a->env.clock,
	};

	r->snapshot = snapshot_begin(r->open, r->open_count, &o, err);
	if (!r->snapshot)
		return -1;
	size_t tidied = snapshot_writer_tidied(r->snapshot);
	if (tidied)
		log_info("removed %zu object%s that dead runs had left in the "
			 "vaults",
		    tidied, tidied == 1 ? "" : "s");
	struct sink *sink = snapshot_writer_sink(r->snapshot, err);
	if (!sink)
		return -1;
	if (r->passphrase)
		sink = age_encrypt_passphrase(
		    r->passphrase, 0, r->a->env.random, sink, err);
	else if (!s->encryption_none)
		sink = age_encrypt(&r->recipients, r->a->env.random, sink, err);
	if (!sink)
		return -1;
	const struct archive_options archive = {
	    .compression = o.compression,
	    .level = s->compression.level,
	    .threads = s->compression.threads,
	    .scratch = r->scratch.path,
	    .mtime = snapshot_writer_time(r->snapshot),
	};
	r->archive = archive_writer_new(&archive, sink, err);
	return r->archive ? 0 : -1;
}

static void show_progress(void *ctx, struct sources *sources)
{
	struct run *r = ctx;
	cleanup(buf_done) struct buf line = BUF_INIT;

	if (!log_progress_shown())
		return;
	struct archive_totals t = archive_writer_progress(r->archive);
	buf_printf(&line, "%s: %llu entries, ",
	    cancel_requested(r->a->env.cancel) ? "stopping" : "capturing",
	    (unsigned long long)t.entries);
	str_add_bytes(&line, t.bytes);
	sources_describe(sources, &line);
	log_progress("%s", line.data);
}

static int64_t now_seconds(const struct run *r)
{
	return clock_now_ms(r->a->env.clock) / 1000;
}

/* A capture that cannot go on ends the run; all that got nothing, too. */
static int judge(struct run *r, struct err *err)
{
	size_t failed = 0;

	for (size_t i = 0; i < r->sources.count; i++) {
		const struct source_task *t = &r->sources.tasks[i];
		VEC_EACH (&t->report.warnings, w)
			log_warn("%s: %s", t->kind, *w);
		VEC_EACH (&t->report.missing, m)
			log_error("missing: %s: %s", m->what, m->reason);
		if (t->status) {
			*err = t->err;
			return err_wrap(err, "%s", t->kind);
		}
		failed += source_failed(t);
	}
	if (failed < r->sources.count)
		return 0;
	const struct capture_missing *first =
	    &r->sources.tasks[0].report.missing.items[0];
	return err_set(err, ERR_NETWORK,
	    "nothing could be captured, so nothing was committed (first: %s: "
	    "%s)",
	    first->what, first->reason);
}

static int capture(struct run *r, struct err *err)
{
	const struct capture_env env = {
	    .writer = r->archive,
	    .state_dir = r->settings->state_dir,
	    .scratch = r->scratch.path,
	    .clock = r->a->env.clock,
	    .random = r->a->env.random,
	    .cancel = r->a->env.cancel,
	};

	sources_init(&r->sources, r->settings, &env);
	if (!r->sources.count)
		return err_set(err, ERR_USAGE,
		    "%s: names nothing to back up; add 'git', 'kubernetes' or "
		    "'terraform'",
		    r->settings->file);
	r->started = now_seconds(r);
	sources_run(&r->sources, show_progress, r);
	r->finished = now_seconds(r);
	if (cancel_check(r->a->env.cancel, err) || judge(r, err))
		return -1;
	log_progress("writing the end of the archive");
	return archive_writer_finish(r->archive, &r->totals, err);
}

static void set_time(struct json_object *j, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_rfc3339(ms / 1000, text);
	json_set_str(j, key, text);
}

static void add_source(struct manifest *m, const struct source_task *t)
{
	struct json_object *j = json_new_object();

	json_set_str(j, "kind", t->kind);
	json_set_str(j, "name", t->kind);
	json_set_int(j, "items", (int64_t)t->report.items);
	json_set_int(j, "bytes", (int64_t)t->report.bytes);
	json_set_int(j, "missing", (int64_t)t->report.missing.len);
	set_time(j, "started", t->started_ms);
	set_time(j, "finished", t->finished_ms);
	for (struct json_iter it = json_iter(t->report.summary);
	     json_next(&it);)
		if (!json_get(j, it.key))
			json_set(j, it.key, json_share(it.value));
	json_append(m->sources, j);
	VEC_EACH (&t->report.missing, missing)
		manifest_add_missing(m, missing->what, missing->reason);
	VEC_EACH (&t->report.warnings, w) {
		autofree char *text = str_printf("%s: %s", t->kind, *w);
		manifest_add_warning(m, text);
	}
}

static void add_vault_failure(
    struct manifest *m, const struct settings_vault *v, const struct err *err)
{
	autofree char *what = str_printf("the copy in vault '%s'", v->name);

	manifest_add_missing(m, what, err->message);
}

static void fill_manifest(struct run *r, struct manifest *m)
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	m->started = r->started;
	m->finished = r->finished;
	m->zone = str_dup(r->settings->retention.zone);
	m->hostname = str_dup(host);
	m->archive.entries = r->totals.entries;
	m->archive.content_bytes = r->totals.bytes;
	VEC_EACH (&r->settings->tags, tag)
		strvec_add(&m->tags, *tag);
	VEC_EACH (&r->a->options->tags, tag)
		if (!strvec_has(&m->tags, *tag))
			strvec_add(&m->tags, *tag);
	m->hold = r->a->options->hold;
	for (size_t i = 0; i < r->sources.count; i++)
		add_source(m, &r->sources.tasks[i]);
	for (size_t i = 0; i < r->vault_count; i++)
		if (r->vaults[i].err.code != ERR_NONE)
			add_vault_failure(
			    m, r->vaults[i].settings, &r->vaults[i].err);
	for (size_t i = 0; i < r->open_count; i++) {
		const struct err *e = snapshot_writer_failure(r->snapshot, i);
		if (e)
			add_vault_failure(m, r->open_run[i]->settings, e);
	}
	m->partial = json_len(m->missing) > 0;
}

/* The locks were ours all the time, or nothing is committed. */
static int commit(struct run *r, struct manifest *m, struct err *err)
{
	for (size_t i = 0; i < r->open_count; i++) {
		if (snapshot_writer_failure(r->snapshot, i))
			continue;
		if (vault_lock_check(r->open_run[i]->lock, err))
			return err_wrap(
			    err, "vault '%s'", r->open_run[i]->settings->name);
	}
	if (cancel_check(r->a->env.cancel, err))
		return -1;
	return snapshot_commit(r->snapshot, m, r->key, err);
}

/* A vault that failed in the commit itself is not in the manifest. */
static size_t failed_vaults(const struct run *r)
{
	size_t failed = r->vault_count - r->open_count;

	for (size_t i = 0; i < r->open_count; i++) {
		const struct err *e = snapshot_writer_failure(r->snapshot, i);
		if (!e)
			continue;
		failed++;
		log_error("vault '%s': %s", r->open_run[i]->settings->name,
		    e->message);
	}
	return failed;
}

static void print_json(const struct manifest *m)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	manifest_write(m, &text);
	fputs(text.data, stdout);
}

static void print_summary(
    const struct run *r, const struct manifest *m, size_t copies)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	int64_t ms = clock_ticks_ms(r->a->env.clock) - r->started_ticks;

	buf_printf(&text, "%s  %s  %llu entries, ", m->label,
	    m->partial ? "partial" : "complete",
	    (unsigned long long)m->archive.entries);
	str_add_bytes(&text, m->archive.content_bytes);
	buf_add_str(&text, " in ");
	str_add_bytes(&text, m->archive.bytes);
	buf_printf(&text, ", %zu vault%s, %lld.%02lld s\n", copies,
	    copies == 1 ? "" : "s", (long long)(ms / 1000),
	    (long long)(ms / 10 % 100));
	for (size_t i = 0; i < r->sources.count; i++) {
		const struct source_task *t = &r->sources.tasks[i];
		buf_printf(&text, "  %-11s %6llu items  ", t->kind,
		    (unsigned long long)t->report.items);
		str_add_bytes(&text, t->report.bytes);
		if (t->report.missing.len)
			buf_printf(
			    &text, "  %zu missing", t->report.missing.len);
		buf_add_char(&text, '\n');
	}
	for (size_t i = 0; i < json_len(m->missing); i++) {
		const struct json_object *j = json_at(m->missing, i);
		buf_add_str(&text, "  missing: ");
		const char *what = json_get_str(j, "what");
		const char *reason = json_get_str(j, "reason");
		str_add_printable(&text, what, strlen(what));
		buf_add_str(&text, ": ");
		str_add_printable(&text, reason, strlen(reason));
		buf_add_char(&text, '\n');
	}
	fputs(text.data, stdout);
}

static int finish(struct run *r, struct err *err)
{
	struct manifest m;

	manifest_init(&m);
	fill_manifest(r, &m);
	int status = commit(r, &m, err);
	if (status == 0) {
		size_t failed = failed_vaults(r);
		log_progress("%s", "");
		if (r->a->options->common.output == CLI_OUTPUT_JSON)
			print_json(&m);
		else
			print_summary(r, &m, r->vault_count - failed);
		status = m.partial || failed ? 1 : 0;
	}
	manifest_done(&m);
	return status;
}

/* Only after success: a run that missed something drops nothing. The snapshot
 * is there, whatever becomes of this. */
static int prune_after(struct run *r)
{
	int status = 0;

	for (size_t i = 0; i < r->open_count; i++) {
		struct err err = ERR_INIT;
		if (prune_vault(r->a, r->open_run[i]->settings, r->open[i],
			r->open_run[i]->lock, r->key, false, &err) == 0)
			continue;
		log_error("the snapshot was committed, but pruning failed: %s",
		    err.message);
		status = 1;
	}
	return status;
}

/* Whoever took over a lock removed what we were writing: what went wrong with
 * that is not what there is to be told. */
static void look_for_lost_lock(const struct run *r, struct err *err)
{
	for (size_t i = 0; i < r->open_count; i++) {
		struct err why = ERR_INIT;
		if (err->code == ERR_CANCELLED ||
		    vault_lock_check(r->open_run[i]->lock, &why) == 0 ||
		    why.code != ERR_LOCKED)
			continue;
		*err = why;
		err_wrap(err, "vault '%s'", r->open_run[i]->settings->name);
		return;
	}
}

int agent_backup(const struct agent *a, struct err *err)
{
	cleanup(run_done) struct run r = {.a = a,
	    .settings = a->settings,
	    .scratch = SCRATCH_INIT,
	    .started_ticks = clock_ticks_ms(a->env.clock)};

	/* Said before an hour of work, not after it. */
	if (a->options->prune && !a->settings->has_retention)
		return err_set(err, ERR_USAGE,
		    "%s: has no 'retention', which --prune applies",
		    a->settings->file);
	if (prepare_scratch(&r, err) || read_keys(&r, err) ||
	    open_vaults(&r, err) || begin_snapshot(&r, err) ||
	    capture(&r, err)) {
		look_for_lost_lock(&r, err);
		return err_wrap(err, "backup");
	}
	int status = finish(&r, err);
	if (status < 0)
		return err_wrap(err, "backup");
	if (status == 0 && a->options->prune)
		status = prune_after(&r);
	return status;
}
