/* The commands `prune` and `forget`: each vault under its lock. */
#include "agent/agent.h"
#include "agent/prune/vault.h"
#include "config/cli/document.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"

#include <stdio.h>
#include <unistd.h>

/* Returns what prune_vault does. */
static int lock_and_prune(const struct agent *a,
    const struct settings_vault *settings, const struct prune_terms *terms,
    struct err *err)
{
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};
	cleanup(vault_lock_freep) struct vault_lock *lock = NULL;

	int opened =
	    terms->dry_run
		? connect_vault(settings, false, &a->env, &v, err)
		: connect_vault_marked(a->settings, settings, &a->env, &v, err);
	if (opened)
		return err_wrap(err, "%s", a->command);
	vault_set_memory(v.vault, a->settings->state_dir);
	autofree char *holder =
	    str_printf("%s, pid %d", a->command, (int)getpid());
	const struct vault_lock_options o = {
	    .holder = holder,
	    .clock = a->env.clock,
	    .random = a->env.random,
	    .stale_s = a->settings->lock_stale_after / 1000,
	};
	struct prune_terms here = *terms;
	if (!terms->dry_run) {
		lock = vault_lock_acquire(v.vault, a->settings->name, &o, err);
		if (!lock && !vault_is_full(err))
			return err_wrap(
			    err, "%s: vault '%s'", a->command, settings->name);
		here.lock_later = lock ? NULL : &o;
	}
	return prune_vault(a, settings, v.vault, lock, &here, err);
}

/* A vault that fails leaves the others to be pruned. */
static int prune_each(const struct agent *a, const struct settings_vault *only,
    const struct prune_terms *terms, struct err *err)
{
	size_t pruned = 0, failed = 0;
	struct err absent = ERR_INIT;

	VEC_EACH (&a->settings->vaults, v) {
		struct err why = ERR_INIT;
		if (only && v != only)
			continue;
		int status = lock_and_prune(a, v, terms, &why);
		if (status == 0) {
			pruned++;
			continue;
		}
		/* What a vault does not have need not be forgotten there. */
		if (status > 0) {
			absent = why;
			continue;
		}
		/* The caller reports the last error. */
		if (failed++)
			log_error("%s", err->message);
		*err = why;
	}
	if (failed && !pruned)
		return -1;
	if (!pruned && absent.code != ERR_NONE) {
		*err = absent;
		return -1;
	}
	if (failed)
		log_error("%s", err->message);
	return failed ? 1 : 0;
}

static int print_and_prune(const struct agent *a,
    const struct settings_vault *only, struct prune_terms *terms,
    struct err *err)
{
	if (a->options->common.output == CLI_OUTPUT_TABLE)
		return prune_each(a, only, terms, err);
	cleanup(json_freep) struct json_object *vaults = json_new_array();
	cleanup(buf_done) struct buf out = BUF_INIT;
	terms->vaults = vaults;
	int status = prune_each(a, only, terms, err);
	document_write_list(a->command, terms->forget, "vaults", vaults, &out);
	fputs(buf_str(&out), stdout);
	return status;
}

static int begin(const struct agent *a, const struct settings_vault **only,
    struct minisign_key **key, struct err *err)
{
	if (settings_vault_chosen(
		a->settings, a->options->common.vault, only, err))
		return -1;
	return a->options->common.dry_run
		   ? 0
		   : connect_signing_key(a->settings, key, err);
}

int agent_prune(const struct agent *a, struct err *err)
{
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	cleanup(retention_zone_freep) struct retention_zone *zone = NULL;
	const struct settings_vault *only = NULL;
	const struct settings *s = a->settings;

	if (!s->has_retention)
		return err_set(err, ERR_USAGE,
		    "%s: has no 'retention', so everything is kept; add it to "
		    "prune",
		    s->file);
	if (begin(a, &only, &key, err))
		return -1;
	zone = retention_zone_open(s->retention.zone, err);
	if (!zone)
		return err_wrap(err, "retention.zone");
	struct prune_terms terms = {
	    .key = key, .zone = zone, .dry_run = a->options->common.dry_run};
	return print_and_prune(a, only, &terms, err);
}

int agent_forget(const struct agent *a, struct err *err)
{
	cleanup(minisign_key_freep) struct minisign_key *key = NULL;
	const struct settings_vault *only = NULL;

	if (begin(a, &only, &key, err))
		return -1;
	struct prune_terms terms = {.key = key,
	    .forget = a->operand,
	    .dry_run = a->options->common.dry_run};
	return print_and_prune(a, only, &terms, err);
}
