#include "restore/open.h"

#include "config/cli/listing.h"
#include "config/layer_options.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/log.h"
#include "storage/vault/skew.h"

#include <stdlib.h>

void open_close(struct opened *o)
{
	if (o->has_manifest)
		manifest_done(&o->manifest);
	o->has_manifest = false;
	o->form_warned = false;
	tree_free(steal(o->tree));
	o->snapshot = NULL;
	phase_forget(&o->phase);
}

void open_done(struct opened *o)
{
	open_close(o);
	age_identities_free(o->identities);
	snapshots_done(&o->list);
	snapshot_trust_done(&o->trust);
	connect_vault_done(&o->vault);
	scratch_done(&o->scratch);
	*o = (struct opened)OPENED_INIT;
}

const char *open_name(const struct command *c)
{
	return c->options->common.all_names ? NULL : c->settings->name;
}

int open_vault(const struct command *c, struct opened *o, struct err *err)
{
	const struct settings_vault *v =
	    settings_vault_named(c->settings, c->options->common.vault, err);

	if (!v || connect_trust(c->settings, &o->trust, err) ||
	    connect_vault(v, false, &c->env, &o->vault, err))
		return -1;
	vault_set_memory(o->vault.vault, c->settings->state_dir);
	return snapshot_list(o->vault.vault, open_name(c), &o->list, err);
}

/* Anybody who may write to the vault can put a manifest of any name there, and
 * an archive beside it. So one that no trusted key signed is no snapshot: what
 * it could be, but the damaged newest one, cannot be restored either, and the
 * operator is told. */
static int pass_over(const struct command *c, struct opened *o,
    const struct snapshot *s, struct err *err)
{
	if (skew_in_future(c->env.clock, s->time)) {
		log_warn("'%s' is ignored: its time is in the future, and no "
			 "key that is trusted signed its manifest; find out "
			 "who wrote it",
		    s->label);
		return 0;
	}
	int has_archive =
	    s->archive ? 1 : snapshot_has_archive(o->vault.vault, s, err);
	if (has_archive < 0)
		return -1;
	if (has_archive && !o->doubtful)
		o->doubtful = s;
	log_warn("'%s' is ignored: %s, and no key that is trusted signed its "
		 "manifest%s; find out who wrote it",
	    s->label,
	    has_archive ? "it is newer than what is used" : "it has no archive",
	    has_archive ? ", or it was damaged" : "");
	return 0;
}

int open_weighs(const struct command *c, struct opened *o,
    const struct snapshot *s, struct err *err)
{
	int holds =
	    snapshot_holds(o->vault.vault, s, &o->trust, NULL, NULL, err);

	return holds ? holds : pass_over(c, o, s, err);
}

static const struct snapshot *latest(
    const struct command *c, struct opened *o, struct err *err)
{
	const struct snapshots *list = &o->list;

	for (size_t i = list->len; i-- > 0;) {
		const struct snapshot *s = &list->items[i];
		int holds = snapshot_holds(o->vault.vault, s, &o->trust,
		    &o->manifest, o->manifest_sha256, err);
		o->has_manifest = holds > 0;
		if (holds)
			return holds < 0 ? NULL : s;
		if (pass_over(c, o, s, err) < 0)
			return NULL;
	}
	o->doubtful = NULL;
	return snapshot_resolve(list, "latest", err);
}

int open_snapshot(const struct command *c, struct opened *o, struct err *err)
{
	if (o->snapshot)
		return 0;
	if (open_vault(c, o, err))
		return -1;
	if (!o->list.len) {
		autofree char *none =
		    listing_none(o->vault.vault, open_name(c));
		return err_set(err, ERR_NOT_FOUND, "%s: %s",
		    vault_describe(o->vault.vault), none);
	}
	o->snapshot = str_eq(c->which, "latest")
			  ? latest(c, o, err)
			  : snapshot_resolve(&o->list, c->which, err);
	return o->snapshot
		   ? 0
		   : err_wrap(err, "%s", vault_describe(o->vault.vault));
}

int open_signed(struct opened *o, struct err *err)
{
	if (o->has_manifest)
		return 0;
	if (snapshot_manifest(o->vault.vault, o->snapshot, &o->trust,
		&o->manifest, o->manifest_sha256, err))
		return -1;
	o->has_manifest = true;
	return 0;
}

bool open_is_signed(const struct opened *o)
{
	struct manifest m;
	struct err ignored = ERR_INIT;

	if (o->has_manifest)
		return true;
	if (snapshot_manifest(
		o->vault.vault, o->snapshot, &o->trust, &m, NULL, &ignored))
		return false;
	manifest_done(&m);
	return true;
}

static int make_scratch(
    const struct command *c, struct opened *o, struct err *err)
{
	int removed;

	if (o->scratch.path)
		return 0;
	if (connect_scratch(c->settings, &o->scratch, &removed, err))
		return -1;
	if (removed)
		log_info("removed what %d run%s left in '%s'", removed,
		    removed == 1 ? "" : "s", c->settings->scratch_dir);
	return 0;
}

static void show_progress(void *ctx, uint64_t done, uint64_t total)
{
	struct opened *o = ctx;

	(void)total;
	phase_at(&o->phase, done);
}

/* The bytes of one of its archives, which are right. */
static struct source *get_archive(const struct command *c, struct opened *o,
    const struct manifest_archive *archive, bool shown, struct err *err)
{
	const struct snapshot_open_options options = {.trust = &o->trust,
	    .scratch = o->scratch.path,
	    .cancel = c->env.cancel,
	    .progress = shown ? show_progress : NULL,
	    .progress_ctx = o};

	return snapshot_open_archive(o->vault.vault, archive, &options, err);
}

/* On their way to be unpacked. */
static struct source *unpacked(struct opened *o,
    const struct manifest_archive *archive, struct source *from)
{
	uint64_t before = o->opened_bytes;

	o->opened_bytes += archive->bytes;
	return from ? phase_source(&o->phase, before, from) : NULL;
}

/* The archive that was written with it. */
static struct source *get_own(
    const struct command *c, struct opened *o, struct err *err)
{
	const struct manifest_archive own = manifest_own(&o->manifest);
	const char *label = o->snapshot->label;

	phase_begin(&o->phase, c->env.clock, PHASE_VERIFY, label, own.bytes);
	struct source *from = get_archive(c, o, &own, true, err);
	if (from)
		phase_begin(&o->phase, c->env.clock, PHASE_UNPACK, label,
		    manifest_archive_bytes(&o->manifest));
	o->opened_bytes = 0;
	return unpacked(o, &own, from);
}

/* A manifest that is signed, or trusted unsigned, but is not a snapshot, is an
 * integrity error like a wrong digest. */
static int is_wrong(const struct opened *o, struct err *err)
{
	if (err->code == ERR_FORMAT)
		err->code = ERR_INTEGRITY;
	return err_wrap(err, "snapshot '%s'", o->snapshot->label);
}

static void warn_of_form(struct opened *o)
{
	if (o->form_warned)
		return;
	o->form_warned = true;
	if (o->trust.unsigned_allowed)
		log_warn("signing: none: nothing says who wrote '%s'",
		    o->snapshot->label);
	if (o->manifest.archive.encryption == ARCHIVE_PLAIN)
		log_warn("encryption: none: '%s' is readable by whoever has it",
		    o->snapshot->label);
}

static int open_keys(const struct command *c, struct opened *o, struct err *err)
{
	if (make_scratch(c, o, err))
		return -1;
	if (!o->identities)
		o->identities =
		    connect_identities(c->settings, c->env.cancel, err);
	return o->identities ? 0 : -1;
}

int open_manifest(const struct command *c, struct opened *o, struct err *err)
{
	if (open_keys(c, o, err))
		return -1;
	if (open_signed(o, err))
		return is_wrong(o, err);
	warn_of_form(o);
	return 0;
}

/* Of the snapshot that is open already, or else of the one that is named. */
static struct source *open_archive(
    const struct command *c, struct opened *o, struct err *err)
{
	if ((!o->snapshot && open_snapshot(c, o, err)) || open_keys(c, o, err))
		return NULL;
	struct source *s = NULL;
	if (open_signed(o, err) == 0)
		s = get_own(c, o, err);
	if (s)
		warn_of_form(o);
	else
		is_wrong(o, err);
	return s;
}

/* What opens the earlier archives of a list, while another is unpacked: only
 * how far that is is shown. */
struct opening {
	const struct command *command;
	struct opened *opened;
};

static struct source *open_earlier(
    void *ctx, const struct manifest_archive *archive, struct err *err)
{
	const struct opening *opening = ctx;

	return unpacked(opening->opened, archive,
	    get_archive(
		opening->command, opening->opened, archive, false, err));
}

static struct reader_earlier earlier_of(struct opening *opening)
{
	return (struct reader_earlier){.manifest = &opening->opened->manifest,
	    .open = open_earlier,
	    .ctx = opening};
}

static struct reader_options reader_options_of(const struct command *c,
    const struct opened *o, const struct reader_totals *expected,
    const struct reader_earlier *earlier)
{
	return (struct reader_options){
	    .compression = o->manifest.archive.compression,
	    .encryption = o->manifest.archive.encryption,
	    .identities = o->identities,
	    .scratch = o->scratch.path,
	    .cancel = c->env.cancel,
	    .expected = expected,
	    .earlier = o->manifest.is_list ? earlier : NULL};
}

static struct reader_totals expected_of(const struct opened *o)
{
	return (struct reader_totals){.entries = o->manifest.archive.entries,
	    .bytes = o->manifest.archive.content_bytes};
}

int open_extract(
    const struct command *c, struct opened *o, const char *dir, struct err *err)
{
	struct source *from = open_archive(c, o, err);

	if (!from)
		return -1;
	const struct reader_totals expected = expected_of(o);
	struct opening opening = {.command = c, .opened = o};
	const struct reader_earlier earlier = earlier_of(&opening);
	const struct reader_options reader =
	    reader_options_of(c, o, &expected, &earlier);
	if (archive_extract(from, &reader, dir, &o->totals, err))
		return is_wrong(o, err);
	return 0;
}

int open_layers(const struct command *c, const struct opened *o,
    struct layers *out, struct err *err)
{
	layer_options(c->settings, out);
	return out->items.len ? 0 : layers_read(o->manifest.layers, out, err);
}

/* Cluster objects are many and small, and read through the tree; the drivers
 * of repositories and states are given a path. */
static bool as_file(const char *path)
{
	return layout_kind_of(path) != LAYOUT_KUBERNETES;
}

int open_tree(const struct command *c, struct opened *o, struct err *err)
{
	if (o->tree)
		return 0;
	cleanup(source_freep) struct source *from = open_archive(c, o, err);
	if (!from)
		return -1;
	/* Nothing is left of another that was opened, or of half of one. */
	autofree char *dir = file_join(o->scratch.path, "tree");
	if (file_remove_tree(dir, err) || file_mkdirs(dir, err))
		return -1;
	const struct reader_totals expected = expected_of(o);
	struct opening opening = {.command = c, .opened = o};
	const struct reader_earlier earlier = earlier_of(&opening);
	const struct reader_options reader =
	    reader_options_of(c, o, &expected, &earlier);
	o->tree =
	    tree_unpack(steal(from), &reader, dir, as_file, &o->totals, err);
	return o->tree ? 0 : is_wrong(o, err);
}
