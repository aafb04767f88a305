#include "agent/backup_shard.h"

#include "agent/shard/merge.h"
#include "config/cli/document.h"
#include "storage/archive/gather.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sealing {
	struct backup_run *r;
	struct backup_shard *s;
	VEC_DEFINE(, struct manifest) parts; /* those that are there */
	VEC_DEFINE(, uint32_t) missing;
	struct gather *gather;
};

static void sealing_done(struct sealing *x)
{
	VEC_EACH (&x->parts, m)
		manifest_done(m);
	vec_done(&x->parts);
	vec_done(&x->missing);
	gather_free(x->gather);
}

static struct vault *vault_of(const struct sealing *x)
{
	return x->r->open[0];
}

/* ---- what there is ------------------------------------------------------- */

static int find_run(struct sealing *x, struct err *err)
{
	struct backup_shard *s = x->s;
	const struct backup_run *r = x->r;
	int found = shard_run_find(
	    vault_of(x), r->settings->name, s->id, &r->trust, &s->run, err);

	if (!found)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: no shard of run '%s' of '%s' has begun",
		    vault_describe(vault_of(x)), s->id, r->settings->name);
	if (found < 0)
		return -1;
	s->has_run = true;
	s->count = s->run.count;
	backup_parts_places(s);
	if (str_eq(s->configuration, s->run.configuration))
		return 0;
	return err_set(err, ERR_USAGE,
	    "run '%s' was begun with another configuration: it is sealed with "
	    "the one that its shards had",
	    s->id);
}

static int find_parts(struct sealing *x, struct err *err)
{
	for (uint32_t i = 0; i < x->s->count; i++) {
		struct manifest m;
		int found = shard_part_find(
		    vault_of(x), &x->s->run, i, &x->r->trust, &m, err);
		if (found < 0)
			return -1;
		if (found)
			*vec_add(&x->parts) = m;
		else
			*vec_add(&x->missing) = i;
	}
	return 0;
}

static int refuse_missing(const struct sealing *x, struct err *err)
{
	cleanup(buf_done) struct buf names = BUF_INIT;

	VEC_EACH (&x->missing, i)
		buf_printf(&names, "%s%u/%u", names.len ? ", " : "",
		    (unsigned)*i, (unsigned)x->s->count);
	if (!x->parts.len)
		return err_set(err, ERR_NOT_FOUND,
		    "run '%s' has no part yet, so there is nothing to seal",
		    x->s->id);
	return err_set(err, ERR_NOT_FOUND,
	    "of run '%s', these parts are missing: %s; run the shards, or "
	    "leave them out by --allow-partial",
	    x->s->id, buf_str(&names));
}

/* ---- the last archive ---------------------------------------------------- */

static int gather_part(
    struct sealing *x, const struct manifest *part, struct err *err)
{
	autofree char *list = shard_list_name(part);
	struct source *stored = vault_get(vault_of(x), list, 0, err);
	/* Of what is read later, ERR_DENIED says that the key does not open it.
	 */
	bool refused = !stored && err->code == ERR_DENIED;
	cleanup(source_freep) struct source *from =
	    stored ? backup_parts_open_list(x->r, x->s, stored, err) : NULL;

	if (from && gather_add(x->gather, from, part, err) == 0)
		return 0;
	if (err->code == ERR_NOT_FOUND || err->code == ERR_FORMAT ||
	    (err->code == ERR_DENIED && !refused))
		err->code = ERR_INTEGRITY;
	return err_wrap(err, "%s: '%s'", vault_describe(vault_of(x)), list);
}

static int gather_parts(struct sealing *x, struct err *err)
{
	x->gather = gather_new(x->r->scratch.path);
	VEC_EACH (&x->parts, part) {
		if (cancel_check(x->r->a->env.cancel, err) ||
		    gather_part(x, part, err))
			return -1;
	}
	return 0;
}

static int write_archive(
    struct sealing *x, struct contents_where *where, struct err *err)
{
	struct backup_run *r = x->r;
	const struct archive_options o =
	    backup_steps_options(r, x->s->run.created);
	struct sink *sink = snapshot_writer_sink(r->snapshot, err);

	if (sink)
		sink = backup_steps_encrypt(r, sink, err);
	return sink ? gather_write(x->gather, &o, sink, where, err) : -1;
}

/* ---- the manifest -------------------------------------------------------- */

static void lack(const struct sealing *x, struct manifest *m, uint32_t index,
    const char *kind, const char *what, const char *name)
{
	if (deal_shard(&x->s->places, kind, name, x->s->count) != index)
		return;
	autofree char *text = str_printf("%s '%s'", what, name);
	autofree char *reason =
	    str_printf("part %u/%u, which it was dealt to, is not there",
		(unsigned)index, (unsigned)x->s->count);
	manifest_add_missing(m, text, reason);
}

/* A part that is not there is named with what the configuration says would be
 * in it. */
static void add_missing_part(
    const struct sealing *x, struct manifest *m, uint32_t index)
{
	const struct settings *s = x->r->settings;
	autofree char *what =
	    str_printf("part %u/%u", (unsigned)index, (unsigned)x->s->count);
	autofree char *reason =
	    str_printf("it was not there when run '%s' was sealed", x->s->id);

	log_error("missing: %s: %s", what, reason);
	manifest_add_missing(m, what, reason);
	VEC_EACH (&s->git.repositories, one)
		lack(x, m, index, "git", "repository", one->name);
	VEC_EACH (&s->kubernetes.clusters, one)
		lack(x, m, index, "kubernetes", "cluster", one->name);
	VEC_EACH (&s->terraform.buckets, one)
		lack(x, m, index, "terraform", "bucket", one->s3.bucket);
}

static void merge_part(
    struct sealing *x, const struct manifest *part, struct manifest *m)
{
	const struct manifest_archive own = manifest_own(part);
	struct backup_run *r = x->r;

	merge_sources(m->sources, part->sources);
	merge_texts(m->missing, part->missing);
	merge_texts(m->warnings, part->warnings);
	backup_report_tags(&part->tags, m);
	m->hold |= part->hold;
	if (!r->started || part->started < r->started)
		r->started = part->started;
	if (part->finished > r->finished)
		r->finished = part->finished;
	manifest_add_earlier(m, &own);
}

static void fill(struct sealing *x, struct manifest *m)
{
	const struct archive_totals totals = gather_totals(x->gather);
	const struct backup_run *r = x->r;

	VEC_EACH (&x->parts, part)
		merge_part(x, part, m);
	VEC_EACH (&x->missing, i)
		add_missing_part(x, m, *i);
	backup_report_fill(r, m);
	m->is_list = true;
	m->entries = totals.entries;
	m->content_bytes = totals.bytes;
	backup_incremental_recipients(r, m->recipients);
}

/* ---- the order ----------------------------------------------------------- */

static int check_recipients(const struct sealing *x, struct err *err)
{
	char own[DIGEST_SHA256_HEX];

	backup_incremental_recipients(x->r, own);
	VEC_EACH (&x->parts, part)
		if (!str_eq(part->recipients, own))
			return err_set(err, ERR_INTEGRITY,
			    "'%s' is encrypted to other recipients than the "
			    "snapshot would be",
			    part->archive.file);
	return 0;
}

static int make_snapshot(struct sealing *x, struct err *err)
{
	struct backup_run *r = x->r;
	struct manifest m;
	int status = -1;

	watch_phase(r->a->watch, "seal");
	if (check_recipients(x, err) ||
	    backup_steps_snapshot(r, x->s->run.created, err) ||
	    gather_parts(x, err) ||
	    backup_parts_closure_judge(
		r, x->s, x->parts.items, x->parts.len, err))
		return -1;
	manifest_init(&m);
	/* Its place in the archive is known once that is written. */
	if (write_archive(x, &m.archive.index, err) == 0) {
		watch_phase(r->a->watch, "commit");
		fill(x, &m);
		status = backup_steps_commit(r, &m, err);
	}
	manifest_done(&m);
	return status;
}

/* What is of no more use: the snapshot is there without it. */
static void clear(const struct sealing *x)
{
	struct err why = ERR_INIT;

	vault_cleanup_begin(vault_of(x));
	if (shard_clear(vault_of(x), &x->s->run, &why))
		log_warn("what the parts of '%s' need no more stays: %s",
		    x->s->run.label, why.message);
	vault_cleanup_end(vault_of(x));
}

static void print_sealed(const struct backup_run *r, const struct manifest *m)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (r->a->options->common.output == CLI_OUTPUT_JSON) {
		cleanup(json_freep) struct json_object *j =
		    backup_report_summary(r, m);
		document_write(j, &text);
	} else {
		buf_printf(&text, "%s  %s  sealed already\n", m->label,
		    m->partial ? "partial" : "complete");
	}
	fputs(buf_str(&text), stdout);
}

/* 1 if it was sealed before; *partial as that is. */
static int find_sealed(const struct sealing *x, bool *partial, struct err *err)
{
	struct manifest m;
	int sealed =
	    shard_run_sealed(vault_of(x), &x->s->run, &x->r->trust, &m, err);

	if (sealed <= 0)
		return sealed;
	*partial = m.partial;
	print_sealed(x->r, &m);
	manifest_done(&m);
	return 1;
}

static int seal(struct sealing *x, bool waits, uint32_t *left, struct err *err)
{
	struct backup_run *r = x->r;
	bool partial = false;

	*left = 0;
	if (backup_steps_prepare(r, err))
		return -1;
	backup_parts_keys(r, x->s);
	if (backup_vaults_open(r, err) || find_run(x, err))
		return -1;
	int sealed = find_sealed(x, &partial, err);
	if (sealed) {
		if (sealed > 0)
			clear(x);
		return sealed < 0 ? -1 : partial;
	}
	if (find_parts(x, err))
		return -1;
	*left = (uint32_t)x->missing.len;
	if (x->missing.len && waits)
		return 0;
	if (!x->parts.len || (x->missing.len && !r->a->options->allow_partial))
		return refuse_missing(x, err);
	watch_apart(r->a->watch, false);
	int status = make_snapshot(x, err);
	if (status >= 0)
		clear(x);
	return status;
}

int backup_seal(
    const struct agent *a, bool waits, uint32_t *left, struct err *err)
{
	cleanup(backup_parts_done) struct backup_shard s = {.id = NULL};
	cleanup(backup_steps_done) struct backup_run r = backup_steps_begin(a);
	cleanup(sealing_done) struct sealing x = {.r = &r, .s = &s};

	if (backup_parts_init(&r, &s, err) || backup_steps_check(&r, err))
		return -1;
	int status = seal(&x, waits, left, err);
	if (status < 0) {
		backup_vaults_explain(&r, err);
		return err_wrap(err, "backup --seal");
	}
	if (status == 0 && r.snapshot && a->options->prune)
		status = backup_steps_prune(&r);
	backup_steps_print(&r);
	return status;
}
