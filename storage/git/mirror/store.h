/*
 * The directory of a mirror between two runs: whether it is as it was left,
 * how it is made anew, and how new refs become visible. It knows no server.
 *
 * Each run that receives something adds a pack. Where they become many, the
 * small ones are copied into one, so that a mirror of years has a handful.
 * What no ref reaches any more stays in it until it is made anew.
 */
#ifndef STORAGE_GIT_MIRROR_STORE_H
#define STORAGE_GIT_MIRROR_STORE_H

#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/repo/lfs_pointer.h"
#include "storage/git/repo/packs.h"
#include "storage/git/repo/refs.h"

#include <pthread.h>
#include <stdbool.h>

struct mirror_store {
	const char *dir;    /* borrowed */
	const char *origin; /* borrowed; NULL: any */
	const struct cancel *cancel;
	enum git_hash hash;
	struct packs packs;
	struct git_refvec refs; /* of the run before; sorted */
	struct lfs_scan scan;	/* pointers of all packs */
	bool fresh;		/* nothing of a run before is there */
	char *damage;		/* why it was made anew, or NULL */
	bool other;		/* it was made anew, for it was another's */
	bool rehashed;		/* it was made anew, for its hash was another */
	bool unmarked; /* it was made anew, for it does not say whose it is */
	/* While the files are held against their checksums: */
	bool checking;
	pthread_t checker;
	struct err check_err;
};
void mirror_store_init(struct mirror_store *s, const char *dir,
    const char *origin, const struct cancel *cancel);
void mirror_store_done(struct mirror_store *s);

/* Loads what an earlier run left, or makes an empty one. The reading of the
 * packs goes on beside what the caller does next. */
int mirror_store_open(struct mirror_store *s, struct err *err);
/* Waits for that. Where the files were damaged, the store is empty now. */
int mirror_store_await(struct mirror_store *s, struct err *err);

/* The hash of what it is to be a mirror of; where it has another, it is empty
 * now. */
int mirror_store_set_hash(
    struct mirror_store *s, enum git_hash hash, struct err *err);

/* After a pack was added beside it. */
int mirror_store_reload(struct mirror_store *s, struct err *err);
/* Of a pack that turned out to be no good. */
int mirror_store_drop_pack(
    struct mirror_store *s, const char *path, struct err *err);
int mirror_store_save_scan(struct mirror_store *s, struct err *err);
/* A pack is coming in that names objects which are not there: until the mirror
 * is made anew, only a walk from the refs tells that all they need is. */
int mirror_store_mark_unproven(struct mirror_store *s, struct err *err);
bool mirror_store_is_unproven(const struct mirror_store *s);
/* That walk failed: the next run makes it anew. */
void mirror_store_discard(struct mirror_store *s);
/* Makes one pack of many small ones. */
int mirror_store_consolidate(struct mirror_store *s, struct err *err);
/* Refs and HEAD as they are to be seen; files that would not change are not
 * written. */
int mirror_store_publish(struct mirror_store *s, const struct git_refvec *refs,
    const char *head, struct err *err);

#endif
