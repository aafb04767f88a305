/*
 * Whether the witness would take part in the next run, asked without anything
 * changing there: for the log of each vault, whether the witness answers, knows
 * the log and its key, and signs with the key of the configuration.
 */
#ifndef CONFIG_CLI_CHECK_WITNESS_H
#define CONFIG_CLI_CHECK_WITNESS_H

#include "config/cli/checks.h"
#include "config/connect.h"
#include "config/settings.h"
#include "storage/crypto/minisign.h"

/* A line for each vault; none where no witness is configured. key: with which
 * snapshots are signed; NULL: only what the witness publishes is asked for,
 * which does not tell a log that it does not know from one that it has not
 * signed yet. */
void check_witness(const struct settings *s, const struct connect_env *env,
    const struct minisign_key *key, struct checks *checks);

#endif
