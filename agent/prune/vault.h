/*
 * Retention applied to one vault whose lock is held, and what became of each
 * snapshot.
 */
#ifndef AGENT_PRUNE_VAULT_H
#define AGENT_PRUNE_VAULT_H

#include "agent/agent.h"
#include "config/retention/retention.h"
#include "storage/vault/lock.h"

struct json_object;

/* The same for all vaults of a run. */
struct prune_terms {
	const struct minisign_key *key; /* signs the record; NULL: none does */
	/* Opened before there is a second thread. */
	const struct retention_zone *zone;
	/* As in prune_options. */
	const struct vault_lock_options *lock_later;
	bool dry_run;
	const char *forget; /* as in prune_options */
	/* An array to which what became of each vault is added; NULL: it is
	 * printed as a table. */
	struct json_object *vaults;
};

/* Prunes it and prints, or adds, what became of each snapshot. Returns what
 * prune_run does. lock is NULL on a dry run, and with lock_later. */
int prune_vault(const struct agent *a, const struct settings_vault *settings,
    struct vault *vault, struct vault_lock *lock,
    const struct prune_terms *terms, struct err *err);

#endif
