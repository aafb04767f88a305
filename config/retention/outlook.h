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
#include "storage/vault/lone_archive.h"

VEC_DEFINE(retention_items, struct retention_item);

/* Retention sorts the items; labels lead back to the proofs. */
struct outlook {
	struct snapshots list;
	struct proofs proofs;
	struct hidden hidden;
	/* Archives of snapshots that were dropped, which are items as well. */
	struct lone_archives lone;
	struct retention_items items; /* not decided yet */
};
#define OUTLOOK_INIT                                                           \
	{                                                                      \
		.list = VEC_INIT                                               \
	}
void outlook_done(struct outlook *o);

struct outlook_terms {
	struct vault *vault;
	const char *name; /* whose snapshots */
	const struct snapshot_trust *trust;
	/* How long after a snapshot another may have been written that needs
	 * its archive. */
	int64_t needed_for_s;
	/* Seconds; and since when this machine has seen what is in the vault
	 * (snapshot_seen_since). 0: whether it has is not asked. */
	int64_t now, seen_since;
	/* Whether a snapshot may be dropped whose archive stays for others. */
	bool reduces;
};

/* For so long a machine that has just met a vault leaves there what a snapshot
 * may need that it has not seen, and nothing that is older than the second:
 * each run of a machine whose state_dir does not last is its first one. */
enum { OUTLOOK_MEETING_S = 3 * 86400, OUTLOOK_LEFT_S = 30 * 86400 };

/* -1 where anything could not be listed or read. */
int outlook_gather(
    struct outlook *o, const struct outlook_terms *t, struct err *err);
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
