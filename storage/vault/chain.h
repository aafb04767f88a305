/*
 * The chain of a vault: each manifest names the one before it there by label
 * and digest, and signed records name what was pruned and what was copied. Held
 * against them, and against what was remembered of the vault (chain_head.h),
 * what its owner does without the keys has one of eight names:
 *
 *     delete      one that a later snapshot or the memory names is not there,
 *                 or its manifest does not hold, and no record explains it
 *     replay      one that was pruned, or whose absence was accepted, is back
 *     truncate    the newest that was remembered is gone, and nothing is newer
 *     fork        it is gone or replaced, and what is newer does not follow it;
 *                 or one was written after another manifest of that label
 *     freeze      the newest is more than three times as old as the longest gap
 *                 of late (at least three days)
 *     mix         one that was written to other vaults only, and that nobody
 *                 whose word counts has copied here
 *     back-date   one bears an older time than the one that it follows
 *     flood       ten or more objects pass for manifests or records of ours,
 *                 and nobody trusted signed them; fewer are hearsay
 *
 * A list proves no absence: whatever is named is asked for by name first.
 */
#ifndef STORAGE_VAULT_CHAIN_H
#define STORAGE_VAULT_CHAIN_H

#include "storage/vault/chain_head.h"
#include "storage/vault/snapshot.h"

enum chain_kind {
	CHAIN_DELETE,
	CHAIN_REPLAY,
	CHAIN_TRUNCATE,
	CHAIN_FORK,
	CHAIN_FREEZE,
	CHAIN_MIX,
	CHAIN_BACK_DATE,
	CHAIN_FLOOD,
	CHAIN_KINDS,
};
const char *chain_kind_name(enum chain_kind kind); /* "back-date" */

struct chain_finding {
	enum chain_kind kind;
	char *label; /* of which snapshot; NULL: of the whole chain */
	char *text;  /* "delete: 'prod-…' is missing: …" */
};

struct chain_link {
	char *label;
	int64_t time; /* seconds */
	struct manifest manifest;
	char sha256[DIGEST_SHA256_HEX];
	bool listed; /* else it was only found by its name */
	bool copied; /* a trusted key signed it */
};

struct chain {
	VEC_DEFINE(, struct chain_link) links; /* oldest first */
	VEC_DEFINE(, struct chain_finding) findings;
	struct strvec hearsay; /* texts: records that count for nothing */
	/* By records whose signature is right. */
	struct snapshot_removals pruned;
	struct strvec unheld; /* objects that no trusted key signed */
	size_t elsewhere;     /* links that may have been copied or mixed in */
};
void chain_done(struct chain *c);

struct chain_terms {
	struct vault *vault;
	const char *name;
	const struct snapshots *list; /* of that name */
	const struct snapshot_trust *trust;
	const struct chain_head *head; /* label NULL: nothing is remembered */
	int64_t now;		       /* seconds */
	/* Labels that somebody else names, and that are asked for, too; NULL:
	 * none. */
	const struct strvec *named;
};

/* Checks all of it. -1 only if the vault cannot be read; the caller releases
 * `out` in any case. */
int chain_check(
    const struct chain_terms *t, struct chain *out, struct err *err);

/* What to remember now, which accepts everything that was found. -1 if there is
 * nothing to remember. */
int chain_remember(
    const struct chain_terms *t, const struct chain *c, struct chain_head *out);

/* ---- for who holds it against more (chain_log.h) ------------------------- */

/* Adds a finding, unless that snapshot has one of that kind. */
void chain_fault(struct chain *c, enum chain_kind kind, const char *label,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* NULL: it is not there. */
const struct chain_link *chain_find(const struct chain *c, const char *label);
/* It is gone, and nothing says why. */
bool chain_is_missing(
    const struct chain_terms *t, const struct chain *c, const char *label);
/* Whether one that is there was written after it. */
bool chain_is_followed(const struct chain *c, const char *label);
int64_t chain_newest_time(const struct chain *c); /* 0: there is none */

#endif
