/*
 * A mirror: a bare repository that holds every ref and object a remote offers,
 * kept from run to run so that the next one fetches only what is new.
 *
 * The directory is what any git can use: HEAD, packed-refs (sorted, no loose
 * refs), a minimal config, objects/pack. There are no loose objects, hooks or
 * credentials in it. Notes on what the packs hold lie in `backstay/` in it, the
 * lock beside it; neither is ever part of an archive.
 *
 * Refs become visible last and all at once: a run that ends half way leaves
 * the refs of the run before. A mirror that is damaged is thrown away and made
 * anew, which its caller is told.
 */
#ifndef STORAGE_GIT_MIRROR_MIRROR_H
#define STORAGE_GIT_MIRROR_MIRROR_H

#include "storage/base/err.h"
#include "storage/git/repo/lfs_pointer.h"
#include "storage/git/repo/refs.h"
#include "storage/git/wire/access.h"

#include <stdbool.h>
#include <stdint.h>

struct mirror_options {
	const char *url; /* http(s), ssh, host:path, file://, a path */
	const char *dir; /* of the mirror, "….git"; made where missing */
	/* Of what, and for whom, as one line; a mirror that was made for
	 * another is made anew, so that nothing of it is in this one. NULL: it
	 * is the caller's to know. */
	const char *origin;
	const struct git_access *access;
	/* Bytes of the pack received so far; may be NULL. */
	void (*progress)(void *ctx, uint64_t received_bytes);
	void *progress_ctx;
};

/* A ref that the source names and cannot give: an object of its history is
 * gone or damaged there. */
struct mirror_lost {
	char *name;
	char *reason;
	bool kept; /* as an earlier run left it, at: */
	uint8_t kept_id[GIT_ID_LEN];
};
VEC_DEFINE(mirror_lostvec, struct mirror_lost);

struct mirror_state {
	enum git_hash hash;
	char *head; /* what HEAD names ("refs/heads/main"), or an id */
	bool head_unborn;
	/* The server does not say what it names: a name stands in its place,
	 * since no repository is without one. */
	bool head_unknown;
	struct git_refvec refs;	    /* sorted by name */
	struct lfs_objectvec lfs;   /* that pointers name; sorted */
	struct strvec submodules;   /* URLs at the tips, each once */
	struct mirror_lostvec lost; /* not as the source names them */
	struct strvec odd_refs;	    /* offered, but no ref may be called so */
	struct strvec warnings;	    /* a damaged mirror, refs left out, ... */
	uint64_t received_bytes;    /* by this run */
	uint64_t received_objects;  /* by this run */
	bool fresh;		    /* everything was fetched */
};
#define MIRROR_STATE_INIT                                                      \
	{                                                                      \
		.head = NULL                                                   \
	}
void mirror_state_done(struct mirror_state *s);

struct mirror_lock; /* nobody else changes or reads the mirror meanwhile */
/* ERR_LOCKED where another run has it. */
struct mirror_lock *mirror_lock(const char *dir, struct err *err);
void mirror_unlock(struct mirror_lock *l); /* takes NULL */
void mirror_unlockp(struct mirror_lock **l);

/* Makes the mirror equal to the remote. The caller holds the lock. */
int mirror_update(const struct mirror_options *o, struct mirror_state *state,
    struct err *err);

/* Git takes no directory for a repository that lacks refs/, and an archive of
 * files has no empty directories. An empty file of that name is what git and
 * its checks (git fsck, git refs verify) pass over, while any other one would
 * be a reference, or a bad one. */
#define MIRROR_KEEP "refs/keep.lock"

/* The files of the mirror that belong into an archive, relative to it, in
 * their one order: HEAD, config, objects/info/packs, packs and indexes by name,
 * packed-refs, and MIRROR_KEEP. */
int mirror_files(const char *dir, struct strvec *files, struct err *err);

#endif
