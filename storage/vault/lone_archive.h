/*
 * What stays of a snapshot that was dropped while others need its archive: the
 * archive, and a record of that. It is no snapshot any more: its manifest, the
 * signature of that and the records of verifications are gone.
 *
 *     <label>.archive.json            written before the manifest is removed
 *     <label>.archive.json.minisig    signed under "archive:<object>", and
 *                                     written once the manifest is gone
 *
 * The record is JSON:
 *
 *     label, manifest_sha256   of the snapshot that it was
 *     vault                    the id of the vault that dropped it
 *     archive                  {file, bytes, sha256}
 *
 * Without its signature it says nothing: a run may have died before the
 * manifest was removed, which a store may not show. While there is a manifest,
 * the record counts for nothing. One that came along with a copy says that
 * another vault dropped it, and is believed once it has lain here for a week
 * in which no prune saw a manifest. So an archive may stay that nobody needs
 * any more, and none goes that might still be that of a snapshot.
 */
#ifndef STORAGE_VAULT_LONE_ARCHIVE_H
#define STORAGE_VAULT_LONE_ARCHIVE_H

#include "storage/vault/snapshot.h"

struct lone_archive {
	char *label;
	int64_t time; /* seconds, from the label */
	char *archive;
	uint64_t bytes; /* as recorded */
};
VEC_DEFINE(lone_archives, struct lone_archive);
void lone_archives_done(struct lone_archives *all);

/* Appends those that count, of the snapshots of that name: none whose manifest
 * the list has. Records that do not hold are passed over; -1 where one cannot
 * be read. `now` in seconds. */
int lone_archives_gather(struct vault *v, const struct snapshots *list,
    const struct snapshot_trust *trust, int64_t now, struct lone_archives *out,
    struct err *err);
/* Borrowed; NULL: there is none of that label. */
const struct lone_archive *lone_archive_of(
    const struct lone_archives *all, const char *label);

/* Removes all of a snapshot but its archive, for which the record is written.
 * What was pruned has to be recorded before. ERR_DENIED if the store protects
 * the manifest: then all of it stays. */
int snapshot_reduce(struct vault *v, const struct snapshot *s,
    const struct manifest *m, const struct snapshot_trust *trust,
    const struct minisign_key *key, struct err *err);
/* Whether snapshots may be reduced by that key: others have to believe it. */
bool snapshot_reduce_may(
    const struct snapshot_trust *trust, const struct minisign_key *key);
/* Removes the archive, and then the record. ERR_DENIED if the store protects
 * it; ERR_EXISTS if there is a manifest after all. */
int lone_archive_remove(
    struct vault *v, const struct lone_archive *lone, struct err *err);
/* Removes the records of snapshots that are there: those of runs that died, and
 * of one that was copied back. Only where the manifest holds. How many, or -1.
 */
int lone_archives_tidy(struct vault *v, const struct snapshots *list,
    const struct snapshot_trust *trust, struct err *err);
/* Removes the record of that label, before a manifest is written again. What
 * the store protects stays. */
int lone_archive_forget_record(
    struct vault *v, const char *label, struct err *err);
/* Takes what is recorded of that label to another vault, byte for byte. 1: it
 * is there; 0: there is no whole record of it. */
int lone_archive_copy_record(
    struct vault *from, struct vault *to, const char *label, struct err *err);

#endif
