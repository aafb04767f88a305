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

enum { PROOFS = 8 /* more locks than one process takes in a repository */ };

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
    bool (*each)(const char *path, const struct stat *of, const void *ctx),
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
			found = each(path, &of, ctx);
	}
	closedir(d);
	return found;
}

/* Both names go, the lock first: it is told by the other. */
static bool remove_both(
    const char *path, const struct stat *of, const void *ctx)
{
	const char *lock = ctx;
	struct stat is;

	return lstat(lock, &is) == 0 && is.st_ino == of->st_ino &&
	       is.st_dev == of->st_dev && unlink(lock) == 0 &&
	       unlink(path) == 0;
}

/* A file that a ref was made of has its second name until the ref changes. */
static bool remove_lone(
    const char *path, const struct stat *of, const void *ctx)
{
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

int ref_lock_take(
    struct ref_lock *l, const char *dir, const char *file, struct err *err)
{
	l->path = str_printf("%s.lock", file);
	l->fd = make(l, dir);
	if (l->fd < 0 && errno == EEXIST &&
	    find_left(dir, remove_both, l->path))
		l->fd = make(l, dir);
	if (l->fd >= 0)
		return 0;
	if (errno == EEXIST)
		return err_set(err, ERR_LOCKED,
		    "%s is there: another process changes it, or died doing "
		    "so; remove it if no git is at work",
		    l->path);
	return err_system(err, errno, "cannot make %s", l->path);
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
