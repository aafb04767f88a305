/*
 * A mirror: a bare repository that holds every ref and object a remote offers.
 * It is kept between runs, so that the next one fetches only what is new.
 *
 * Any git can use the directory: HEAD, packed-refs (sorted, no loose refs), a
 * minimal config, objects/pack. There are no loose objects, hooks or
 * credentials in it. Its folder `backstay/` has notes about the packs, and the
 * lock is a file beside it; neither is ever part of an archive.
 *
 * Refs become visible last and all at once: a run that ends half way leaves the
 * refs of the run before. A mirror that is damaged is removed and made anew,
 * and the caller is told so.
 */
#ifndef STORAGE_GIT_MIRROR_MIRROR_H
#define STORAGE_GIT_MIRROR_MIRROR_H

#include "storage/base/err.h"
#include "storage/git/repo/lfs_pointer.h"
#include "storage/git/repo/packs.h"
#include "storage/git/repo/refs.h"
#include "storage/git/wire/access.h"

#include <stdbool.h>
#include <stdint.h>

struct mirror_options {
	const char *url; /* http(s), ssh, host:path, file://, a path */
	const char *dir; /* of the mirror, "….git"; made if missing */
	/* What it is a mirror of, and for whom, as one line. A mirror that was
	 * made for something else is made anew, so that nothing of that remains
	 * in it. NULL: the caller knows. */
	const char *origin;
	const struct git_access *access;
	/* What the packs of the mirror were before; asked on another thread.
	 * May be NULL. */
	const struct packs_expected *expected;
	/* Bytes of the pack received so far; may be NULL. */
	void (*progress)(void *ctx, uint64_t received_bytes);
	void *progress_ctx;
};

/* A ref that the source lists but cannot give: an object of its history is
 * missing or damaged there. */
struct mirror_lost {
	char *name;
	char *reason;
	bool kept; /* as an earlier run left it, at this id: */
	uint8_t kept_id[GIT_ID_LEN];
};
VEC_DEFINE(mirror_lostvec, struct mirror_lost);

struct mirror_state {
	enum git_hash hash;
	char *head; /* what HEAD names ("refs/heads/main"), or an id */
	bool head_unborn;
	/* The server does not say what it names, or says what no ref may be
	 * called: a name stands in its place, since no repository is without
	 * one. */
	bool head_unknown;
	struct git_refvec refs;	  /* sorted by name */
	struct lfs_objectvec lfs; /* that pointers name; sorted */
	struct strvec submodules; /* URLs at the tips, each once */
	/* Packs that were read by this run and are what was expected, by file
	 * name; some need not be there any more. */
	struct strvec same_packs;
	struct mirror_lostvec lost; /* other than as the source writes them */
	struct strvec odd_refs; /* listed by the source, but with a name that no
				   ref may have */
	struct strvec warnings; /* a damaged mirror, refs left out, ... */
	uint64_t received_bytes;   /* by this run */
	uint64_t received_objects; /* by this run */
	bool fresh;		   /* everything was fetched */
};
#define MIRROR_STATE_INIT                                                      \
	{                                                                      \
		.head = NULL                                                   \
	}
void mirror_state_done(struct mirror_state *s);

struct mirror_lock; /* nobody else changes or reads the mirror until it is
		       unlocked */
/* ERR_LOCKED if another run has it. */
struct mirror_lock *mirror_lock(const char *dir, struct err *err);
void mirror_unlock(struct mirror_lock *l); /* takes NULL */
void mirror_unlockp(struct mirror_lock **l);

/* Makes the mirror equal to the remote. The caller holds the lock. */
int mirror_update(const struct mirror_options *o, struct mirror_state *state,
    struct err *err);

/* The LFS objects that pointers anywhere in the mirror name, sorted: none where
 * no .gitattributes in it has them filtered. ERR_NOT_FOUND: no mirror. */
int mirror_lfs(const char *dir, struct lfs_objectvec *out, struct err *err);

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
