/*
 * Snapshots in a vault: the sole owner of their names and of the order in
 * which a snapshot comes to be and ceases to be.
 *
 *     <label> = <name>-<YYYYMMDDTHHMMSSZ>
 *     <label>.tar.zst.age             the archive (.tar.gz; no .age where it
 *                                     is not encrypted)
 *     <label>.manifest.json.minisig   its signature
 *     <label>.manifest.json           written last: with it the snapshot exists
 *     <label>.verified-<stamp>-<level>-good.json[.minisig], ...-failed.json
 *                                     what a verification found, and when
 *     <name>-<stamp>.pruned.json[.minisig]   what was pruned, and why
 *
 * Labels never repeat and never go backwards: the next follows the clock and
 * the newest manifest whose signature holds. Nothing is overwritten. A name
 * proves nothing: what is not one of these to the last letter, or has no
 * signature that holds, is a foreign object, which weighs nothing and is never
 * removed.
 *
 * A record of a verification is JSON, signed under the trusted comment
 * "verified:<object>":
 *
 *     label, manifest_sha256   of what was verified, by the manifest's bytes
 *     sequence                 one more than that of any before it: order is
 *                              not left to clocks
 *     at, by                   when, by the clock of the machine of that name
 *     level                    "quick", "sample" or "full"
 *     good, finding            and what was wrong
 *     unseen                   true where that is that its archive was not
 *                              there, or not in its length
 *     copied_to                the id of the vault (or its name, where it has
 *                              none) to which it was copied just before
 */
#ifndef STORAGE_VAULT_SNAPSHOT_H
#define STORAGE_VAULT_SNAPSHOT_H

#include "storage/archive/manifest.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"
#include "storage/crypto/minisign.h"
#include "storage/vault/lock.h"
#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Letters, digits, '.', '_' and '-', starting with a letter or digit, up to
 * 63, and not ending in a stamp. ERR_USAGE says why not. */
int snapshot_name_check(const char *name, struct err *err);

/* ---- listing ------------------------------------------------------------ */

struct snapshot {
	char *label;
	char *name;
	int64_t time;  /* seconds, from the label */
	char *archive; /* as the store lists it, or NULL: it does not */
	uint64_t archive_bytes; /* the same */
	int64_t stored_at;	/* of the manifest, by the store's clock */
	bool has_signature;
	struct strvec records; /* objects that claim to be of verifications */
};
VEC_DEFINE(snapshots, struct snapshot);
void snapshots_done(struct snapshots *v);

/* Every snapshot of that name (NULL: of all names), oldest first; labels of
 * the same second by name. Only what has a manifest; reads none. */
int snapshot_list(
    struct vault *v, const char *name, struct snapshots *out, struct err *err);
/* The objects that are none of ours by their names, sorted: of no snapshot,
 * lock or record, and not the vault's mark. They weigh nothing and stay. */
int snapshot_foreign(struct vault *v, struct strvec *names, struct err *err);
/* The one that `which` names: a label, a prefix that fits only one, or
 * "latest". Borrowed from the list. ERR_USAGE lists the candidates,
 * ERR_NOT_FOUND where there is none. */
const struct snapshot *snapshot_resolve(
    const struct snapshots *list, const char *which, struct err *err);

/* Whose word counts, and for what. */
struct snapshot_trust {
	struct minisign_publics keys;	   /* snapshots */
	struct minisign_publics pruners;   /* what was pruned */
	struct minisign_publics verifiers; /* what verifications found */
	/* The configuration says `signing: none`: of snapshots and what was
	 * pruned. What a verification found counts signed, or not at all. */
	bool unsigned_allowed;
};
void snapshot_trust_done(struct snapshot_trust *t);

/* Reads the manifest, its signature checked first, and its label held against
 * its name. ERR_INTEGRITY where that fails. `sha256`, if wanted, is that of
 * the manifest's bytes. m is released by the caller only on success. */
int snapshot_manifest(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, struct manifest *m,
    char sha256[DIGEST_SHA256_HEX], struct err *err);

/* 1 where its manifest holds, 0 where it does not (or is gone), -1 where the
 * vault cannot be read. */
int snapshot_holds(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, struct err *err);
/* Asks the store by name for the archive that the manifest speaks of: 0 where
 * it is there in its length; ERR_INTEGRITY, with the reason, where it is not,
 * for now: it may be out of sight. */
int snapshot_find_archive(
    struct vault *v, const struct manifest *m, struct err *err);

enum { SNAPSHOT_LEVEL_MAX = 16 };

/* What verifications found, all in all. */
struct snapshot_verdict {
	int64_t at; /* seconds; 0: nobody whose word counts has verified it */
	/* What was found wrong stands until a later one that looks as deep
	 * finds it good. */
	bool failed;
	/* What was found is that the archive was not there in its length: one
	 * that is there now was out of sight, and nothing is known of it. */
	bool unseen;
	int64_t failed_since; /* seconds; the first of those in a row */
	char level[SNAPSHOT_LEVEL_MAX];
	uint64_t sequence;
	/* Somebody whose word counts has copied it into that vault. */
	bool copied;
	/* Records that weigh nothing: of no key that is trusted with it, or of
	 * another manifest than the one that is there. */
	size_t hearsay, hearsay_failed;
};
/* sha256 is that of the manifest, from snapshot_manifest. -1 only where the
 * vault cannot be read. */
int snapshot_verdict(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, const char *sha256,
    struct snapshot_verdict *out, struct err *err);

/* ---- writing ------------------------------------------------------------ */

struct snapshot_options {
	const char *name;
	enum archive_compression compression;
	enum archive_encryption encryption;
	const struct clock *clock;
	const struct snapshot_trust *trust;
	/* Of each of the vaults, borrowed: asked for once more after the
	 * manifest was written. NULL: no other run can be there. */
	struct vault_lock *const *locks;
};

struct snapshot_writer;

/* Chooses the label: now, or one second past the newest trusted one in any of
 * the vaults, and removes what dead runs of that name left; the caller holds
 * the locks.
 * ERR_SYSTEM where our clock and the store's differ too much (skew.h). A
 * vault that cannot be reached has failed; -1 only where all have. The vaults
 * are borrowed. */
struct snapshot_writer *snapshot_begin(struct vault *const *vaults,
    size_t vault_count, const struct snapshot_options *o, struct err *err);
const char *snapshot_writer_label(const struct snapshot_writer *w);
int64_t snapshot_writer_time(const struct snapshot_writer *w);
/* How many objects dead runs had left in the vaults. */
size_t snapshot_writer_tidied(const struct snapshot_writer *w);
/* Objects named like those of a snapshot, of which nothing says what became of
 * it: they stay, in case its manifest is only out of sight. */
const struct strvec *snapshot_writer_left(const struct snapshot_writer *w);
/* The newest trusted one where it lies in the future: every label follows it
 * until it is removed by hand. NULL: none does. */
const char *snapshot_writer_future(const struct snapshot_writer *w);
/* The newest complete one in any of the vaults whose signature holds: what this
 * run is held against. NULL: there is none. Borrowed. */
const struct manifest *snapshot_writer_base(const struct snapshot_writer *w);
/* Where the archive goes: the sink below age. The caller owns the sink, which
 * must be finished, or freed, before the writer is committed or freed. It fails
 * only when every vault has. To be asked for once. */
struct sink *snapshot_writer_sink(struct snapshot_writer *w, struct err *err);
/* What became of vault i: NULL while it is good, else why it failed; borrowed.
 * Ask before committing, so that the manifest can name it in `missing`. */
const struct err *snapshot_writer_failure(
    const struct snapshot_writer *w, size_t i);
/* Vault i is out, for a reason that the caller has: nothing is committed there,
 * and what was written is removed when the writer is released. */
void snapshot_writer_fail(
    struct snapshot_writer *w, size_t i, const struct err *why);
/* Fills in label, name, created, vault, archive (file, sha256, bytes,
 * compression, encryption) and previous, signs (key NULL: `signing: none`),
 * writes signature, then manifest, and looks whether the lock is still ours and
 * the archive still there. A vault that fails here has failed, and what it has
 * of the snapshot is removed when the writer is released; -1 where none has the
 * snapshot. Needs a finished sink. */
int snapshot_commit(struct snapshot_writer *w, struct manifest *m,
    const struct minisign_key *key, struct err *err);
/* Uncommitted: what was written is removed as well as can be. Takes NULL. */
void snapshot_writer_free(struct snapshot_writer *w);
void snapshot_writer_freep(struct snapshot_writer **w);

/* ---- reading ------------------------------------------------------------ */

struct snapshot_open_options {
	const struct snapshot_trust *trust;
	const char
	    *scratch; /* where a bucket's archive is spooled, encrypted */
	const struct cancel *cancel;
	/* Tells how far the digest is; may be NULL. */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *progress_ctx;
};

/* Checks the signature, then the digest and length of the whole archive, and
 * only then yields the archive's bytes (still encrypted); they go to
 * archive_reader_run or archive_extract. m is filled in. ERR_INTEGRITY. */
struct source *snapshot_open(struct vault *v, const struct snapshot *s,
    const struct snapshot_open_options *o, struct manifest *m, struct err *err);
/* The same without the bytes: `verify --quick`. */
int snapshot_check(struct vault *v, const struct snapshot *s,
    const struct snapshot_open_options *o, struct manifest *m, struct err *err);

/* The archive alone, against a manifest that was checked. ERR_INTEGRITY. */
int snapshot_check_archive(struct vault *v, const struct manifest *m,
    const struct snapshot_open_options *o, struct err *err);

struct snapshot_copy_to {
	struct vault *vault;
	struct vault_lock *lock; /* of the snapshot's name there */
};

/* Copies it into another vault, byte for byte, checked as snapshot_open does;
 * archive, signature, then manifest. 1 where the same is there already, whole:
 * nothing was read or written. ERR_EXISTS where the label is taken by another,
 * ERR_LOCKED where the lock was taken over meanwhile. */
int snapshot_copy(struct vault *from, const struct snapshot *s,
    const struct snapshot_open_options *o, const struct snapshot_copy_to *to,
    struct err *err);

/* ---- afterwards --------------------------------------------------------- */

/* What a verification found; strings borrowed. */
struct snapshot_finding {
	const char *manifest_sha256; /* of what was verified */
	const char *level;
	bool good;
	const char *text; /* what was wrong, or NULL */
	const char *by;	  /* the machine's name */
	bool copied;	  /* its machine has put it there */
};
/* Records it beside the manifest, under key NULL unsigned: it is hearsay then.
 * Its sequence follows the trusted ones. */
int snapshot_record_verified(struct vault *v, const struct snapshot *s,
    const struct snapshot_finding *finding, const struct snapshot_trust *trust,
    const struct minisign_key *key, const struct clock *clock, struct err *err);
/* What is about to be pruned, and why; strings borrowed. */
struct snapshot_drop {
	const char *label;
	const char *reason;
};
VEC_DEFINE(snapshot_drops, struct snapshot_drop);
/* Writes it down, signed (key NULL: `signing: none`), before it goes: the chain
 * of manifests is then seen to end where it was pruned, and not where somebody
 * removed a snapshot. */
int snapshot_record_pruned(struct vault *v, const char *name,
    const struct snapshot_drops *drops, const struct minisign_key *key,
    const struct clock *clock, struct err *err);
/* The labels that the records of that name tell of, appended. A record that was
 * not signed as what it is, or tells of a vault of another id, is named in
 * `forged`; NULL: it is ERR_INTEGRITY. */
int snapshot_pruned(struct vault *v, const char *name,
    const struct snapshot_trust *trust, struct strvec *labels,
    struct strvec *forged, struct err *err);
/* Removes what belongs to it: manifest, signature, the archive of that
 * manifest, records, in this order, and nothing else whose name begins so.
 * ERR_DENIED where the store keeps it. */
int snapshot_remove(struct vault *v, const struct snapshot *s,
    const struct manifest *m, struct err *err);
/* The archive alone, where a full vault has no room for the record of what is
 * pruned. */
int snapshot_remove_archive(
    struct vault *v, const struct manifest *m, struct err *err);

#endif
