/*
 * One run of the backup, as its parts see it: backup.c is the order of the
 * work, backup_vaults.c where it goes, backup_report.c what is told of it.
 */
#ifndef AGENT_BACKUP_H
#define AGENT_BACKUP_H

#include "agent/agent.h"
#include "agent/sources.h"
#include "storage/archive/writer.h"
#include "storage/base/scratch.h"
#include "storage/vault/lock.h"

/* One vault of the run: open, locked, or the reason why not. */
struct run_vault {
	const struct settings_vault *settings;
	struct connect_vault connected;
	struct vault_lock *lock;
	struct err err; /* why it is out of the run; ERR_NONE: it is in */
};

struct backup_run {
	const struct agent *a;
	const struct settings *settings;
	struct scratch scratch;
	struct minisign_key *key;
	struct retention_zone *zone; /* where it prunes */
	struct strvec recipients;
	struct snapshot_trust trust;
	struct secret *passphrase;
	struct run_vault *vaults;
	size_t vault_count;
	struct vault **open; /* those that are in, borrowed */
	struct run_vault **open_run;
	size_t open_count;
	struct snapshot_writer *snapshot;
	struct archive_writer *archive;
	struct sources sources;
	struct archive_totals totals;
	int64_t started_ticks;
	int64_t started, finished; /* seconds */
};

/* Opens and locks each vault. One that fails is out of the run, and told of,
 * also one whose lock is held: that may be a dead run's. None left ends it,
 * with ERR_LOCKED where some were locked. */
int backup_vaults_open(struct backup_run *r, struct err *err);
void backup_vaults_done(struct backup_run *r);
/* The locks were ours all the time, or nothing may be committed. A vault that
 * does not say so is out of the run; -1 where one says otherwise, or none is
 * left. */
int backup_vaults_check(struct backup_run *r, struct err *err);
/* After a failure: where a lock was taken over, that is what went wrong. */
void backup_vaults_explain(const struct backup_run *r, struct err *err);
/* How many have failed, those of the commit too, which are told of here: they
 * are not in the manifest. */
size_t backup_vaults_failed(const struct backup_run *r);

/* Everything of the manifest that the snapshot does not fill in itself. */
void backup_report_fill(const struct backup_run *r, struct manifest *m);
/* Prints what was written, to so many vaults. */
void backup_report_print(
    const struct backup_run *r, const struct manifest *m, size_t copies);

#endif
