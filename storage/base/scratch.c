#include "storage/base/scratch.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PREFIX "scratch-"
#define LOCK ".lock"

int scratch_make(struct scratch *s, const char *parent, struct err *err)
{
	if (file_mkdirs(parent, err))
		return -1;
	autofree char *path =
	    str_printf("%s/" PREFIX "%ld-XXXXXX", parent, (long)getpid());
	if (!mkdtemp(path))
		return err_system(
		    err, errno, "making a scratch directory in '%s'", parent);
	autofree char *lock = file_join(path, LOCK);
	autofree char *made = str_printf("%s.new", lock);
	autoclose int fd = open(made, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	/* It is locked before it gets its name: whoever could lock it under
	 * that name would believe that nobody uses it. */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) || rename(made, lock))
		return err_system(err, errno, "locking '%s'", lock);
	s->path = steal(path);
	s->lock_fd = steal_fd(fd);
	return 0;
}

void scratch_done(struct scratch *s)
{
	struct err ignored = ERR_INIT;

	/* What cannot be removed now is removed at the next start. */
	if (s->path)
		(void)file_remove_tree(s->path, &ignored);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->path);
	*s = (struct scratch)SCRATCH_INIT;
}

/* If its lock can be had, nobody uses the scratch any more. One without a lock
 * file may just be in the making: then the process whose id is in its name
 * decides. */
static bool is_abandoned(const char *path, const char *name)
{
	autofree char *lock = file_join(path, LOCK);
	autoclose int fd = open(lock, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return flock(fd, LOCK_EX | LOCK_NB) == 0;
	long pid = strtol(name + strlen(PREFIX), NULL, 10);
	autofree char *proc = str_printf("/proc/%ld", pid);
	return pid <= 0 || !file_exists(proc);
}

int scratch_clean(const char *parent, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	int removed = 0;

	if (!file_exists(parent))
		return 0;
	if (file_list_dir(parent, &names, err))
		return -1;
	VEC_EACH (&names, name) {
		autofree char *path = file_join(parent, *name);
		if (!str_starts(*name, PREFIX) || !is_abandoned(path, *name))
			continue;
		if (file_remove_tree(path, err))
			return err_wrap(err, "cleaning '%s'", path);
		removed++;
	}
	return removed;
}
