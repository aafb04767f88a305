/*
 * The directory of a mirror between two runs: checks whether it is as it was
 * left, makes it anew, and makes new refs visible. It knows no server.
 *
 * Each run that receives something adds a pack. When there are many, the small
 * ones are copied into one, so that a mirror of years has a handful. Objects
 * that no ref reaches any more stay until the mirror is made anew.
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
	const struct packs_expected *expected; /* borrowed, or NULL */
	enum git_hash hash;
	struct packs packs;
	struct git_refvec refs; /* of the run before; sorted */
	struct lfs_scan scan;	/* pointers of all packs */
	bool fresh;		/* there is nothing of an earlier run */
	char *damage;		/* why it was made anew, or NULL */
	bool other; /* it was made anew, because it was made for something else
		     */
	bool rehashed; /* it was made anew, because its hash was another */
	bool unmarked; /* it was made anew, because it does not say what it is a
			  mirror of */
	/* While the checksums of the files are checked: */
	bool checking;
	pthread_t checker;
	struct err check_err;
	struct strvec same; /* packs that are what was expected, by file name */
};
void mirror_store_init(struct mirror_store *s, const char *dir,
    const char *origin, const struct packs_expected *expected,
    const struct cancel *cancel);
void mirror_store_done(struct mirror_store *s);

/* Loads what an earlier run left, or makes an empty mirror. The packs are read
 * in the background, while the caller goes on. */
int mirror_store_open(struct mirror_store *s, struct err *err);
/* Waits for that. If files were damaged, the store is empty now. */
int mirror_store_await(struct mirror_store *s, struct err *err);

/* Sets the hash of the remote; if the mirror has another, it is empty now. */
int mirror_store_set_hash(
    struct mirror_store *s, enum git_hash hash, struct err *err);

/* To be called after a pack was added. */
int mirror_store_reload(struct mirror_store *s, struct err *err);
/* Removes a pack that turned out to be damaged. */
int mirror_store_drop_pack(
    struct mirror_store *s, const char *path, struct err *err);
int mirror_store_save_scan(struct mirror_store *s, struct err *err);
/* A pack is coming that names objects which do not exist. From now on, until
 * the mirror is made anew, only a walk from the refs shows that all they need
 * exists. */
int mirror_store_mark_unproven(struct mirror_store *s, struct err *err);
bool mirror_store_is_unproven(const struct mirror_store *s);
/* That walk failed: the next run makes the mirror anew. */
void mirror_store_discard(struct mirror_store *s);
/* Merges many small packs into one. */
int mirror_store_consolidate(struct mirror_store *s, struct err *err);
/* Makes refs and HEAD visible; files that would not change are not written. */
int mirror_store_publish(struct mirror_store *s, const struct git_refvec *refs,
    const char *head, struct err *err);

#endif
