/*
 * What a witness co-signed of a vault's log (storage/vault/vault_log.h): asked
 * of itself, and, since it may not answer on the day of a restore, read in the
 * vault.
 */
#ifndef RESTORE_WITNESS_H
#define RESTORE_WITNESS_H

#include "config/connect_witness.h"
#include "restore/command.h"
#include "restore/open.h"
#include "storage/vault/chain.h"
#include "storage/vault/vault_log.h"

struct witness_view {
	bool configured;
	struct connect_witness
	    connected; /* without an origin: no id is known */
	struct vault_log log;
	bool has_kept, has_asked;
	struct vault_cosigned kept, asked; /* of the vault; of the witness */
	bool knows_none;     /* it says that it has co-signed none */
	struct strvec named; /* for chain_terms */
	struct err why;	     /* the witness could not be asked */
};
void witness_view_done(struct witness_view *w);

/* Does nothing where none is configured. -1: the vault cannot be read, or the
 * configuration is wrong. A witness that does not answer is no error. */
int witness_view_read(const struct command *c, const struct opened *o,
    struct witness_view *out, struct err *err);
/* Adds what does not hold to the chain, and warns of what it cannot show. */
void witness_view_hold(const struct witness_view *w,
    const struct chain_terms *t, struct chain *chain);
/* Logs of when the newest checkpoint that it co-signed is. */
void witness_view_report(const struct witness_view *w);

#endif
