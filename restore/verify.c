#include "config/cli/document.h"
#include "restore/command.h"
#include "restore/finding.h"
#include "restore/head.h"
#include "restore/open.h"
#include "restore/plan/door.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verification {
	const struct command *c;
	struct opened *opened;
	unsigned percent; /* of entries whose content is checked */
	uint64_t repositories, git_objects, states, objects, looked_at;
	struct strvec seen;	  /* repositories */
	struct minisign_key *key; /* signs the record; NULL: nothing does */
};

static bool is_sampled(struct verification *v)
{
	return v->percent >= 100 ||
	       random_below(v->c->env.random, 100) < v->percent;
}

static int verify_git(
    struct verification *v, const struct contents_entry *e, struct err *err)
{
	autofree char *name = NULL;
	struct verify_counts counts = {0};

	if (door_git_file(e, &name, err))
		return -1;
	if (strvec_has(&v->seen, name))
		return 0;
	strvec_add(&v->seen, name);
	if (!is_sampled(v))
		return 0;
	if (door_repository(
		v->opened->tree, name, v->c->env.cancel, &counts, err))
		return -1;
	v->repositories++;
	v->git_objects += counts.objects;
	return 0;
}

static int verify_state(
    struct verification *v, const struct contents_entry *e, struct err *err)
{
	bool state = false;

	if (!is_sampled(v))
		return 0;
	if (door_state(v->opened->tree, e, &state, err))
		return -1;
	v->states += state;
	return 0;
}

static int verify_object(
    struct verification *v, const struct contents_entry *e, struct err *err)
{
	if (!is_sampled(v))
		return 0;
	cleanup(json_freep) struct json_object *object =
	    door_object(v->opened->tree, e, err);
	if (!object)
		return -1;
	v->objects++;
	return 0;
}

static int verify_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct verification *v = ctx;

	if (cancel_check(v->c->env.cancel, err))
		return -1;
	phase_at(&v->opened->phase, ++v->looked_at);
	switch (layout_kind_of(e->path)) {
	case LAYOUT_GIT:
		return verify_git(v, e, err);
	case LAYOUT_TERRAFORM:
		return verify_state(v, e, err);
	case LAYOUT_KUBERNETES:
		return verify_object(v, e, err);
	case LAYOUT_OTHER:
		break;
	}
	return 0;
}

static int verify_content(struct verification *v, struct err *err)
{
	struct opened *o = v->opened;

	if (open_tree(v->c, o, err))
		return -1;
	phase_begin(
	    &o->phase, v->c->env.clock, PHASE_CHECK, NULL, o->totals.entries);
	int status = tree_contents(o->tree, verify_entry, v, err);
	strvec_done(&v->seen);
	return status;
}

static int verify_quickly(struct verification *v, struct err *err)
{
	struct opened *o = v->opened;

	if (open_snapshot(v->c, o, err))
		return -1;
	const struct snapshot_open_options options = {
	    .trust = &o->trust, .cancel = v->c->env.cancel};
	if (open_signed(o, err) || snapshot_check_archives(o->vault.vault,
				       &o->manifest, &options, err))
		return err_wrap(err, "snapshot '%s'", o->snapshot->label);
	return 0;
}

static int parse_sample(const char *text, unsigned *percent, struct err *err)
{
	size_t len = strlen(text);
	uint64_t value;
	autofree char *number =
	    str_ndup(text, len && text[len - 1] == '%' ? len - 1 : len);

	if (str_parse_u64(number, 100, &value) || !value)
		return err_set(err, ERR_USAGE,
		    "--sample takes a percentage from 1%% to 100%%");
	*percent = (unsigned)value;
	return 0;
}

static void record(
    const struct verification *v, const char *level, const struct err *finding)
{
	const struct snapshot_finding f = {.level = level,
	    .good = !finding,
	    .text = finding ? finding->message : NULL};

	finding_record(v->c, v->opened, &f, v->key);
}

static struct json_object *json_of(
    const struct verification *v, const char *level, const struct err *finding)
{
	const struct opened *o = v->opened;
	struct json_object *j = document_new(v->c->name, o->snapshot->label);

	json_set_bool(j, "good", !finding);
	json_set_str(j, "level", level);
	if (finding) {
		json_set_str(j, "finding", finding->message);
		return j;
	}
	json_set_bool(j, "partial", o->manifest.partial);
	json_set_int(j, "entries", (int64_t)o->totals.entries);
	json_set_int(j, "bytes", (int64_t)o->totals.bytes);
	json_set_int(j, "repositories", (int64_t)v->repositories);
	json_set_int(j, "git_objects", (int64_t)v->git_objects);
	json_set_int(j, "states", (int64_t)v->states);
	json_set_int(j, "objects", (int64_t)v->objects);
	return j;
}

static void add_text(
    const struct verification *v, const char *level, struct buf *out)
{
	const struct opened *o = v->opened;

	if (str_eq(level, "quick")) {
		buf_printf(out, "%s: good: signature and digest of ",
		    o->snapshot->label);
		str_add_bytes(out, manifest_archive_bytes(&o->manifest));
		buf_add_char(out, '\n');
		return;
	}
	buf_printf(out, "%s: good: signature, digest and ", o->snapshot->label);
	str_add_count(out, o->totals.entries, "entry", "entries");
	buf_add_str(out, "; ");
	str_add_count(out, v->git_objects, "Git object", "Git objects");
	buf_add_str(out, " in ");
	str_add_count(out, v->repositories, "repository", "repositories");
	buf_add_str(out, ", ");
	str_add_count(out, v->states, "state", "states");
	buf_add_str(out, " and ");
	str_add_count(
	    out, v->objects, "Kubernetes object", "Kubernetes objects");
	buf_add_str(out, " looked into\n");
}

/* Prints the result for the snapshot, and for the chain that ends with it if
 * that was checked. In text output, what is wrong is left to the run's error.
 */
static void print(const struct verification *v, const char *level,
    const struct err *finding, size_t chained, const struct err *broken)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (v->c->options->common.output == CLI_OUTPUT_JSON) {
		cleanup(json_freep) struct json_object *j =
		    json_of(v, level, finding);
		if (chained)
			json_set_int(j, "chained", (int64_t)chained);
		if (broken)
			json_set_str(j, "chain_finding", broken->message);
		document_write(j, &out);
	} else if (!finding) {
		add_text(v, level, &out);
		if (chained) {
			buf_add_str(&out, "chain: good: ");
			str_add_count(&out, chained, "snapshot", "snapshots");
			buf_add_str(&out, ", each names the one before it\n");
		}
	}
	fputs(buf_str(&out), stdout);
}

/* Only what is wrong with the snapshot itself. A key file of ours that does
 * not read is an error too, but says nothing about the snapshot. */
static bool is_finding(
    const struct opened *o, bool quick, const struct err *err)
{
	if (!o->snapshot)
		return false;
	return err->code == ERR_INTEGRITY ||
	       (err->code == ERR_FORMAT && (quick || o->identities));
}

static void measure(const struct verification *v, const char *level)
{
	const struct opened *o = v->opened;
	const struct metrics_label labels[] = {
	    {"vault", vault_name(o->vault.vault)}, {"level", level},
	    {NULL, NULL}};

	watch_snapshot(v->c->watch, o->snapshot->label);
	watch_sample(v->c->watch,
	    "backstay_verified_snapshot_timestamp_seconds", labels,
	    o->snapshot->time);
}

static int verify(struct verification *v, const char *level, struct err *err)
{
	const struct command *c = v->c;
	struct opened *o = v->opened;
	bool quick = c->options->quick;
	int status = quick ? verify_quickly(v, err) : verify_content(v, err);

	log_progress("%s", "");
	if (status && is_finding(o, quick, err)) {
		err->code = ERR_INTEGRITY;
		if (open_is_signed(o))
			record(v, level, err);
		print(v, level, err, 0, NULL);
	}
	if (status)
		return err_wrap(err, "verify");
	record(v, level, NULL);
	measure(v, level);
	size_t chained = 0;
	struct err broken = ERR_INIT;
	int chain =
	    c->options->chain ? head_verify(c, o, &chained, &broken) : 0;
	print(v, level, NULL, chain ? 0 : chained, chain ? &broken : NULL);
	if (chain)
		*err = broken;
	return chain;
}

/* A restore goes on without it. A verification is where it has to show. */
static int judge_newer(const struct opened *o, struct err *err)
{
	const struct snapshot *s = o->doubtful;

	if (!s)
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "verify: '%s' is good, but '%s' is newer, and its manifest does "
	    "not hold: it was damaged, or no key that is trusted signed it; "
	    "see 'backstay-restore verify %s', and remove it if it is foreign",
	    o->snapshot->label, s->label, s->label);
}

int command_verify(const struct command *c, struct err *err)
{
	cleanup(open_done) struct opened o = OPENED_INIT;
	struct verification v = {.c = c, .opened = &o, .percent = 100};
	const struct restore_options *options = c->options;
	const char *level = options->quick    ? "quick"
			    : options->sample ? "sample"
					      : "full";

	if (options->quick && options->sample)
		return err_set(
		    err, ERR_USAGE, "--quick and --sample exclude each other");
	if (options->sample && parse_sample(options->sample, &v.percent, err))
		return -1;
	if (connect_record_key(c->settings, &v.key, err))
		return err_wrap(err, "verify");
	int status = verify(&v, level, err);
	minisign_key_free(v.key);
	return status ? status : judge_newer(&o, err);
}
