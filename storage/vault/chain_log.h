/*
 * The chain of a vault, held against its log (vault_log.h) and against what a
 * witness co-signed of that log. What does not hold has the names of chain.h:
 *
 *     truncate    the log is shorter than the witness knows it, or the newest
 *                 snapshot that it names is gone, and nothing is newer
 *     fork        the log does not begin with what the witness co-signed; or a
 *                 snapshot that it names is gone or replaced, and those that
 *                 are newer do not follow it
 *     delete      that one is gone, and one that follows it is there
 *
 * Pure.
 */
#ifndef STORAGE_VAULT_CHAIN_LOG_H
#define STORAGE_VAULT_CHAIN_LOG_H

#include "storage/vault/chain.h"
#include "storage/vault/vault_log.h"

/* Adds what is found to the chain, which chain_check made. */
void chain_log_hold(
    const struct chain_terms *t, const struct vault_log *log, struct chain *c);
/* The same of one checkpoint that the witness co-signed. */
void chain_log_hold_cosigned(const struct vault_cosigned *cosigned,
    const struct vault_log *log, struct chain *c);
/* The labels that chain_terms is to name: the newest of the log. */
void chain_log_name(const struct vault_log *log, struct strvec *labels);
/* How many snapshots that are there are newer than what the log names. */
size_t chain_log_beyond(const struct vault_log *log, const struct chain *c);

#endif
