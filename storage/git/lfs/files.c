/* The files of LFS objects, in the folders where git-lfs keeps them. */
#include "storage/git/lfs/files.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/hex.h"
#include "storage/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES = 256 * 1024 };

char *lfs_files_path(const char *sha256)
{
	return str_printf(
	    "lfs/objects/%.2s/%.2s/%s", sha256, sha256 + 2, sha256);
}

bool lfs_files_has(const char *dir, const struct lfs_object *o)
{
	autofree char *name = lfs_files_path(o->sha256);
	autofree char *path = file_join(dir, name);
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == o->bytes;
}

/* Reads all of a file, into `out` unless that is -1, and compares its digest
 * with the name of the object. */
static int pass(int in, const char *from, int out, const char *to,
    const struct lfs_object *o, const struct cancel *cancel, struct err *err)
{
	autofree char *data = mem_alloc(COPY_BYTES);
	cleanup(digest_freep) struct digest *digest = digest_new(DIGEST_SHA256);
	uint8_t sum[DIGEST_SHA256_LEN];
	char hex[DIGEST_SHA256_HEX];
	ssize_t n;

	while ((n = read(in, data, COPY_BYTES)) > 0) {
		digest_add(digest, data, (size_t)n);
		if (cancel_check(cancel, err) ||
		    (out >= 0 && file_write_all(out, data, (size_t)n, to, err)))
			return -1;
	}
	if (n < 0)
		return err_system(err, errno, "cannot read %s", from);
	digest_finish(digest, sum);
	digest_hex(sum, sizeof(sum), hex);
	return str_eq(hex, o->sha256)
		   ? 0
		   : err_set(err, ERR_INTEGRITY,
			 "%s is not the object that it is called after", from);
}

bool lfs_files_is_whole(
    const char *dir, const struct lfs_object *o, const struct cancel *cancel)
{
	autofree char *name = lfs_files_path(o->sha256);
	autofree char *path = file_join(dir, name);
	struct err ignored = ERR_INIT;

	if (!lfs_files_has(dir, o))
		return false;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && pass(fd, path, -1, NULL, o, cancel, &ignored) == 0;
}

int lfs_files_copy(const char *from, const char *to, bool durably,
    const struct lfs_object *o, const struct cancel *cancel, struct err *err)
{
	autofree char *part = str_printf("%s.part-XXXXXX", to);
	autofree char *parent = file_parent(to);
	autoclose int in = open(from, O_RDONLY | O_CLOEXEC);

	if (in < 0)
		return err_system(err, errno, "cannot open %s", from);
	if (file_mkdirs(parent, err))
		return -1;
	autoclose int out = mkostemp(part, O_CLOEXEC);
	if (out < 0)
		return err_system(err, errno, "cannot make %s", part);
	if (pass(in, from, out, part, o, cancel, err) ||
	    ((durably && fsync(out)) || rename(part, to)
		    ? err_system(err, errno, "cannot name %s", to)
		    : 0)) {
		unlink(part);
		return -1;
	}
	return durably ? file_sync_dir(parent, err) : 0;
}

/* --- what is here */

static int list_leaf(
    const char *path, struct lfs_objectvec *objects, struct err *err)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct stat st;

	if (file_list_dir(path, &names, err))
		return -1;
	VEC_EACH (&names, n) {
		autofree char *file = file_join(path, *n);
		if (!hex_is_lower(*n, 64) || lstat(file, &st) ||
		    !S_ISREG(st.st_mode))
			continue;
		struct lfs_object *o = vec_add(objects);
		memcpy(o->sha256, *n, 65);
		o->bytes = (uint64_t)st.st_size;
	}
	return 0;
}

/* One of the folders that objects are sorted into. */
static bool is_fan(const char *path, const char *name)
{
	struct stat st;

	return strlen(name) == 2 && lstat(path, &st) == 0 &&
	       S_ISDIR(st.st_mode);
}

int lfs_files_list(
    const char *dir, struct lfs_objectvec *objects, struct err *err)
{
	autofree char *top = file_join(dir, "lfs/objects");
	cleanup(strvec_done) struct strvec first = VEC_INIT;

	if (!file_exists(top))
		return 0;
	if (file_list_dir(top, &first, err))
		return -1;
	VEC_EACH (&first, a) {
		autofree char *path = file_join(top, *a);
		cleanup(strvec_done) struct strvec second = VEC_INIT;
		if (!is_fan(path, *a))
			continue;
		if (file_list_dir(path, &second, err))
			return -1;
		VEC_EACH (&second, b) {
			autofree char *leaf = file_join(path, *b);
			if (is_fan(leaf, *b) && list_leaf(leaf, objects, err))
				return -1;
		}
	}
	return 0;
}
