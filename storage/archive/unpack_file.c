#include "storage/archive/unpack_file.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void unpack_file_init(struct unpack_file *f, const char *dir)
{
	*f = (struct unpack_file){.dir = dir, .fd = -1};
}

void unpack_file_done(struct unpack_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->last_parent);
	unpack_file_init(f, f->dir);
}

static int make_parent(struct unpack_file *f, struct err *err)
{
	const char *slash = strrchr(f->path, '/');
	autofree char *parent = str_ndup(f->path, (size_t)(slash - f->path));

	if (str_eq(parent, f->last_parent))
		return 0;
	if (file_mkdirs(parent, err))
		return -1;
	free(f->last_parent);
	f->last_parent = steal(parent);
	return 0;
}

int unpack_file_start(struct unpack_file *f, const char *path, struct err *err)
{
	f->path = file_join(f->dir, path);
	if (make_parent(f, err))
		return -1;
	f->fd = open(f->path,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return err_system(err, errno, "creating '%s'", f->path);
	return 0;
}

int unpack_file_data(
    struct unpack_file *f, const void *data, size_t len, struct err *err)
{
	return file_write_all(f->fd, data, len, f->path, err);
}

int unpack_file_end(struct unpack_file *f, struct err *err)
{
	int fd = steal_fd(f->fd);

	if (close(fd))
		return err_system(err, errno, "writing '%s'", f->path);
	free(steal(f->path));
	return 0;
}
