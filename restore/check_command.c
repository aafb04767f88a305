/* check: whether a restore could begin. */
#include "restore/browse.h"
#include "restore/command.h"
#include "restore/session.h"
#include "restore/snapshot_layers.h"

#include "config/cli/check_witness.h"
#include "config/cli/checks.h"
#include "config/cli/listing.h"
#include "config/watch/watch.h"
#include "restore/drill/given.h"
#include "restore/targets/probe.h"
#include "storage/base/cleanup.h"
#include "storage/vault/skew.h"

#include <stdio.h>

static void check_vault(const struct command *c, const struct settings_vault *s,
    struct checks *checks)
{
	autofree char *what = str_printf("vault '%s'", s->name);
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;

	if (connect_vault(s, false, &c->env, &v, &err) ||
	    snapshot_list(v.vault, c->settings->name, &list, &err)) {
		checks_failed(checks, what, &err);
		return;
	}
	if (!list.len) {
		autofree char *none = listing_none(v.vault, c->settings->name);
		checks_add(checks, what, false, "%s: %s",
		    vault_describe(v.vault), none);
		return;
	}
	checks_add(checks, what, true, "%s: %zu snapshot%s, the newest '%s'",
	    vault_describe(v.vault), list.len, list.len == 1 ? "" : "s",
	    list.items[list.len - 1].label);
}

static void check_trust(const struct command *c, struct checks *checks)
{
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {
	    .unsigned_allowed = false};
	struct err err = ERR_INIT;

	if (connect_trust(c->settings, &trust, &err))
		checks_failed(checks, "signing", &err);
	else if (trust.unsigned_allowed)
		checks_add(checks, "signing", true,
		    "none: nothing says who wrote a snapshot");
	else
		checks_add(checks, "signing", true, "%zu trusted key%s",
		    trust.keys.len, trust.keys.len == 1 ? "" : "s");
}

/* Without it, what `verify` finds weighs nothing. */
static void check_record_key(const struct command *c, struct checks *checks)
{
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	struct err err = ERR_INIT;

	if (connect_record_key(c->settings, &key, &err)) {
		checks_failed(checks, "record key", &err);
	} else if (key) {
		char id[MINISIGN_KEY_ID_TEXT];
		minisign_key_id(minisign_key_public(key), id);
		checks_add(checks, "record key", true,
		    "results of verify are signed with key %s", id);
	}
}

struct counted {
	size_t entries;
	struct snapshot_layers layers;
};

static void counted_done(struct counted *c)
{
	snapshot_layers_done(&c->layers);
}

static int count_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct counted *c = ctx;

	c->entries++;
	return snapshot_layers_count(&c->layers, e, err);
}

/* What only a plan knows: labels, and what needs what. No target is asked for
 * it; what it says of layers takes the place of what the index says. */
static void check_plan(const struct command *c, struct checks *checks)
{
	struct restore_options options = *c->options;
	struct command offline = *c;
	struct err why = ERR_INIT;

	options.offline = true;
	offline.options = &options;
	cleanup(session_done) struct session s = SESSION_INIT;
	s.c = &offline;
	if (session_plan(&s, &why)) {
		checks_failed(checks, "plan", &why);
		return;
	}
	checks_add(checks, "plan", true, "%zu steps, %zu warning%s",
	    s.plan->nodes.len, s.plan->warnings.len,
	    s.plan->warnings.len == 1 ? "" : "s");
	VEC_EACH (&s.plan->warnings, w)
		checks_warn(checks, "plan", *w);
}

/* That its signature holds, and that our keys open it, is shown by reading its
 * index. */
static int check_snapshot(
    const struct command *c, struct checks *checks, struct err *err)
{
	cleanup(browse_done) struct browse snapshot = BROWSE_INIT;
	struct command latest = *c;
	struct err why = ERR_INIT;

	if (!latest.which)
		latest.which = "latest";
	autofree char *what = str_printf("snapshot '%s'", latest.which);
	if (browse_open(&latest, &snapshot, &why)) {
		checks_failed(checks, what, &why);
		return cancel_check(c->env.cancel, err);
	}
	const struct opened *o = &snapshot.opened;
	cleanup(counted_done) struct counted counted = {.entries = 0};
	snapshot_layers_init(&counted.layers, &latest, o);
	if (browse_each(&snapshot, count_entry, &counted, &why)) {
		checks_failed(checks, what, &why);
		return cancel_check(c->env.cancel, err);
	}
	checks_add(checks, what, true,
	    "'%s' can be opened: %zu entries, %s; `verify` reads all of it",
	    o->snapshot->label, counted.entries,
	    o->manifest.partial ? "PARTIAL" : "complete");
	if (c->options->plan)
		check_plan(&latest, checks);
	else
		snapshot_layers_write(&counted.layers, checks);
	given_probe(&latest, &o->manifest, checks);
	return probe_targets(
	    &latest, &o->manifest, o->scratch.path, checks, err);
}

static void note_watcher(void *ctx, const char *what, const struct err *err)
{
	if (err)
		checks_failed(ctx, what, err);
	else
		checks_add(ctx, what, true, "can be used; nothing was sent");
}

int command_check(const struct command *c, struct err *err)
{
	cleanup(checks_done) struct checks checks;
	cleanup(buf_done) struct buf out = BUF_INIT;

	checks_init(&checks);
	checks_add(&checks, "configuration", true, "%s", c->settings->file);
	check_trust(c, &checks);
	check_record_key(c, &checks);
	VEC_EACH (&c->settings->vaults, v)
		check_vault(c, v, &checks);
	check_witness(c->settings, &c->env, NULL, &checks);
	if (check_snapshot(c, &checks, err))
		return err_wrap(err, "check");
	watch_check(c->settings, note_watcher, &checks);
	checks_write(&checks, c->name,
	    c->options->common.output == CLI_OUTPUT_JSON, &out);
	fputs(buf_str(&out), stdout);
	return checks.failed ? 1 : 0;
}
