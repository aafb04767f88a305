/*
 * The log that an agent keeps of a store, and the checkpoint of it that a
 * witness co-signed, which is not always there to be asked: with `--witness`,
 * each look at a chain is held against both. Nothing is drawn for it, so that a
 * seed gives the same timeline without it.
 */
#ifndef TESTS_SIM_VAULT_WITNESSED_H
#define TESTS_SIM_VAULT_WITNESSED_H

#include "storage/base/str.h"
#include "storage/vault/chain.h"
#include "storage/vault/vault_log.h"

struct sim_witnessed {
	struct vault_log log;
	struct vault_cosigned cosigned; /* of size 0: none yet */
};
void sim_witnessed_done(struct sim_witnessed *w);

/* A run has committed that manifest to the store of that name. */
void sim_witnessed_add(struct sim_witnessed *w, const char *store,
    const char *label, const struct buf *manifest, int64_t now);
/* What chain_terms is to name, before a look; and what does not hold, after it.
 */
void sim_witnessed_name(const struct sim_witnessed *w, struct strvec *named);
void sim_witnessed_hold(const struct sim_witnessed *w,
    const struct chain_terms *t, struct chain *c);

#endif
