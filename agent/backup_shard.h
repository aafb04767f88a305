/*
 * Backups in parts (storage/vault/shard.h). backup_parts.c has what both kinds
 * of run need, backup_parts_closure.c what the parts point to, backup_shard.c
 * captures one part, backup_seal.c makes a snapshot of them all, and
 * backup_sharded.c is the order of the two.
 *
 * What the parts have is listed in the vault, since whoever seals them cannot
 * read their archives. The lists are encrypted to a key that follows from the
 * signing key, which each shard has.
 */
#ifndef AGENT_BACKUP_SHARD_H
#define AGENT_BACKUP_SHARD_H

#include "agent/backup.h"
#include "agent/shard/deal.h"
#include "storage/archive/format.h"
#include "storage/vault/shard.h"

struct backup_shard {
	const char *id;
	/* Of a part: */
	uint32_t index, count;
	char attempt[FORMAT_ATTEMPT + 1];
	char *lock_name;	    /* NULL: it seals */
	struct organisations dealt; /* what is left for it; else borrowed */
	bool is_dealt;
	char *archive, *list, *closure; /* objects that were begun */
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint64_t bytes;
	bool committed;
	/* Of both: */
	char configuration[DIGEST_SHA256_HEX];
	struct shard_run run;
	bool has_run;
	struct deal_places places;
	struct secret *list_key; /* an age identity, and its recipient */
	char *list_recipient;
};

bool backup_shard_wanted(const struct agent_options *o);
/* What --shard and --seal say, one after the other. The exit status, or -1. */
int backup_sharded(const struct agent *a, struct err *err);

/* Checks what a run in parts cannot have, and fills in what follows from the
 * options and the configuration. ERR_USAGE. */
int backup_parts_init(
    struct backup_run *r, struct backup_shard *s, struct err *err);
void backup_parts_done(struct backup_shard *s);
/* Once the keys are read. */
void backup_parts_keys(const struct backup_run *r, struct backup_shard *s);
/* After the run was found or made. */
void backup_parts_places(struct backup_shard *s);
/* A list as it is written, and read. Both own what they are given. */
struct sink *backup_parts_seal_list(const struct backup_run *r,
    const struct backup_shard *s, struct sink *sink, struct err *err);
struct source *backup_parts_open_list(const struct backup_run *r,
    const struct backup_shard *s, struct source *from, struct err *err);

/* What a part points to: writes it beside its archive, and says so in its
 * manifest; and judges that of all parts together. Nothing where closure is
 * `none`. */
int backup_parts_closure_write(struct backup_run *r, struct backup_shard *s,
    struct manifest *m, struct err *err);
int backup_parts_closure_judge(struct backup_run *r,
    const struct backup_shard *s, const struct manifest *parts, size_t count,
    struct err *err);

/* The exit status: 1 if the part, also one that was there already, lacks
 * something; or -1. What is to be printed of it is appended. */
int backup_shard(const struct agent *a, struct buf *out, struct err *err);
/* `waits`: a part that is missing is no error: it ends with *left > 0, and
 * nothing is made. The exit status, or -1. */
int backup_seal(
    const struct agent *a, bool waits, uint32_t *left, struct err *err);

#endif
