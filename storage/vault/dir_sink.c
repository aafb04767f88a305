#include "storage/vault/dir_sink.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct dir_sink {
	struct sink sink;
	char *path; /* of the directory */
	char *temporary;
	char *final;
	int fd;
	uint64_t written;
	uint64_t started; /* how much of it is being written to the disk */
};

enum { WRITE_BACK_BYTES = 4 * 1024 * 1024 };

/* Makes the disk write while the rest is still produced, so that the sync at
 * the end has little left to wait for. Only a hint: if it fails, the sync
 * reports it. */
static void start_write_back(struct dir_sink *s)
{
	uint64_t len = s->written - s->started;

	if (len < WRITE_BACK_BYTES)
		return;
	(void)sync_file_range(
	    s->fd, (off_t)s->started, (off_t)len, SYNC_FILE_RANGE_WRITE);
	s->started = s->written;
}

static int dir_sink_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	struct dir_sink *s = (struct dir_sink *)sink;

	if (file_write_all(s->fd, data, len, s->temporary, err))
		return -1;
	s->written += len;
	start_write_back(s);
	return 0;
}

/* A rename that does not replace. Some file systems (NFS, old overlayfs) do not
 * support that; there, a hard link, which fails if the name exists, does the
 * same. */
static int rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return link(from, to) || unlink(from) ? -1 : 0;
}

static int dir_sink_finish(struct sink *sink, struct err *err)
{
	struct dir_sink *s = (struct dir_sink *)sink;

	if (fsync(s->fd))
		return err_system(err, errno, "syncing '%s'", s->temporary);
	if (rename_new(s->temporary, s->final))
		return err_system(err, errno, "renaming to '%s'", s->final);
	/* From here on the object exists. If a crash loses its name before the
	 * directory is synced, it also loses the manifest, which is written
	 * later. */
	return file_sync_dir(s->path, err);
}

static void dir_sink_abort(struct sink *sink)
{
	unlink(((struct dir_sink *)sink)->temporary);
}

static void dir_sink_release(struct sink *sink)
{
	struct dir_sink *s = (struct dir_sink *)sink;

	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	free(s->temporary);
	free(s->final);
	free(s);
}

static const struct sink_ops dir_sink_ops = {.write = dir_sink_write,
    .finish = dir_sink_finish,
    .abort = dir_sink_abort,
    .release = dir_sink_release};

struct sink *dir_sink_new(const char *dir, const char *name, struct err *err)
{
	autofree char *final = file_join(dir, name);
	autofree char *temporary =
	    str_printf("%s/.%s" DIR_SINK_MARK "XXXXXX", dir, name);

	if (file_exists(final)) {
		err_set(err, ERR_EXISTS, "'%s' is there already", final);
		return NULL;
	}
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		err_system(err, errno, "creating '%s'", temporary);
		return NULL;
	}
	struct dir_sink *s = mem_new(struct dir_sink);
	s->sink.ops = &dir_sink_ops;
	s->path = str_dup(dir);
	s->temporary = steal(temporary);
	s->final = steal(final);
	s->fd = fd;
	return &s->sink;
}
