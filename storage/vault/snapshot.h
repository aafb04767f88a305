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
 *     <label>.marked-<stamp>.json[.minisig]  its tags and its hold, changed
 *     <label>.archive.json[.minisig]   of one that was dropped, and whose
 *                                     archive others need (lone_archive.h)
 *     <name>-<stamp>.pruned.json[.minisig]   what was pruned, and why
 *     <label>.witness-log, <label>.witnessed the log of the vault (vault_log.h)
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
 *     level                    "quick", "sample", "full" or "drill"
 *     good, finding            and what was wrong
 *     unseen                   true where that is that its archive was not
 *                              there, or not in its length
 *     copied_to                the id of the vault (or its name, where it has
 *                              none) to which it was copied just before
 *     drill                    of a drill: what it measured
 *
 * A record of marks is JSON, signed under "marked:<object>" by a key that is
 * trusted with pruning. The one with the highest sequence takes the place of
 * `tags` and `hold` of the manifest, in this vault alone:
 *
 *     label, manifest_sha256, sequence, at, by   as above
 *     tags, hold
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
	struct strvec
	    records; /* objects that are named like records of verifications */
	struct strvec marks; /* and like records of marks */
};
/* A vec, and what else the same list names: archives of whatever snapshots, and
 * records of such that stay for others, by their names. */
struct snapshots {
	struct snapshot *items;
	size_t len;
	size_t cap;
	struct vault_items others;
};
void snapshots_done(struct snapshots *v);

/* Every snapshot of that name (NULL: of all names), oldest first; labels of the
 * same second by name. Only those with a manifest; reads none. */
int snapshot_list(
    struct vault *v, const char *name, struct snapshots *out, struct err *err);
/* Adds the snapshot of that label if the list leaves it out and the store has
 * its manifest all the same: 1; 0 if not. What points into the list is invalid
 * afterwards. */
int snapshot_list_add(struct vault *v, const char *label,
    struct snapshots *list, struct err *err);
/* Whether anything is there under that label and ending, asked for by name,
 * since a list may omit it; also what is no plain object. -1: not known. */
int snapshot_has_anything(
    struct vault *v, const char *label, const char *ending, struct err *err);
/* The same of a plain object alone. */
int snapshot_has_object(
    struct vault *v, const char *label, const char *ending, struct err *err);
/* Seconds, from a label; -1 if it is not a label of that name. */
int snapshot_label_time(const char *name, const char *label, int64_t *time);
/* Whether the list has a signed record that of the snapshot of that label only
 * the archive is there, for others (lone_archive.h). It was not read. */
bool snapshot_lists_lone(const struct snapshots *list, const char *label);
/* Whether it has one of any, signed or not. */
bool snapshot_lists_any_lone(const struct snapshots *list);
/* Labels of snapshots of which there is a sign, whether the store shows their
 * manifests or not: it lists an archive or a signature of that name, or this
 * machine remembers it (snapshot_note_seen). */
int snapshot_signs(
    struct vault *v, const char *name, struct strvec *labels, struct err *err);
/* Remembers snapshots of that name that are in the vault, and may need the
 * archives of others; a commit remembers what it wrote. Best effort. */
void snapshot_note_seen(
    struct vault *v, const char *name, const struct strvec *labels);
/* Since when this machine looks at the snapshots of that name in the vault, in
 * seconds: what was written before, it may never have seen. It begins `now`
 * where it did not before; 0 without a memory. */
int snapshot_seen_since(struct vault *v, const char *name, int64_t now,
    int64_t *since, struct err *err);
/* Another machine pruned it. */
void snapshot_note_pruned(struct vault *v, const char *label);
/* Adds to the list what it leaves out, is remembered, and is there when asked
 * for by name; of many, the newest. What points into the list is invalid
 * afterwards. */
int snapshot_list_seen(
    struct vault *v, const char *name, struct snapshots *list, struct err *err);
/* The objects that by their names are none of ours, sorted: of no snapshot,
 * lock or record, and not the vault's mark. They count for nothing and are
 * never removed. */
int snapshot_foreign(struct vault *v, struct strvec *names, struct err *err);
/* The one that `which` names: a label, a prefix that fits only one, or
 * "latest". Borrowed from the list. ERR_USAGE lists the candidates,
 * ERR_NOT_FOUND where there is none. */
const struct snapshot *snapshot_resolve(
    const struct snapshots *list, const char *which, struct err *err);

/* Which keys are trusted, and for what. */
struct snapshot_trust {
	struct minisign_publics keys;	   /* snapshots */
	struct minisign_publics pruners;   /* what was pruned */
	struct minisign_publics verifiers; /* what verifications found */
	/* The configuration says `signing: none`, which is for manifests and
	 * for records of pruning. Results of verifications have to be signed in
	 * any case. */
	bool unsigned_allowed;
};
void snapshot_trust_done(struct snapshot_trust *t);

/* Reads the manifest, checks its signature first, and compares its label with
 * its name. ERR_INTEGRITY if either is wrong. `sha256`, if wanted, is that of
 * the manifest's bytes. The caller releases m only after success. */
int snapshot_manifest(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, struct manifest *m,
    char sha256[DIGEST_SHA256_HEX], struct err *err);

/* 1 if an archive of that label is there, which a list that leaves it out does
 * not deny; 0 if there is none under any of its names; -1 if the vault cannot
 * be read. */
int snapshot_has_archive(
    struct vault *v, const struct snapshot *s, struct err *err);
/* 1 if the signature of its manifest is right, 0 if it is not (or the manifest
 * is gone), -1 if the vault cannot be read. `m` and `sha256`, if wanted, are as
 * those of snapshot_manifest, after 1 alone. */
int snapshot_holds(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, struct manifest *m,
    char sha256[DIGEST_SHA256_HEX], struct err *err);
/* Asks the store by name for the archives that the manifest names: 0 if they
 * exist with the right length; ERR_INTEGRITY, with the reason, if one does not
 * appear to now: a store may fail to show it. */
int snapshot_find_archive(
    struct vault *v, const struct manifest *m, struct err *err);

/* The same of one archive. */
int snapshot_find_one(
    struct vault *v, const struct manifest_archive *a, struct err *err);
/* The same of all, except that what the list names with its length is not asked
 * for again. */
int snapshot_find_listed(struct vault *v, const struct snapshots *list,
    const struct manifest *m, struct err *err);

/* That of its archives that were written with earlier snapshots. */
int snapshot_find_needed(struct vault *v, const struct snapshots *list,
    const struct manifest *m, struct err *err);
/* Borrowed from the list; NULL: it has none of that label. */
const struct snapshot *snapshot_in_list(
    const struct snapshots *list, const char *label);

/* Snapshots, borrowed from a list. */
VEC_DEFINE(snapshot_refs, const struct snapshot *);
/* Appends what `s` needs to be whole, oldest first, each before what needs it,
 * and `s` itself at the end. Of what it needs only the archive may be there
 * (snapshot_lists_lone), which snapshot_copy takes along. ERR_INTEGRITY if one
 * is not in the list, or its manifest does not hold. */
int snapshot_needs(struct vault *v, const struct snapshots *list,
    const struct snapshot *s, const struct snapshot_trust *trust,
    struct snapshot_refs *out, struct err *err);

enum { SNAPSHOT_LEVEL_MAX = 16 };

/* All of a snapshot was restored and compared. A good drill is the deepest
 * verification. One that failed shows that the restore does not succeed as
 * rehearsed, for which the snapshot itself need not be damaged. */
#define SNAPSHOT_LEVEL_DRILL "drill"

/* What verifications found, all together. */
struct snapshot_verdict {
	int64_t
	    at; /* seconds; 0: nobody who is trusted with it has verified it */
	/* A fault stays until a later verification that checks at least as much
	 * finds the snapshot good. */
	bool failed;
	/* The fault was that the archive did not exist with its length. If it
	 * does now, the store had not shown it, and nothing is known of its
	 * content. */
	bool unseen;
	int64_t failed_since; /* seconds; the first of those in a row */
	char level[SNAPSHOT_LEVEL_MAX];
	/* The last drill, in seconds; 0: there was none. */
	int64_t drilled;
	bool drill_failed;
	uint64_t sequence;
	/* Someone who is trusted with it has copied it into that vault. */
	bool copied;
	/* Records that count by the copies of this machine alone: somebody
	 * removed or changed those in the vault. */
	size_t silenced;
	/* Records that count for nothing: not signed by a trusted key, or about
	 * another manifest than the one that exists. */
	size_t hearsay, hearsay_failed;
};
/* sha256 is that of the manifest, from snapshot_manifest. -1 only if the vault
 * cannot be read. */
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
	/* The lock of each of the vaults, borrowed: checked once more after the
	 * manifest was written. NULL: no other run can be active. */
	struct vault_lock *const *locks;
	/* The time of the label where it is decided already, as that of a
	 * sharded run (shard.h); 0: it is chosen. What a dead run left under
	 * that label, but for parts, is removed. */
	int64_t time;
};

struct snapshot_writer;

/* Chooses the label (the time now, or one second after the newest trusted one
 * in any of the vaults), and removes what dead runs of that name left. The
 * caller holds the locks. ERR_SYSTEM if our clock and the store's differ too
 * much (skew.h), and ERR_EXISTS if a label that was decided is not the newest
 * any more. A vault that cannot be reached has failed; -1 only if all
 * have. The vaults are borrowed. */
struct snapshot_writer *snapshot_begin(struct vault *const *vaults,
    size_t vault_count, const struct snapshot_options *o, struct err *err);
int64_t snapshot_writer_time(const struct snapshot_writer *w);
/* How many objects of dead runs were removed from the vaults. */
size_t snapshot_writer_tidied(const struct snapshot_writer *w);
/* Objects that look like part of a snapshot, but of which it is not known what
 * became of it: they are kept, in case the store only does not show its
 * manifest. */
const struct strvec *snapshot_writer_left(const struct snapshot_writer *w);
/* The newest trusted one, if its time is in the future: every label follows it
 * until it is removed by hand. NULL: there is none. */
const char *snapshot_writer_future(const struct snapshot_writer *w);
/* The newest complete one in any of the vaults whose signature is right: this
 * run is compared with it. NULL: there is none. Borrowed. */
const struct manifest *snapshot_writer_base(const struct snapshot_writer *w);
/* The sink for the archive, below age. The caller owns the sink, which must be
 * finished, or freed, before the writer is committed or freed. It fails only
 * when every vault has. To be called once. */
struct sink *snapshot_writer_sink(struct snapshot_writer *w, struct err *err);
/* The state of vault i: NULL while it works, else why it failed; borrowed. Ask
 * before committing, so that the manifest can name it in `missing`. */
const struct err *snapshot_writer_failure(
    const struct snapshot_writer *w, size_t i);
/* Excludes vault i, for a reason of the caller: nothing is committed there, and
 * what was written is removed when the writer is released. */
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
/* Reads the manifest of the snapshot before, if it is the same in all vaults
 * that work: 1, and the caller releases m. What is written then may name
 * entries of its archives, all of which are there. 0 where it may not; err says
 * why. */
int snapshot_writer_link(
    struct snapshot_writer *w, struct manifest *m, struct err *err);
/* If it was not committed, what was written is removed as far as possible.
 * Accepts NULL. */
void snapshot_writer_free(struct snapshot_writer *w);
void snapshot_writer_freep(struct snapshot_writer **w);

/* ---- reading ------------------------------------------------------------ */

struct snapshot_open_options {
	const struct snapshot_trust *trust;
	const char
	    *scratch; /* where a bucket's archive is spooled, encrypted */
	const struct cancel *cancel;
	/* Called with the progress of the digest; may be NULL. */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *progress_ctx;
};

/* Checks the signature, then the digest and length of the whole archive, and
 * only then returns the archive's bytes (still encrypted); they go to
 * joined_run or archive_extract. m is filled in. Of a list of archives, it is
 * the snapshot's own. ERR_INTEGRITY. */
struct source *snapshot_open(struct vault *v, const struct snapshot *s,
    const struct snapshot_open_options *o, struct manifest *m, struct err *err);
/* The same of any archive of a manifest that was checked before: signatures are
 * not looked at. */
struct source *snapshot_open_archive(struct vault *v,
    const struct manifest_archive *a, const struct snapshot_open_options *o,
    struct err *err);
/* Checks the signature, and all archives that it names. */
int snapshot_check(struct vault *v, const struct snapshot *s,
    const struct snapshot_open_options *o, struct manifest *m, struct err *err);
/* The same of a manifest that was checked before: `verify --quick`. */
int snapshot_check_archives(struct vault *v, const struct manifest *m,
    const struct snapshot_open_options *o, struct err *err);

/* Checks an archive alone, of a manifest that was checked before.
 * ERR_INTEGRITY. */
int snapshot_check_archive(struct vault *v, const struct manifest_archive *a,
    const struct snapshot_open_options *o, struct err *err);

struct snapshot_copy_to {
	struct vault *vault;
	struct vault_lock *lock; /* of the snapshot's name there */
	/* Called with what was written of an archive; may be NULL. */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *progress_ctx;
};

/* Copies it into another vault, byte for byte, checked as snapshot_open does:
 * archive, signature, then manifest. What it needs has to be there already
 * (snapshot_needs), but for archives of which no snapshot is left, which are
 * copied first. 1 if the same exists there already,
 * complete: nothing was read or written. ERR_EXISTS if the label belongs to
 * another, ERR_LOCKED if another run took over the lock meanwhile. */
int snapshot_copy(struct vault *from, const struct snapshot *s,
    const struct snapshot_open_options *o, const struct snapshot_copy_to *to,
    struct err *err);

/* ---- afterwards --------------------------------------------------------- */

/* The result of a verification; strings borrowed. */
struct snapshot_finding {
	const char *manifest_sha256; /* of what was verified */
	const char *level;
	bool good;
	const char *text; /* what was wrong, or NULL */
	const char *by;	  /* the machine's name */
	bool copied; /* the machine that verified it has copied it into that
			vault */
	const struct json_object *details; /* of a drill; or NULL */
};
/* Records it beside the manifest; unsigned if key is NULL, and then it counts
 * only as hearsay. Its sequence number follows the trusted ones. */
int snapshot_record_verified(struct vault *v, const struct snapshot *s,
    const struct snapshot_finding *finding, const struct snapshot_trust *trust,
    const struct minisign_key *key, const struct clock *clock, struct err *err);
/* The tags and the hold that a snapshot has from now on; borrowed. */
struct snapshot_mark {
	const char *manifest_sha256;
	bool hold;
	const struct strvec *tags;
	const char *by; /* the machine's name */
};
/* Records it beside the manifest; key NULL: `signing: none`. What was recorded
 * since the list was made is not seen. */
int snapshot_record_marked(struct vault *v, const struct snapshot *s,
    const struct snapshot_mark *m, const struct snapshot_trust *trust,
    const struct minisign_key *key, const struct clock *clock, struct err *err);
/* Gives the manifest, whose digest is sha256, the tags and the hold that were
 * recorded last: 1; 0: nothing that counts was recorded; -1: the vault cannot
 * be read. */
int snapshot_marked(struct vault *v, const struct snapshot *s,
    const struct snapshot_trust *trust, const char *sha256, struct manifest *m,
    struct err *err);
/* What will be pruned, and why; strings borrowed. */
struct snapshot_drop {
	const char *label;
	const char *reason;
};
VEC_DEFINE(snapshot_drops, struct snapshot_drop);
/* Records it, signed (key NULL: `signing: none`), before it is removed. So the
 * chain of manifests shows that it was pruned, and not that somebody removed a
 * snapshot. */
int snapshot_record_pruned(struct vault *v, const char *name,
    const struct snapshot_drops *drops, const struct minisign_key *key,
    const struct clock *clock, struct err *err);
/* What the records say was pruned; each label once. */
struct snapshot_removal {
	char *label;
	int64_t recorded; /* seconds, by the name of the oldest record of it */
};
VEC_DEFINE(snapshot_removals, struct snapshot_removal);
void snapshot_removals_done(struct snapshot_removals *removals);
/* Borrowed from them; NULL: no record names it. */
const struct snapshot_removal *snapshot_removals_find(
    const struct snapshot_removals *removals, const char *label);
/* Appends what the records of that name list. A record that was not signed as
 * what it is, or that is of a vault with another id, is named in `forged`;
 * NULL: it is ERR_INTEGRITY. */
int snapshot_pruned(struct vault *v, const char *name,
    const struct snapshot_trust *trust, struct snapshot_removals *out,
    struct strvec *forged, struct err *err);
/* Removes what belongs to it: manifest, signature, the archive of that
 * manifest, records, in this order, and no other objects whose names begin
 * alike. ERR_DENIED if the store protects it. */
int snapshot_remove(struct vault *v, const struct snapshot *s,
    const struct manifest *m, struct err *err);
/* The same of one object: ERR_DENIED while the store keeps it (Object Lock). */
int snapshot_check_removable(
    struct vault *v, const char *object, struct err *err);
/* Of those, the records of what was found and marked, alone. */
int snapshot_remove_records(
    struct vault *v, const char *label, struct err *err);
/* Removes the archive alone, if a full vault has no room for the record of what
 * is pruned. */
int snapshot_remove_archive(
    struct vault *v, const struct manifest *m, struct err *err);

#endif
