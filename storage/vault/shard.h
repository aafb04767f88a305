/*
 * A snapshot that several machines capture, each a part of it, and that comes
 * to be once one of them seals it. They meet in the vault alone; its objects
 * are those of shard_name.h.
 *
 * The first to come writes the run, under a name that follows from the id that
 * all were given: who comes later reads from it the label, how many parts there
 * are, and which configuration was meant. A part is an archive, the list of its
 * entries, and last a signed manifest (manifest.h), under a name that only one
 * of each index can write. Until the manifest of the snapshot is written, which
 * names them all, none of this is a snapshot, and no reader takes it for one.
 *
 * A run is JSON, signed (signed.h) under "run:<object>":
 *
 *     version        1
 *     run, name, label, count, configuration, created
 *     large          [{source, shard}]: which of the large sources goes where
 *
 * A run that was begun SHARD_DEAD_S ago, and of which nobody is at work, is
 * over: what it left is removed, but for the parts that a snapshot has.
 */
#ifndef STORAGE_VAULT_SHARD_H
#define STORAGE_VAULT_SHARD_H

#include "storage/archive/manifest.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"
#include "storage/crypto/minisign.h"
#include "storage/vault/lock.h"
#include "storage/vault/snapshot.h"
#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stdint.h>

enum { SHARD_DEAD_S = 24 * 3600, SHARD_ID_MAX = 200 };

struct json_object;

struct shard_run {
	char *id;
	char *name;
	char *label;
	uint32_t count;
	char configuration[DIGEST_SHA256_HEX];
	int64_t created;	   /* seconds; the time in the label */
	struct json_object *large; /* an array */
};
void shard_run_done(struct shard_run *r);
/* What was signed as a run. ERR_FORMAT. Pure; r is the caller's to release only
 * after success. */
int shard_run_parse(
    const char *text, size_t len, struct shard_run *r, struct err *err);

/* 1: it is there; 0: it is not; ERR_INTEGRITY if what is there was not signed
 * as that, or is of another id. */
int shard_run_find(struct vault *v, const char *name, const char *id,
    const struct snapshot_trust *trust, struct shard_run *r, struct err *err);
/* ERR_EXISTS: another shard of it was first. */
int shard_run_put(struct vault *v, const struct shard_run *r,
    const struct minisign_key *key, struct err *err);
/* The time for the label of a new run: now, or after the newest trusted
 * snapshot, and in no use. `base`, which the caller releases where *has_base,
 * is the newest complete one. */
int shard_run_time(struct vault *v, const char *name,
    const struct snapshot_trust *trust, const struct clock *clock,
    int64_t *time, struct manifest *base, bool *has_base, struct err *err);
/* 1 if a snapshot of its label is there, made of parts, with a signature that
 * holds; 0 if there is none. The caller releases m after 1. */
int shard_run_sealed(struct vault *v, const struct shard_run *r,
    const struct snapshot_trust *trust, struct manifest *m, struct err *err);

/* The name of the lock of one process of it; the caller frees. */
char *shard_lock_name(const char *name, const char *id, const char *attempt);
/* Appends the names of the locks of all processes of runs of that name. */
int shard_locks(
    struct vault *v, const char *name, struct strvec *locks, struct err *err);
/* ERR_LOCKED, with the holder, while a shard of any run of that name but `id`
 * (NULL: of any) is at work. */
int shard_others(struct vault *v, const char *name, const char *id,
    const struct vault_lock_options *o, struct err *err);

/* `m` has the own archive, of the name that format_part_name gives it, and its
 * list under shard_list_name. Fills in label, name, created and `part`, to
 * which the caller may have added, and writes it. ERR_EXISTS: there is a part
 * of that index. */
int shard_part_put(struct vault *v, const struct shard_run *r, uint32_t index,
    struct manifest *m, const struct minisign_key *key, struct err *err);
/* 1: it is there, signed, and of that run, and its archive exists in its
 * length; 0: it is not there; ERR_INTEGRITY, by name, if it is anything else.
 * m is released by the caller after 1 alone. */
int shard_part_find(struct vault *v, const struct shard_run *r, uint32_t index,
    const struct snapshot_trust *trust, struct manifest *m, struct err *err);
/* The objects with the entries of a part, and with what it points to, by its
 * archive; the caller frees. */
char *shard_list_name(const struct manifest *part);
char *shard_closure_name(const struct manifest *part);

/* Removes manifests and lists of parts of a run that is sealed. */
int shard_clear(struct vault *v, const struct shard_run *r, struct err *err);
/* Removes what runs left that are over. How many objects, or -1. The caller
 * holds the lock of that name. */
int shard_tidy(struct vault *v, const char *name,
    const struct snapshot_trust *trust, const struct vault_lock_options *o,
    struct err *err);

#endif
