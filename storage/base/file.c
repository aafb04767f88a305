#include "storage/base/file.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(
    const char *path, size_t max_bytes, struct buf *out, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t start = out->len;

	if (fd < 0)
		return err_system(err, errno, "opening '%s'", path);
	for (;;) {
		buf_reserve(out, 16384);
		ssize_t n = read(fd, out->data + out->len, 16384);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_system(err, errno, "reading '%s'", path);
		if (n == 0)
			return 0;
		buf_reserve(out, (size_t)n);
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (out->len - start > max_bytes)
			return err_set(err, ERR_FORMAT,
			    "'%s' is larger than the %zu bytes allowed for it",
			    path, max_bytes);
	}
}

int file_write_all(
    int fd, const void *data, size_t len, const char *name, struct err *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_system(err, errno, "writing '%s'", name);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_pwrite_all(int fd, const void *data, size_t len, uint64_t offset,
    const char *name, struct err *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_system(err, errno, "writing '%s'", name);
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int file_pread_all(int fd, void *data, size_t len, uint64_t offset,
    const char *name, struct err *err)
{
	char *p = data;

	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_system(
			    err, n ? errno : EIO, "reading '%s'", name);
		p += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int file_sync_dir(const char *path, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_system(err, errno, "opening directory '%s'", path);
	if (fsync(fd))
		return err_system(err, errno, "syncing directory '%s'", path);
	return 0;
}

/* An existing file is never opened for writing: others might be allowed to read
 * it, and a link would lead to a place that is not ours. */
static int open_new(const char *path)
{
	return open(
	    path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static int create(const char *path, struct err *err)
{
	unlink(path);
	int fd = open_new(path);

	return fd < 0 ? err_system(err, errno, "creating '%s'", path) : fd;
}

static int write_synced(int fd, const char *path, const void *data, size_t len,
    mode_t mode, struct err *err)
{
	if (file_write_all(fd, data, len, path, err))
		return -1;
	if (mode != 0600 && fchmod(fd, mode))
		return err_system(err, errno, "setting the mode of '%s'", path);
	if (fsync(fd))
		return err_system(err, errno, "syncing '%s'", path);
	return 0;
}

int file_write_new(
    const char *path, const void *data, size_t len, struct err *err)
{
	autofree char *parent = file_parent(path);
	autoclose int fd = open_new(path);

	if (fd < 0 && errno == EEXIST)
		return err_set(err, ERR_EXISTS, "'%s' is there already", path);
	if (fd < 0)
		return err_system(err, errno, "creating '%s'", path);
	if (write_synced(fd, path, data, len, 0600, err) == 0 &&
	    file_sync_dir(parent, err) == 0)
		return 0;
	unlink(path);
	return -1;
}

char *file_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return str_dup(".");
	return slash == path ? str_dup("/")
			     : str_ndup(path, (size_t)(slash - path));
}

static int rename_synced(
    const char *temporary, const char *path, struct err *err)
{
	autofree char *parent = file_parent(path);

	if (rename(temporary, path)) {
		err_system(err, errno, "renaming to '%s'", path);
		unlink(temporary);
		return -1;
	}
	return file_sync_dir(parent, err);
}

static int write_and_rename(const char *temporary, const char *path,
    const void *data, size_t len, mode_t mode, struct err *err)
{
	autoclose int fd = create(temporary, err);

	if (fd < 0 || write_synced(fd, temporary, data, len, mode, err)) {
		unlink(temporary);
		return -1;
	}
	return rename_synced(temporary, path, err);
}

/* False, too, if there is no file. */
static bool has_content_of(const char *path, int fd)
{
	enum { PIECE = 16384 };
	char is[PIECE], new[PIECE];
	struct stat a, b;
	autoclose int old = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (old < 0 || fstat(old, &a) || fstat(fd, &b) || !S_ISREG(a.st_mode) ||
	    a.st_size != b.st_size)
		return false;
	for (off_t at = 0; at < b.st_size;) {
		ssize_t n = pread(old, is, PIECE, at);
		if (n <= 0 || pread(fd, new, (size_t)n, at) != n ||
		    memcmp(is, new, (size_t)n) != 0)
			return false;
		at += n;
	}
	return true;
}

int file_replace_begin(const char *path, struct err *err)
{
	autofree char *temporary = str_printf("%s.tmp", path);

	return create(temporary, err);
}

void file_replace_abort(const char *path, int fd)
{
	autofree char *temporary = str_printf("%s.tmp", path);

	close(fd);
	unlink(temporary);
}

int file_replace_end(const char *path, int fd, struct err *err)
{
	autofree char *temporary = str_printf("%s.tmp", path);

	if (has_content_of(path, fd)) {
		file_replace_abort(path, fd);
		return 0;
	}
	if (fsync(fd)) {
		err_system(err, errno, "syncing '%s'", temporary);
		file_replace_abort(path, fd);
		return -1;
	}
	close(fd);
	return rename_synced(temporary, path, err);
}

int file_write_durably(
    const char *path, const void *data, size_t len, struct err *err)
{
	autofree char *temporary = str_printf("%s.tmp", path);

	return write_and_rename(temporary, path, data, len, 0600, err);
}

int file_publish(
    const char *path, const void *data, size_t len, struct err *err)
{
	autofree char *parent = file_parent(path);
	const char *slash = strrchr(path, '/');
	autofree char *temporary =
	    str_printf("%s/.%s.tmp", parent, slash ? slash + 1 : path);

	return write_and_rename(temporary, path, data, len, 0644, err);
}

int file_update_durably(
    const char *path, const void *data, size_t len, struct err *err)
{
	cleanup(buf_done) struct buf now = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (file_read(path, len, &now, &ignored) == 0 && now.len == len &&
	    memcmp(buf_str(&now), data, len) == 0)
		return 0;
	return file_write_durably(path, data, len, err);
}

int file_mkdirs(const char *path, struct err *err)
{
	autofree char *at = str_dup(path);

	for (char *slash = at; slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(at, 0700) && errno != EEXIST)
			return err_system(
			    err, errno, "making directory '%s'", at);
		if (slash)
			*slash = '/';
	}
	return 0;
}

bool file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int remove_at(int dir, const char *name, struct err *err);

static int remove_entries(int fd, const char *name, struct err *err)
{
	DIR *d = fdopendir(fd);
	int result = 0;

	if (!d) {
		close(fd);
		return err_system(err, errno, "reading directory '%s'", name);
	}
	for (struct dirent *e; !result && (e = readdir(d));)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			result = remove_at(dirfd(d), e->d_name, err);
	closedir(d);
	return result;
}

static int remove_at(int dir, const char *name, struct err *err)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_system(err, errno, "removing '%s'", name);
	int fd =
	    openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_system(err, errno, "removing '%s'", name);
	if (remove_entries(fd, name, err))
		return -1;
	if (unlinkat(dir, name, AT_REMOVEDIR) && errno != ENOENT)
		return err_system(err, errno, "removing '%s'", name);
	return 0;
}

int file_remove_tree(const char *path, struct err *err)
{
	return remove_at(AT_FDCWD, path, err);
}

void file_empty_dir(const char *path)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err ignored = ERR_INIT;

	if (file_list_dir(path, &names, &ignored))
		return;
	VEC_EACH (&names, name) {
		autofree char *below = file_join(path, *name);
		(void)file_remove_tree(below, &ignored);
	}
}

int file_list_dir(const char *path, struct strvec *names, struct err *err)
{
	DIR *d = opendir(path);

	if (!d)
		return err_system(err, errno, "reading directory '%s'", path);
	errno = 0;
	for (struct dirent *e; (e = readdir(d)); errno = 0)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			strvec_add(names, e->d_name);
	int why = errno;
	closedir(d);
	strvec_sort(names);
	/* A directory that could be read only in part must not look complete.
	 */
	return why ? err_system(err, why, "reading directory '%s'", path) : 0;
}

char *file_join(const char *dir, const char *name)
{
	return str_printf("%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
}

bool file_path_is_safe(const char *path)
{
	for (const char *part = path;; part++) {
		size_t n = strcspn(part, "/");
		if (n == 0 || (n == 1 && part[0] == '.') ||
		    (n == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)part[i] < 0x20 || part[i] == 0x7f)
				return false;
		part += n;
		if (*part == '\0')
			return true;
	}
}

int file_unnamed(const char *dir, struct err *err)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* Some file systems (overlayfs on old kernels, NFS) have no O_TMPFILE.
	 * There, a file that is removed from its directory at once serves as
	 * well. */
	autofree char *path = str_printf("%s/unnamed-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_system(
		    err, errno, "making a temporary file in '%s'", dir);
	unlink(path);
	return fd;
}
