#include "agent/backup_shard.h"

#include "config/cli/document.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vault *vault_of(const struct backup_run *r)
{
	return r->open[0];
}

/* ---- the run ------------------------------------------------------------- */

static void add_sizes(const struct manifest *base, const char *kind,
    const char *list, const char *name, struct deal_sources *out)
{
	for (size_t i = 0; i < json_len(base->sources); i++) {
		const struct json_object *source = json_at(base->sources, i);
		const struct json_object *all = json_get(source, list);
		if (!str_eq(json_get_str(source, "kind"), kind))
			continue;
		for (size_t k = 0; k < json_len(all); k++) {
			const struct json_object *one = json_at(all, k);
			const char *text = json_get_str(one, name);
			int64_t bytes = json_get_int(one, "bytes", 0);
			if (text && bytes > 0)
				deal_sources_add(
				    out, kind, text, (uint64_t)bytes);
		}
	}
}

static struct json_object *deal_of(const struct manifest *base, uint32_t count)
{
	struct json_object *large = json_new_array();
	struct deal_sources sources = VEC_INIT;
	struct deal_places places = VEC_INIT;

	add_sizes(base, "git", "repositories", "name", &sources);
	add_sizes(base, "kubernetes", "clusters", "name", &sources);
	add_sizes(base, "terraform", "buckets", "bucket", &sources);
	deal_large(&sources, count, &places);
	VEC_EACH (&places, p) {
		struct json_object *one = json_new_object();
		json_set_str(one, "source", p->key);
		json_set_int(one, "shard", p->shard);
		json_append(large, one);
	}
	deal_sources_done(&sources);
	deal_places_done(&places);
	return large;
}

/* Whoever is first decides for all. */
static int begin_run(
    struct backup_run *r, struct backup_shard *s, struct err *err)
{
	struct vault *v = vault_of(r);
	struct shard_run run = {.count = s->count};
	char stamp[CLOCK_TEXT_MAX];
	struct err why = ERR_INIT;
	struct manifest base;
	bool has_base;

	if (shard_run_time(v, r->settings->name, &r->trust, r->a->env.clock,
		&run.created, &base, &has_base, err))
		return -1;
	clock_stamp(run.created, stamp);
	run.id = str_dup(s->id);
	run.name = str_dup(r->settings->name);
	run.label = str_printf("%s-%s", run.name, stamp);
	memcpy(run.configuration, s->configuration, sizeof(run.configuration));
	run.large = has_base ? deal_of(&base, s->count) : json_new_array();
	if (has_base)
		manifest_done(&base);
	int failed = shard_run_put(v, &run, r->key, &why);
	shard_run_done(&run);
	if (!failed || why.code == ERR_EXISTS)
		return 0;
	*err = why;
	return -1;
}

static int check_run(const struct backup_shard *s, struct err *err)
{
	const struct shard_run *run = &s->run;

	if (run->count != s->count)
		return err_set(err, ERR_USAGE,
		    "run '%s' was begun with %u shards, and this is one of %u",
		    s->id, (unsigned)run->count, (unsigned)s->count);
	if (!str_eq(run->configuration, s->configuration))
		return err_set(err, ERR_USAGE,
		    "run '%s' was begun with another configuration: all of its "
		    "shards need the same, but for state_dir and scratch_dir",
		    s->id);
	return 0;
}

static int join_run(
    struct backup_run *r, struct backup_shard *s, struct err *err)
{
	struct vault *v = vault_of(r);
	const char *name = r->settings->name;
	int found = shard_run_find(v, name, s->id, &r->trust, &s->run, err);

	if (!found) {
		if (begin_run(r, s, err))
			return -1;
		found = shard_run_find(v, name, s->id, &r->trust, &s->run, err);
		if (!found)
			return err_set(err, ERR_NOT_FOUND,
			    "%s: run '%s' was written, and the store does not "
			    "show it",
			    vault_describe(v), s->id);
	}
	if (found < 0)
		return -1;
	s->has_run = true;
	backup_parts_places(s);
	return check_run(s, err);
}

/* As it is printed; `more` ends the line. */
static void describe(const struct backup_run *r, const struct backup_shard *s,
    const struct manifest *m, const char *more, struct buf *out)
{
	int64_t ms = clock_ticks_ms(r->a->env.clock) - r->started_ticks;

	if (r->a->options->common.output == CLI_OUTPUT_JSON) {
		cleanup(json_freep) struct json_object *j =
		    backup_report_summary(r, m);
		if (m->part)
			json_set(j, "part", json_share(m->part));
		document_write(j, out);
		return;
	}
	buf_printf(out, "part %u/%u of %s  %s  %llu entries, ",
	    (unsigned)s->index, (unsigned)s->count, m->label,
	    m->partial ? "partial" : "complete",
	    (unsigned long long)manifest_entries(m));
	str_add_bytes(out, manifest_content_bytes(m));
	buf_add_str(out, " in ");
	str_add_bytes(out, manifest_written_bytes(m));
	if (more)
		buf_printf(out, ", %s\n", more);
	else
		buf_printf(out, ", %lld.%02lld s\n", (long long)(ms / 1000),
		    (long long)(ms / 10 % 100));
}

/* Whether there is nothing left to do: 1, and *partial says what there is lacks
 * something. */
static int find_own(const struct backup_run *r, const struct backup_shard *s,
    bool *partial, struct buf *out, struct err *err)
{
	struct manifest m;
	int found = shard_run_sealed(vault_of(r), &s->run, &r->trust, &m, err);

	if (!found)
		found = shard_part_find(
		    vault_of(r), &s->run, s->index, &r->trust, &m, err);
	if (found <= 0)
		return found;
	bool part = m.part != NULL;
	bool has = part;
	for (size_t i = 0; i < m.earlier.len && !has; i++) {
		const char *file = m.earlier.items[i].file;
		struct format_part p;
		has = manifest_is_part(&m, &m.earlier.items[i]) &&
		      format_part_parse(file + strlen(m.label), &p) == 0 &&
		      p.index == s->index;
	}
	*partial = m.partial;
	if (has)
		describe(r, s, &m,
		    part ? "there already" : "in the snapshot already", out);
	manifest_done(&m);
	if (!has)
		return err_set(err, ERR_EXISTS,
		    "run '%s' was sealed as '%s' without part %u/%u: it is "
		    "too late for it",
		    s->id, s->run.label, (unsigned)s->index,
		    (unsigned)s->count);
	return 1;
}

/* ---- its part ------------------------------------------------------------ */

/* Items are borrowed; the rows are the shard's own. */
#define DEAL(FROM, TO, KIND, NAME)                                             \
	do {                                                                   \
		VEC_EACH (FROM, one)                                           \
			if (deal_shard(&s->places, KIND, one->NAME,            \
				s->count) == s->index)                         \
				*vec_add(TO) = *one;                           \
	} while (0)

static void deal(struct backup_run *r, struct backup_shard *s)
{
	const struct settings *all = &r->organisations.settings;
	struct settings *own = &s->dealt.settings;

	s->dealt = r->organisations;
	s->is_dealt = true;
	own->git.repositories = (struct settings_repositories)VEC_INIT;
	own->kubernetes.clusters = (struct settings_clusters)VEC_INIT;
	own->terraform.buckets = (struct settings_buckets)VEC_INIT;
	DEAL(&all->git.repositories, &own->git.repositories, "git", name);
	DEAL(&all->kubernetes.clusters, &own->kubernetes.clusters, "kubernetes",
	    name);
	DEAL(&all->terraform.buckets, &own->terraform.buckets, "terraform",
	    s3.bucket);
	r->captured = &s->dealt;
	r->settings = own;
	log_info("shard %u/%u of '%s': %zu of %zu repositories, %zu of %zu "
		 "clusters, %zu of %zu buckets",
	    (unsigned)s->index, (unsigned)s->count, s->run.label,
	    own->git.repositories.len, all->git.repositories.len,
	    own->kubernetes.clusters.len, all->kubernetes.clusters.len,
	    own->terraform.buckets.len, all->terraform.buckets.len);
}

static int begin_archive(
    struct backup_run *r, struct backup_shard *s, struct err *err)
{
	const char *suffix = format_suffix(
	    backup_steps_compression(r), backup_steps_encryption(r));

	s->archive = format_part_name(
	    s->run.label, s->index, s->count, s->attempt, suffix);
	struct sink *sink = vault_put(vault_of(r), s->archive, err);

	return sink ? backup_steps_archive(r,
			  sink_digest(sink, s->sha256, &s->bytes),
			  s->run.created, err)
		    : -1;
}

static int write_list(const struct backup_run *r, struct backup_shard *s,
    const struct manifest *m, struct err *err)
{
	s->list = shard_list_name(m);
	struct sink *sink = vault_put_passing(vault_of(r), s->list, err);
	cleanup(sink_freep) struct sink *to =
	    sink ? backup_parts_seal_list(r, s, sink, err) : NULL;
	cleanup(source_freep) struct source *from =
	    archive_writer_contents(r->archive);

	return !to || stream_copy(from, to, err) < 0 || sink_finish(to, err)
		   ? -1
		   : 0;
}

static void fill(const struct backup_run *r, const struct backup_shard *s,
    struct manifest *m)
{
	backup_report_fill(r, m);
	m->is_list = true;
	m->entries = r->totals.entries;
	m->content_bytes = r->totals.bytes;
	m->archive.file = str_dup(s->archive);
	m->archive.bytes = s->bytes;
	m->archive.compression = backup_steps_compression(r);
	m->archive.encryption = backup_steps_encryption(r);
	digest_hex(s->sha256, sizeof(s->sha256), m->archive.sha256);
	backup_incremental_recipients(r, m->recipients);
}

/* The snapshot may have been made meanwhile, and this part is none of it. */
static int check_unsealed(
    const struct backup_run *r, const struct backup_shard *s, struct err *err)
{
	struct manifest m;
	int sealed = shard_run_sealed(vault_of(r), &s->run, &r->trust, &m, err);

	if (sealed <= 0)
		return sealed;
	manifest_done(&m);
	return err_set(err, ERR_EXISTS,
	    "run '%s' was sealed as '%s' while part %u/%u was still being "
	    "captured: it is too late for it",
	    s->id, s->run.label, (unsigned)s->index, (unsigned)s->count);
}

/* Where two shards began the run at once, and the store did not keep the one
 * from writing over the other, this one may have read what counts no more. */
static int check_run_stays(
    const struct backup_run *r, const struct backup_shard *s, struct err *err)
{
	struct shard_run now;
	int found = shard_run_find(
	    vault_of(r), r->settings->name, s->id, &r->trust, &now, err);

	if (found < 0)
		return -1;
	bool same = found && str_eq(now.label, s->run.label);
	if (found)
		shard_run_done(&now);
	return same ? 0
		    : err_set(err, ERR_EXISTS,
			  "run '%s' is not '%s' any more: another shard began "
			  "it at the same time, or it was given up; run shard "
			  "%u/%u again",
			  s->id, s->run.label, (unsigned)s->index,
			  (unsigned)s->count);
}

static int commit(struct backup_run *r, struct backup_shard *s,
    struct manifest *m, struct err *err)
{
	struct err why = ERR_INIT;

	if (write_list(r, s, m, err) ||
	    backup_parts_closure_write(r, s, m, err) ||
	    backup_vaults_check(r, err) ||
	    cancel_check(r->a->env.cancel, err) || check_unsealed(r, s, err) ||
	    check_run_stays(r, s, err))
		return -1;
	s->committed = shard_part_put(vault_of(r), &s->run, s->index, m, r->key,
			   &why) == 0;
	if (s->committed)
		return 0;
	*err = why;
	return why.code == ERR_EXISTS
		   ? err_set(err, ERR_EXISTS,
			 "part %u/%u of run '%s' was written by another "
			 "shard of the same index meanwhile: that one stays",
			 (unsigned)s->index, (unsigned)s->count, s->id)
		   : -1;
}

static int finish(struct backup_run *r, struct backup_shard *s, struct buf *out,
    struct err *err)
{
	struct manifest m;

	watch_phase(r->a->watch, "commit");
	manifest_init(&m);
	fill(r, s, &m);
	int status = commit(r, s, &m, err);
	if (status == 0) {
		log_progress("%s", "");
		describe(r, s, &m, NULL, out);
		status = m.partial;
	}
	manifest_done(&m);
	return status;
}

/* What was written of a part that came to nothing. */
static void clean_up(const struct backup_run *r, const struct backup_shard *s)
{
	struct err ignored = ERR_INIT;

	if (!r->open_count || s->committed)
		return;
	vault_cleanup_begin(vault_of(r));
	if (s->list)
		(void)vault_remove(vault_of(r), s->list, &ignored);
	if (s->closure)
		(void)vault_remove(vault_of(r), s->closure, &ignored);
	if (s->archive)
		(void)vault_remove(vault_of(r), s->archive, &ignored);
	vault_cleanup_end(vault_of(r));
}

static int run(struct backup_run *r, struct backup_shard *s, struct buf *out,
    struct err *err)
{
	bool partial = false;

	if (backup_steps_prepare(r, err))
		return -1;
	backup_parts_keys(r, s);
	if (backup_vaults_open(r, err) || join_run(r, s, err))
		return -1;
	int there = find_own(r, s, &partial, out, err);
	if (there)
		return there < 0 ? -1 : partial;
	if (begin_archive(r, s, err) || backup_steps_list(r, err))
		return -1;
	deal(r, s);
	return backup_steps_capture(r, err) ? -1 : finish(r, s, out, err);
}

static void draw_attempt(const struct backup_run *r, struct backup_shard *s)
{
	uint8_t raw[FORMAT_ATTEMPT / 2];
	char text[2 * sizeof(raw) + 1];

	random_fill(r->a->env.random, raw, sizeof(raw));
	digest_hex(raw, sizeof(raw), text);
	memcpy(s->attempt, text, sizeof(s->attempt));
	s->lock_name = shard_lock_name(r->settings->name, s->id, s->attempt);
}

int backup_shard(const struct agent *a, struct buf *out, struct err *err)
{
	cleanup(backup_parts_done) struct backup_shard s = {.id = NULL};
	cleanup(backup_steps_done) struct backup_run r = backup_steps_begin(a);

	watch_apart(a->watch, true);
	if (backup_parts_init(&r, &s, err) ||
	    deal_parse(a->options->shard, &s.index, &s.count, err) ||
	    backup_steps_check(&r, err))
		return -1;
	draw_attempt(&r, &s);
	int status = run(&r, &s, out, err);
	if (status < 0) {
		/* What is written is given up before it can be removed. */
		archive_writer_free(steal(r.archive));
		clean_up(&r, &s);
		return err_wrap(err, "backup --shard %s", a->options->shard);
	}
	return status;
}
