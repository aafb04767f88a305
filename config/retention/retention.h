/*
 * Which snapshots a policy keeps: a pure function of what is known of them,
 * the policy and the time. It knows no vault and no clock.
 *
 * Only good snapshots count: complete, whole, and not known to be bad; where
 * only verified ones count, one that was not verified yet is kept beside those.
 * A partial one is, too, while it is newer than the newest good one or within
 * keep_within, never instead of one. One that a verification looked into,
 * whatever it found, makes room for none that nobody looked into: it is kept
 * until a newer one was found good. One that lies in the future, whose manifest
 * is not trusted, or whose archive is out of sight, is kept and counts for
 * nothing. Whatever the policy says, the newest good snapshot
 * and keep_min good ones in all are kept, and so is the newest that a
 * verification found good. What a kept one needs is kept, because its archives
 * were written with earlier snapshots: of a snapshot that no rule keeps, the
 * archive stays and the rest goes, where it is whole and good enough for that.
 * What one may need that is out of sight is kept whole, also by one of which
 * nothing is known since this machine has just met the vault; what is dropped
 * goes before what it needs. An archive that stayed alone counts for no rule,
 * and is dropped once nothing needs it. One that
 * needs a bad one is not good either. Days, weeks (ISO, Monday), months and
 * years are cut in a zone.
 */
#ifndef CONFIG_RETENTION_RETENTION_H
#define CONFIG_RETENTION_RETENTION_H

#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RETENTION_KEEP_MIN_DEFAULT = 3, RETENTION_MAX_DELETIONS_DEFAULT = 50 };

struct retention_policy {
	unsigned keep_last;
	unsigned keep_hourly, keep_daily, keep_weekly;
	unsigned keep_monthly, keep_yearly;
	int64_t keep_within_s;
	unsigned keep_min;	 /* 0: the default */
	unsigned max_deletions;	 /* 0: the default */
	bool verified_only;	 /* count only what a verification found good */
	struct strvec keep_tags; /* a snapshot with one of these is kept */
};
#define RETENTION_POLICY_INIT                                                  \
	{                                                                      \
		.keep_last = 0                                                 \
	}
void retention_policy_done(struct retention_policy *p);

/* ERR_USAGE for a policy that keeps nothing by any rule. */
int retention_policy_check(const struct retention_policy *p, struct err *err);

/* What is known of a snapshot; strings borrowed. */
struct retention_item {
	const char *label; /* breaks ties of time */
	int64_t time;	   /* seconds */
	bool partial;
	bool bad;	/* a verification whose word counts found it wrong */
	bool unseen;	/* its archive was asked for and is not there, whole */
	bool untrusted; /* its manifest does not hold: nothing is known of it */
	bool verified;	/* a verification found it good */
	bool hold;
	/* All that is left of a snapshot that was dropped is its archive. */
	bool archive_only;
	/* Its archive may stay for others, and the snapshot go. */
	bool reducible;
	const struct strvec *tags; /* or NULL */
	/* Labels of the earlier snapshots whose archives it needs; or NULL. */
	const struct strvec *needs;
	/* A snapshot that may need its archive, and whose manifest is out of
	 * sight; or NULL. */
	const char *hidden;
	/* It is older than what this machine knows of the vault: one of which
	 * it knows nothing may need its archive. */
	bool met_late;
	/* Filled in. */
	bool keep;
	char reason[180]; /* "daily, 2026-01-02", "not kept by any rule" */
	/* Of what is dropped: a kept one for which its archive stays; borrowed.
	 * NULL: all of it goes. */
	const char *stays_for;
	/* Of what is dropped: its place in the order in which it may be
	 * removed, from 1, so that nothing is there without what it needs. */
	size_t turn;
};

/* The zone's rules, read once: an IANA name looked up in the system's zone
 * files. NULL with ERR_USAGE where there is none of that name. It sets TZ for a
 * while, so there must be no other thread yet. */
struct retention_zone;
struct retention_zone *retention_zone_open(const char *name, struct err *err);
void retention_zone_free(struct retention_zone *z); /* takes NULL */
void retention_zone_freep(struct retention_zone **z);
/* Seconds east of UTC at that moment. */
int32_t retention_zone_offset(const struct retention_zone *z, int64_t time);

/* Whether it can be restored whole, and does not lie in the future: its label
 * is then the word of a wrong clock. */
bool retention_is_good(const struct retention_item *i, int64_t now);

/* Of one that is dropped: its archive stays, for the snapshot of that label,
 * which is borrowed. The reason says so. */
void retention_leave_archive(struct retention_item *i, const char *label);

/* Decides for each item; sorts them newest first. -1 only for an empty policy.
 * The oldest are dropped first where the cap on deletions binds, each after
 * those that need it. */
int retention_plan(struct retention_item *items, size_t count,
    const struct retention_policy *policy, const struct retention_zone *zone,
    int64_t now, struct err *err);

#endif
