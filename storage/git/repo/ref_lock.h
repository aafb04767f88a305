/*
 * The lock of a file of a repository, as git has it: FILE.lock, which becomes
 * the file (https://git-scm.com/docs/api-lockfile). Whoever is killed in
 * between leaves it, and nobody can change that file any more.
 *
 * Ours has a second name in the repository, backstay-lock-PROCESS, until it is
 * over. A lock that has one whose process is known to be dead (process.h) was
 * left by a run of ours, and is taken away; any other is another's.
 */
#ifndef STORAGE_GIT_REPO_REF_LOCK_H
#define STORAGE_GIT_REPO_REF_LOCK_H

#include "storage/base/err.h"

struct ref_lock {
	int fd; /* to write to; -1: it is not held */
	char *path;
	char *proof; /* the second name, or NULL */
};
#define REF_LOCK_INIT                                                          \
	{                                                                      \
		.fd = -1                                                       \
	}

/* `dir` is the repository's. ERR_LOCKED where another has it. */
int ref_lock_acquire(
    struct ref_lock *l, const char *dir, const char *file, struct err *err);
/* The file is what was written. */
int ref_lock_commit(struct ref_lock *l, const char *file, struct err *err);
/* Gives it back, where that was not done, and the file stays as it was. */
void ref_lock_done(struct ref_lock *l);

/* Removes second names that dead runs left, where nothing is locked by them. */
void ref_lock_tidy(const char *dir);

#endif
