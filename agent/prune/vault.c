#include "agent/prune/vault.h"

#include "agent/prune/prune.h"
#include "config/connect_witness.h"
#include "config/retention/outlook.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"
#include "storage/vault/probe.h"
#include "storage/vault/shard.h"
#include "storage/vault/vault_log.h"

#include <stdio.h>

static void print(const struct agent *a, const struct settings_vault *vault,
    const struct prune_rows *rows, const struct prune_terms *terms)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (terms->vaults) {
		struct json_object *j = json_new_object();
		json_set_str(j, "vault", vault->name);
		json_set_bool(j, "dry_run", terms->dry_run);
		json_set(j, "snapshots", prune_json(rows));
		json_append(terms->vaults, j);
	} else {
		if (a->settings->vaults.len > 1)
			buf_printf(&text, "vault '%s'\n", vault->name);
		prune_table(rows, terms->dry_run, &text);
	}
	fputs(buf_str(&text), stdout);
}

static void log_pruned(
    const struct settings_vault *vault, const struct prune_rows *rows)
{
	cleanup(buf_done) struct buf facts = BUF_INIT, text = BUF_INIT;
	int64_t kept = 0, removed = 0;
	uint64_t bytes = 0;

	/* What stays for others is not removed. */
	VEC_EACH (rows, row) {
		bool dropped = row->outcome == PRUNE_DROPPED;
		removed += dropped && !row->archive_only;
		kept += !dropped && !row->archive_only;
		bytes += dropped && !row->stays_for ? row->bytes : 0;
	}
	json_text_str(&facts, "vault", vault->name);
	json_text_int(&facts, "kept", kept);
	json_text_int(&facts, "removed", removed);
	json_text_int(&facts, "removed_bytes", (int64_t)bytes);
	str_add_bytes(&text, bytes);
	log_named(LOG_LEVEL_INFO, "vault.pruned", &facts,
	    "vault '%s': pruned: %lld removed (%s), %lld kept", vault->name,
	    (long long)removed, buf_str(&text), (long long)kept);
}

/* What it kept; where nothing could be listed, nothing is known of it. */
static void measure(
    struct watch *w, const char *vault, const struct prune_rows *rows)
{
	static const char *const statuses[] = {"complete", "partial", "bad"};
	int64_t counts[3] = {0}, removed = 0, oldest = 0, newest = 0;

	VEC_EACH (rows, row) {
		if (row->archive_only)
			continue;
		if (row->outcome == PRUNE_DROPPED) {
			removed++;
			continue;
		}
		counts[row->bad ? 2 : row->partial ? 1 : 0]++;
		oldest = !oldest || row->time < oldest ? row->time : oldest;
		newest = row->time > newest ? row->time : newest;
	}
	watch_value(w, "backstay_pruned_total", "vault", vault, removed);
	for (int i = 0; rows->len && i < 3; i++) {
		const struct metrics_label labels[] = {
		    {"vault", vault}, {"status", statuses[i]}, {NULL, NULL}};
		watch_sample(w, "backstay_snapshots", labels, counts[i]);
	}
	if (!oldest)
		return;
	watch_value(w, "backstay_oldest_snapshot_timestamp_seconds", "vault",
	    vault, oldest);
	watch_value(w, "backstay_newest_snapshot_timestamp_seconds", "vault",
	    vault, newest);
}

/* Checks by credentials that may not delete leave theirs. */
static void tidy_probes(const struct agent *a, struct vault *vault)
{
	struct err why = ERR_INIT;

	if (probe_tidy(
		vault, a->settings->name, a->env.clock, a->env.random, &why))
		log_warn("what 'check' left in %s stays: %s",
		    vault_describe(vault), why.message);
}

/* What sharded runs left that nobody seals any more. */
static void tidy_shards(const struct agent *a, struct vault *vault,
    const struct snapshot_trust *trust)
{
	const struct vault_lock_options o = {.clock = a->env.clock,
	    .random = a->env.random,
	    .stale_s = a->settings->lock_stale_after / 1000};
	struct err why = ERR_INIT;
	int removed = shard_tidy(vault, a->settings->name, trust, &o, &why);

	if (removed < 0)
		log_warn("what sharded runs left in %s stays: %s",
		    vault_describe(vault), why.message);
	else if (removed)
		log_info("%s: removed %d object%s of sharded runs that were "
			 "never sealed",
		    vault_describe(vault), removed, removed == 1 ? "" : "s");
}

/* Where backups run by credentials that may not delete, they leave what they
 * told the witness before. */
static void tidy_witness(const struct agent *a, struct vault *vault,
    const struct snapshot_trust *trust)
{
	cleanup(connect_witness_done) struct connect_witness w = {.http = NULL};
	struct err why = ERR_INIT;

	if (!a->settings->witness.url || !vault->id)
		return;
	int logs = -1, cosigned = -1;
	if (connect_witness(a->settings, vault, &a->env, &w, &why) == 0) {
		const struct vault_log_place place = {.vault = vault,
		    .name = a->settings->name,
		    .origin = w.origin};
		logs = vault_log_tidy(&place, &trust->keys, &why);
		cosigned =
		    logs < 0 ? -1 : vault_cosigned_tidy(&place, &w.key, &why);
	}
	if (cosigned < 0)
		log_warn("what the witness was told before in %s stays: %s",
		    vault_describe(vault), why.message);
	if (logs > 0 || cosigned > 0)
		log_info("%s: removed %d older log%s for the witness and %d "
			 "older checkpoint%s that it co-signed",
		    vault_describe(vault), logs, logs == 1 ? "" : "s",
		    cosigned < 0 ? 0 : cosigned, cosigned == 1 ? "" : "s");
}

int prune_vault(const struct agent *a, const struct settings_vault *settings,
    struct vault *vault, struct vault_lock *lock,
    const struct prune_terms *terms, struct err *err)
{
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {
	    .unsigned_allowed = false};
	cleanup(retention_policy_done) struct retention_policy policy =
	    outlook_policy(&a->settings->retention);
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;

	if (connect_trust(a->settings, &trust, err))
		return -1;
	const struct prune_options o = {
	    .vault = vault,
	    .name = a->settings->name,
	    .forget = terms->forget,
	    .policy = &policy,
	    .zone = terms->zone,
	    .trust = &trust,
	    .needed_for_s = outlook_needed_for_s(a->settings),
	    .key = terms->key,
	    .clock = a->env.clock,
	    .lock = lock,
	    .lock_later = terms->lock_later,
	    .dry_run = terms->dry_run,
	};
	int status = prune_run(&o, &rows, err);
	/* Where the one to forget is not there, nothing is pruned. */
	if (!terms->dry_run && status <= 0) {
		/* A refusal has said nothing of any snapshot. */
		if (rows.len || status == 0)
			log_pruned(settings, &rows);
		measure(a->watch, settings->name, &rows);
		if (status == 0) {
			tidy_probes(a, vault);
			tidy_shards(a, vault, &trust);
			tidy_witness(a, vault, &trust);
		}
	}
	if (rows.len || status == 0)
		print(a, settings, &rows, terms);
	/* Not the command's name, which may be `backup`. */
	if (status)
		err_wrap(err, "%s: vault '%s'",
		    terms->forget ? "forget" : "prune", settings->name);
	return status;
}
