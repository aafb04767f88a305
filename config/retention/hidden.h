/*
 * Snapshots that a vault does not show, and of which there is a sign: their
 * archive or their signature is there, a trusted manifest names them as the one
 * before it, their manifest lacks its signature, or this machine wrote or saw
 * them once. A store that shows only half of them now may show the rest
 * tomorrow, and then they need what they were written after. One that a trusted
 * record says was pruned does not count.
 */
#ifndef CONFIG_RETENTION_HIDDEN_H
#define CONFIG_RETENTION_HIDDEN_H

#include "config/retention/proof.h"

struct hidden_one {
	char *label;
	int64_t time; /* seconds */
};
VEC_DEFINE(hidden, struct hidden_one);
void hidden_done(struct hidden *h);

/* Gathers the proofs of the list, and adds to the list what it left out and the
 * store has all the same. What it saw is remembered for when it may be out of
 * sight. Where no snapshot was written to be continued, none needs another, and
 * `out` stays empty. */
int hidden_gather(struct vault *v, const char *name,
    const struct snapshot_trust *trust, struct snapshots *list,
    struct proofs *proofs, struct hidden *out, struct err *err);

/* The oldest that was written after that time, and not more than span_s after
 * it; NULL: there is none. */
const struct hidden_one *hidden_after(
    const struct hidden *h, int64_t time, int64_t span_s);

#endif
