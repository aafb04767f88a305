#include "storage/git/repo/ref_lock.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/hex.h"
#include "storage/base/process.h"
#include "storage/base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROOF "backstay-lock-"

enum {
	PROOFS = 8,	/* more locks than one process takes in a repository */
	CLAIM = PROOFS, /* of what a dead run left: a name of its own */
};

/* NULL where the system does not tell who we are. */
static char *proof_of_self(const char *dir, int number)
{
	autofree char *process = process_self();
	cleanup(buf_done) struct buf hex = BUF_INIT;

	if (!*process)
		return NULL;
	hex_add(&hex, process, strlen(process));
	return str_printf("%s/" PROOF "%s-%d", dir, buf_str(&hex), number);
}

static bool is_of_dead(const char *name)
{
	const char *hex = name + strlen(PROOF);
	size_t len = strcspn(hex, "-");
	autofree char *process = mem_zalloc(len / 2 + 1);

	return len && len % 2 == 0 &&
	       hex_decode(hex, len, (uint8_t *)process) == 0 &&
	       process_is_dead(process);
}

/* Calls each with the path of every second name that a dead run left, until it
 * returns true; whether it did. */
static bool find_left(const char *dir,
    bool (*each)(const char *dir, const char *path, const struct stat *of,
	const void *ctx),
    const void *ctx)
{
	DIR *d = opendir(dir);
	bool found = false;

	if (!d)
		return false;
	for (const struct dirent *e; !found && (e = readdir(d));) {
		struct stat of;
		autofree char *path = str_printf("%s/%s", dir, e->d_name);

		if (str_starts(e->d_name, PROOF) && is_of_dead(e->d_name) &&
		    lstat(path, &of) == 0)
			found = each(dir, path, &of, ctx);
	}
	closedir(d);
	return found;
}

static bool is_same(const char *path, const struct stat *of)
{
	struct stat is;

	return lstat(path, &is) == 0 && is.st_ino == of->st_ino &&
	       is.st_dev == of->st_dev;
}

/* Of several runs that find a left lock at once, only one gives its second name
 * the name of its own process; without that, one would remove the lock that
 * another has made meanwhile in its place. Then the lock goes first: only the
 * second name tells whose it is, should this run be killed, too. */
static bool remove_both(
    const char *dir, const char *path, const struct stat *of, const void *ctx)
{
	const char *lock = ctx;
	autofree char *claim = proof_of_self(dir, CLAIM);

	if (!claim || !is_same(lock, of) || rename(path, claim))
		return false;
	bool removed = is_same(lock, of) && unlink(lock) == 0;
	unlink(claim);
	return removed;
}

/* Where a run was killed just after its lock had become the ref, the ref's file
 * has the second name, too, until the ref changes. */
static bool remove_lone(
    const char *dir, const char *path, const struct stat *of, const void *ctx)
{
	(void)dir;
	(void)ctx;
	if (of->st_nlink == 1)
		unlink(path);
	return false;
}

void ref_lock_tidy(const char *dir)
{
	find_left(dir, remove_lone, NULL);
}

static int create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

/* The second name first; -1 where there is none to be had. */
static int make_proof(struct ref_lock *l, const char *dir)
{
	for (int i = 0; i < PROOFS; i++) {
		autofree char *proof = proof_of_self(dir, i);
		int fd = proof ? create(proof) : -1;

		if (fd >= 0) {
			l->proof = steal(proof);
			return fd;
		}
	}
	return -1;
}

/* Under both names, which are there at once; errno as open(2). Where a file has
 * but one name, it is a lock like git's own. */
static int make(struct ref_lock *l, const char *dir)
{
	int fd = make_proof(l, dir);

	if (fd < 0)
		return create(l->path);
	if (link(l->proof, l->path) == 0)
		return fd;
	int why = errno;
	close(fd);
	unlink(l->proof);
	free(steal(l->proof));
	if (why != EEXIST)
		return create(l->path);
	errno = why;
	return -1;
}

int ref_lock_acquire(
    struct ref_lock *l, const char *dir, const char *file, struct err *err)
{
	l->path = str_printf("%s.lock", file);
	l->fd = make(l, dir);
	int why = errno;
	if (l->fd < 0 && why == EEXIST &&
	    find_left(dir, remove_both, l->path)) {
		l->fd = make(l, dir);
		why = errno;
	}
	if (l->fd >= 0)
		return 0;
	if (why == EEXIST)
		return err_set(err, ERR_LOCKED,
		    "%s is there: another process changes it, or died doing "
		    "so; remove it if no git is at work",
		    l->path);
	return err_system(err, why, "cannot make %s", l->path);
}

int ref_lock_commit(struct ref_lock *l, const char *file, struct err *err)
{
	if (fsync(l->fd) || rename(l->path, file))
		return err_system(err, errno, "cannot write %s", file);
	free(steal(l->path));
	return 0;
}

void ref_lock_done(struct ref_lock *l)
{
	if (l->fd >= 0) {
		close(l->fd);
		if (l->path)
			unlink(l->path);
		if (l->proof)
			unlink(l->proof);
	}
	free(l->path);
	free(l->proof);
	*l = (struct ref_lock)REF_LOCK_INIT;
}
