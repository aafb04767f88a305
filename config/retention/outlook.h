/*
 * What the retention of the configuration does with each snapshot of a vault:
 * what is known of them, gathered as prune does before it decides. It changes
 * nothing.
 */
#ifndef CONFIG_RETENTION_OUTLOOK_H
#define CONFIG_RETENTION_OUTLOOK_H

#include "config/retention/hidden.h"
#include "config/retention/retention.h"
#include "config/settings.h"

VEC_DEFINE(retention_items, struct retention_item);

/* Retention sorts the items; labels lead back to the proofs. */
struct outlook {
	struct snapshots list;
	struct proofs proofs;
	struct hidden hidden;
	struct retention_items items; /* not decided yet */
};
#define OUTLOOK_INIT                                                           \
	{                                                                      \
		.list = VEC_INIT                                               \
	}
void outlook_done(struct outlook *o);

/* needed_for_s: how long after a snapshot another may have been written that
 * needs its archive. -1 where anything could not be listed or read. */
int outlook_gather(struct outlook *o, struct vault *vault, const char *name,
    const struct snapshot_trust *trust, int64_t needed_for_s, struct err *err);
/* Borrowed; NULL where there is none of that label. */
const struct retention_item *outlook_of(
    const struct outlook *o, const char *label);

/* The policy of a configuration; released with retention_policy_done. */
struct retention_policy outlook_policy(const struct settings_retention *r);
/* For how long after a snapshot others may need its archive. At least the
 * default of full_every, since machines with another configuration may write to
 * the vault. */
int64_t outlook_needed_for_s(const struct settings *s);

#endif
