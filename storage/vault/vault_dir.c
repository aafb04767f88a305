#include "storage/vault/vault_dir.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/vault/dir_sink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

struct vault_dir {
	struct vault vault;
	char *path;
};

static const char *path_of(const struct vault *v)
{
	return ((const struct vault_dir *)v)->path;
}

static struct sink *dir_put(struct vault *v, const char *name,
    enum vault_retain retain, struct err *err)
{
	(void)retain; /* a directory holds nothing back */
	return dir_sink_new(path_of(v), name, err);
}

static int dir_put_small(struct vault *v, const char *name, const void *data,
    size_t len, enum vault_retain retain, struct err *err)
{
	cleanup(sink_freep) struct sink *s = dir_put(v, name, retain, err);

	if (!s || sink_write(s, data, len, err) || sink_finish(s, err))
		return -1;
	return 0;
}

/* Reads one entry; one that is gone by now, or is not a file, is skipped. */
static int add_item(
    DIR *d, const char *name, struct vault_items *out, struct err *err)
{
	struct stat st;

	if (fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return 0;
		return err_system(err, errno, "looking at '%s'", name);
	}
	if (!S_ISREG(st.st_mode))
		return 0;
	struct vault_item *item = vec_add(out);
	item->name = str_dup(name);
	item->bytes = (uint64_t)st.st_size;
	item->stored_at = (int64_t)st.st_mtime;
	return 0;
}

static int each_name(const struct vault *v, bool temporary, const char *prefix,
    struct vault_items *out, struct err *err)
{
	DIR *d = opendir(path_of(v));
	int result = 0;

	if (!d)
		return err_system(err, errno, "reading '%s'", path_of(v));
	errno = 0;
	for (struct dirent *e; !result && (e = readdir(d)); errno = 0) {
		bool hidden = e->d_name[0] == '.';
		if (hidden != temporary ||
		    !str_starts(e->d_name + hidden, prefix) ||
		    (temporary && !strstr(e->d_name, DIR_SINK_MARK)))
			continue;
		result = add_item(d, e->d_name, out, err);
	}
	/* A directory that could be read only in part must not look complete.
	 */
	if (!result && errno)
		result = err_system(err, errno, "reading '%s'", path_of(v));
	closedir(d);
	return result;
}

static int dir_list(struct vault *v, const char *prefix,
    struct vault_items *out, struct err *err)
{
	return each_name(v, false, prefix, out, err);
}

static int check_plain(const char *path, const struct stat *st, struct err *err)
{
	if (S_ISREG(st->st_mode))
		return 0;
	return err_set(err, ERR_FORMAT,
	    "'%s' is not a plain file; a vault holds nothing else: put the "
	    "file "
	    "itself there",
	    path);
}

static int dir_stat(
    struct vault *v, const char *name, struct vault_stat *out, struct err *err)
{
	autofree char *path = file_join(path_of(v), name);
	struct stat st;

	if (lstat(path, &st))
		return err_system(err, errno, "looking for '%s'", path);
	if (check_plain(path, &st, err))
		return -1;
	out->bytes = (uint64_t)st.st_size;
	out->stored_at = (int64_t)st.st_mtime;
	return 0;
}

/* Without O_NONBLOCK, opening a named pipe would wait until somebody writes to
 * it. */
static struct source *dir_get(
    struct vault *v, const char *name, uint64_t offset, struct err *err)
{
	autofree char *path = file_join(path_of(v), name);
	autoclose int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 && errno == ELOOP) {
		err_set(err, ERR_FORMAT,
		    "'%s' is a symbolic link; a vault holds plain files only: "
		    "put the file itself there",
		    path);
		return NULL;
	}
	if (fd < 0 || fstat(fd, &st)) {
		err_system(err, errno, "opening '%s'", path);
		return NULL;
	}
	if (check_plain(path, &st, err))
		return NULL;
	if (offset && lseek(fd, (off_t)offset, SEEK_SET) < 0) {
		err_system(err, errno, "reading '%s'", path);
		return NULL;
	}
	return source_from_fd(steal_fd(fd), path);
}

static int dir_remove(struct vault *v, const char *name, struct err *err)
{
	autofree char *path = file_join(path_of(v), name);

	if (unlink(path) == 0)
		return file_sync_dir(path_of(v), err);
	if (errno == ENOENT)
		return 0;
	int code = errno;
	err_system(err, code, "removing '%s'", path);
	if (code == EROFS)
		err->code = ERR_DENIED;
	return -1;
}

/* Needs no room: touching the directory is enough. */
static int touch(const char *path, struct stat *st, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || futimens(fd, NULL) || fstat(fd, st))
		return err_system(err, errno, "asking '%s' for its time", path);
	return 0;
}

/* The time of a new file is the file system's. If there is room for one byte,
 * writing it makes sure that the time is set. */
static int stat_new(const char *path, struct stat *st, struct err *err)
{
	autoclose int fd = file_unnamed(path, err);
	struct err why = ERR_INIT;

	if (fd < 0)
		return -1;
	if (file_write_all(fd, "", 1, path, &why) && !vault_is_full(&why)) {
		*err = why;
		return -1;
	}
	return fstat(fd, st) ? err_system(err, errno, "looking at '%s'", path)
			     : 0;
}

/* The clock of the file system, which may be on another machine. */
static int dir_now(struct vault *v, int64_t *seconds, struct err *err)
{
	struct err why = ERR_INIT;
	struct stat st;

	if (stat_new(path_of(v), &st, &why)) {
		if (!vault_is_full(&why)) {
			*err = why;
			return -1;
		}
		if (touch(path_of(v), &st, err))
			return -1;
	}
	*seconds = (int64_t)st.st_mtime;
	return 0;
}

/* ".<name>.tmp-XXXXXX" without its dot and its end; the caller frees. */
static char *name_of_temporary(const char *file)
{
	const char *end = strstr(file, DIR_SINK_MARK);

	for (const char *next = end; next;
	     next = strstr(next + 1, DIR_SINK_MARK))
		end = next;
	return str_ndup(file + 1, (size_t)(end - file) - 1);
}

static int dir_tidy(
    struct vault *v, const struct vault_tidy *what, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	int64_t now;
	int removed = 0;

	if (dir_now(v, &now, err) ||
	    each_name(v, true, what->prefix, &items, err))
		return -1;
	VEC_EACH (&items, item) {
		autofree char *name = name_of_temporary(item->name);
		if (now - item->stored_at < what->older_than_s ||
		    !what->meant(what->ctx, name))
			continue;
		if (dir_remove(v, item->name, err))
			return -1;
		removed++;
	}
	return removed;
}

/* On some file systems the id is made from the device number (XFS, FAT), or
 * anew for each mount (tmpfs, overlay). After a restart such an id would make a
 * vault look lost, so there only the type of the file system is compared. */
static bool has_lasting_id(const struct statfs *fs)
{
	static const long zfs = 0x2fc12fc1; /* not in linux/magic.h */

	return fs->f_type == EXT4_SUPER_MAGIC ||
	       fs->f_type == BTRFS_SUPER_MAGIC || fs->f_type == zfs;
}

static char *file_system_of(const struct statfs *fs)
{
	unsigned id[2];

	if (!has_lasting_id(fs))
		return str_printf("%lx", (unsigned long)fs->f_type);
	memcpy(id, &fs->f_fsid, sizeof(id));
	return str_printf(
	    "%lx:%08x%08x", (unsigned long)fs->f_type, id[0], id[1]);
}

static void dir_release(struct vault *v)
{
	struct vault_dir *d = (struct vault_dir *)v;

	free(d->path);
	free(d);
}

struct vault *vault_dir_open(const char *path, bool create, struct err *err)
{
	static const struct vault_ops ops = {.put = dir_put,
	    .put_small = dir_put_small,
	    .list = dir_list,
	    .get = dir_get,
	    .stat = dir_stat,
	    .remove = dir_remove,
	    .now = dir_now,
	    .tidy = dir_tidy,
	    .release = dir_release};
	struct statfs fs;
	struct stat st;

	if (create && file_mkdirs(path, err))
		return NULL;
	if (stat(path, &st) || statfs(path, &fs)) {
		err_system(err, errno, "directory '%s'", path);
		return NULL;
	}
	if (!S_ISDIR(st.st_mode)) {
		err_set(err, ERR_USAGE, "'%s' is not a directory", path);
		return NULL;
	}
	struct vault_dir *d = mem_new(struct vault_dir);
	d->vault.ops = &ops;
	d->vault.description = str_printf("directory '%s'", path);
	d->vault.file_system = file_system_of(&fs);
	d->vault.reads_are_cheap = 1;
	d->path = str_dup(path);
	return &d->vault;
}
