/*
 * One run of the backup, shared by its parts: backup.c has the order of the
 * work, backup_steps.c its steps, backup_vaults.c the vaults, backup_shrink.c
 * what sources give less than before, backup_closure.c what its objects point
 * to, backup_incremental.c what need not be written again,
 * backup_witness.c what a witness is shown, backup_events.c what is told
 * meanwhile, backup_report.c the manifest and the printed result.
 */
#ifndef AGENT_BACKUP_H
#define AGENT_BACKUP_H

#include "agent/agent.h"
#include "agent/closure/closure.h"
#include "agent/discovered.h"
#include "agent/sources.h"
#include "storage/archive/writer.h"
#include "storage/base/scratch.h"
#include "storage/vault/lock.h"

/* One vault of the run: open, locked, or the reason why not. */
struct run_vault {
	const struct settings_vault *settings;
	struct connect_vault connected;
	struct vault_lock *lock;
	struct err err; /* why the run does not use it; ERR_NONE: it does */
};

struct backup_run {
	const struct agent *a;
	const struct settings *settings; /* with what organisations have */
	struct scratch scratch;
	struct minisign_key *key;
	struct retention_zone *zone; /* where it prunes */
	struct strvec recipients;
	struct snapshot_trust trust;
	struct secret *passphrase;
	struct run_vault *vaults;
	size_t vault_count;
	struct vault **open; /* those that the run uses, borrowed */
	struct vault_lock **open_lock;
	struct run_vault **open_run;
	size_t open_count;
	struct snapshot_writer *snapshot; /* of a shard: NULL */
	/* A part of a snapshot, or what makes one of them; NULL: neither. */
	struct backup_shard *shard;
	struct archive_writer *archive;
	struct organisations organisations;
	struct discovered discovered;
	/* Of an incremental run: the snapshot before, and what it has; or NULL,
	 * where all is written. */
	bool has_before;
	struct manifest before;
	struct known *known;
	/* What its parts point to; NULL where closure is `none`, and once it is
	 * judged. */
	struct closure *closure;
	struct closure_lacks lacks;
	/* What the sources are of: all that was listed, or a shard's part. */
	const struct organisations *captured;
	struct sources sources;
	struct archive_totals totals;
	int64_t started_ticks, capture_ticks;
	int64_t started, finished; /* seconds */
	/* -o json: printed once nothing more is added to it; else NULL. */
	struct json_object *summary;
};

/* The steps that the kinds of run have in common. Each run begins with _begin,
 * and calls _done. */
struct backup_run backup_steps_begin(const struct agent *a);
void backup_steps_done(struct backup_run *r);
/* Scratch space and keys. */
int backup_steps_prepare(struct backup_run *r, struct err *err);
/* The options, before an hour of work and not after it. ERR_USAGE. */
int backup_steps_check(struct backup_run *r, struct err *err);
/* Begins the snapshot in the vaults that are open; `time` as in
 * snapshot_options. */
int backup_steps_snapshot(struct backup_run *r, int64_t time, struct err *err);
/* What is written to it goes to `sink`, which it owns, encrypted. */
struct sink *backup_steps_encrypt(
    struct backup_run *r, struct sink *sink, struct err *err);
/* As the configuration says. */
enum archive_compression backup_steps_compression(const struct backup_run *r);
enum archive_encryption backup_steps_encryption(const struct backup_run *r);
struct archive_options backup_steps_options(
    const struct backup_run *r, int64_t mtime);
/* The writer of the archive, into a sink that it owns. */
int backup_steps_archive(
    struct backup_run *r, struct sink *sink, int64_t mtime, struct err *err);
/* What organisations have, and clusters name, joins the settings. */
int backup_steps_list(struct backup_run *r, struct err *err);
/* Captures r->captured, and finishes the archive. */
int backup_steps_capture(struct backup_run *r, struct err *err);
/* Commits the snapshot, and prints it. The exit status. */
int backup_steps_commit(
    struct backup_run *r, struct manifest *m, struct err *err);
/* Prunes only after a complete snapshot. If pruning fails, the snapshot
 * stays. The exit status. */
int backup_steps_prune(struct backup_run *r);
/* Prints the document of -o json, if that was asked for. */
void backup_steps_print(const struct backup_run *r);

/* Opens and locks each vault. One that fails, or whose lock is held, is
 * reported and not used by the run. -1 if none is left, with ERR_LOCKED if some
 * were locked. */
int backup_vaults_open(struct backup_run *r, struct err *err);
void backup_vaults_done(struct backup_run *r);
/* Checks that we have held every lock all the time; otherwise nothing may be
 * committed. A vault that cannot be asked is not used any more; -1 if a lock
 * was lost, or no vault is left. */
int backup_vaults_check(struct backup_run *r, struct err *err);
/* After a failure: if a lock was taken over, that becomes the reported
 * cause. */
void backup_vaults_explain(const struct backup_run *r, struct err *err);
/* How many vaults have failed. Those that failed during the commit are reported
 * here, since the manifest cannot name them. */
size_t backup_vaults_failed(const struct backup_run *r);

/* Decides whether entries may be named instead of written again, and logs why
 * not where they may not. Only where that is configured. */
void backup_incremental_begin(struct backup_run *r);
void backup_incremental_done(struct backup_run *r);
/* The digest of who can read what is written (manifest.h). */
void backup_incremental_recipients(
    const struct backup_run *r, char out[DIGEST_SHA256_HEX]);
/* Fills in the list of archives. */
void backup_incremental_fill(const struct backup_run *r, struct manifest *m);
/* Keeps what the next run has to know, once the snapshot is committed. */
void backup_incremental_remember(const struct backup_run *r);

/* Whether the snapshot can be used alone. `begin` has the captures tell of the
 * objects; -1 only with ERR_CANCELLED. */
void backup_closure_begin(struct backup_run *r, struct capture_env *env);
int backup_closure_judge(struct backup_run *r, struct err *err);
/* The same, once all that is to be judged is in r->closure: that of the parts
 * of a snapshot. */
void backup_closure_end(struct backup_run *r);
/* Of a shard with repositories: asks the clusters of the others for what a
 * search of these needs. One that does not answer is a lack. */
int backup_closure_ask(struct backup_run *r, struct err *err);
/* The directory of a mirror; the caller frees. */
char *backup_closure_mirror(
    const struct backup_run *r, const struct settings_repository *one);
/* That one could not be searched is a lack. */
void backup_closure_unsearched(struct backup_run *r,
    const struct settings_repository *one, const struct err *why);
void backup_closure_fill(const struct backup_run *r, struct manifest *m);
void backup_closure_done(struct backup_run *r);

/* Adds those that the manifest does not have yet. */
void backup_report_tags(const struct strvec *tags, struct manifest *m);
/* Everything of the manifest that the snapshot does not fill in itself. Tags
 * and hold that it has already, those of parts, stay. */
void backup_report_fill(const struct backup_run *r, struct manifest *m);
/* Adds what sources give less than in the last complete snapshot to `missing`
 * or to the warnings, and logs it. Needs the manifest's sources. */
void backup_shrink_add(const struct backup_run *r, struct manifest *m);
/* Adds the snapshot to the log of each vault, and asks the witness to co-sign
 * that; what fails is a warning. */
void backup_witness(const struct backup_run *r, const struct manifest *m);
/* The steps of a run that are done, as events. */
void backup_events_sealed(const struct backup_run *r);
void backup_events_committed(
    const struct backup_run *r, const struct manifest *m, size_t copies);
/* What was written, as the document that -o json prints; the caller frees. */
struct json_object *backup_report_summary(
    const struct backup_run *r, const struct manifest *m);
/* Prints what was written, to so many vaults: the table, or the manifest. */
void backup_report_print(
    const struct backup_run *r, const struct manifest *m, size_t copies);

#endif
