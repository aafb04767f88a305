#include "storage/git/pack/incoming.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/repo/packs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITE_BYTES = 256 * 1024 };

static const char temporary[] =
    "tmp_pack_"; /* the same as git's, which removes such files */

struct incoming {
	struct incoming_options o;
	char *pack_dir;
	char *path;
	int fd;
	uint64_t bytes;
	struct buf held; /* bytes that are not written yet */
	struct index_pack *ip;
	bool kept;
};

static int read_at(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	const struct incoming *in = ctx;

	return file_pread_all(in->fd, data, len, offset, in->path, err);
}

static void on_blob(void *ctx, const void *data, size_t len)
{
	const struct incoming *in = ctx;

	lfs_scan_blob(in->o.scan, data, len);
}

struct incoming *incoming_new(const struct incoming_options *o, struct err *err)
{
	cleanup(incoming_freep) struct incoming *in = mem_new(struct incoming);

	in->o = *o;
	in->fd = -1;
	in->pack_dir = file_join(o->dir, "objects/pack");
	in->path = str_printf("%s/%sXXXXXX", in->pack_dir, temporary);
	if (file_mkdirs(in->pack_dir, err))
		return NULL;
	in->fd = mkostemp(in->path, O_CLOEXEC);
	if (in->fd < 0) {
		err_system(err, errno, "cannot make %s", in->path);
		return NULL;
	}
	const struct index_pack_options io = {.hash = o->hash,
	    .checked_before = o->checked_before,
	    .read_at = read_at,
	    .on_small_blob = o->scan ? on_blob : NULL,
	    .ctx = in,
	    .cancel = o->cancel};
	in->ip = index_pack_new(&io);
	return steal(in);
}

void incoming_free(struct incoming *in)
{
	if (!in)
		return;
	if (in->fd >= 0) {
		close(in->fd);
		if (!in->kept)
			unlink(in->path);
	}
	index_pack_free(in->ip);
	buf_done(&in->held);
	free(in->pack_dir);
	free(in->path);
	free(in);
}

void incoming_freep(struct incoming **in)
{
	incoming_free(*in);
}

static int write_held(struct incoming *in, struct err *err)
{
	if (file_write_all(in->fd, in->held.data, in->held.len, in->path, err))
		return -1;
	buf_clear(&in->held);
	return 0;
}

/* A server sends it in small pieces. */
static int write_some(
    struct incoming *in, const void *data, size_t len, struct err *err)
{
	if (in->held.len + len > WRITE_BYTES && write_held(in, err))
		return -1;
	if (len >= WRITE_BYTES)
		return file_write_all(in->fd, data, len, in->path, err);
	buf_add(&in->held, data, len);
	return 0;
}

int incoming_add(void *ctx, const void *data, size_t len, struct err *err)
{
	struct incoming *in = ctx;

	if (cancel_check(in->o.cancel, err) ||
	    index_pack_feed(in->ip, data, len, err) ||
	    write_some(in, data, len, err))
		return -1;
	in->bytes += len;
	if (in->o.progress)
		in->o.progress(in->o.progress_ctx, in->bytes);
	return 0;
}

int incoming_check(struct incoming *in, struct err *err)
{
	return write_held(in, err) || index_pack_resolve(in->ip, err) ? -1 : 0;
}

const struct index_pack *incoming_index(const struct incoming *in)
{
	return in->ip;
}

const char *incoming_path(const struct incoming *in)
{
	return in->path;
}

uint64_t incoming_bytes(const struct incoming *in)
{
	return in->bytes;
}

static int write_index(
    const struct incoming *in, const char *path, struct err *err)
{
	cleanup(buf_done) struct buf idx = BUF_INIT;
	autofree char *part =
	    str_printf("%s/%sidx-XXXXXX", in->pack_dir, temporary);
	autoclose int fd = mkostemp(part, O_CLOEXEC);

	if (fd < 0)
		return err_system(err, errno, "cannot make %s", part);
	index_pack_write(in->ip, &idx);
	if (file_write_all(fd, idx.data, idx.len, part, err)) {
		unlink(part);
		return -1;
	}
	if ((in->o.durable && fsync(fd)) || fchmod(fd, 0444) ||
	    rename(part, path)) {
		int e = errno;
		unlink(part);
		return err_system(err, e, "cannot name %s", path);
	}
	return 0;
}

/* Without fsync, which would double the time: a file that a crash of the
 * machine damages is found by its checksum at the next start, and fetched
 * again. */
int incoming_keep(struct incoming *in, struct err *err)
{
	char hex[GIT_ID_HEX];

	index_pack_forget_object_links(in->ip);
	if (index_pack_count(in->ip) == 0)
		return 0;
	if (in->o.durable && fsync(in->fd))
		return err_system(err, errno, "cannot sync %s", in->path);
	git_id_hex(in->o.hash, index_pack_checksum(in->ip), hex);
	autofree char *pack = str_printf("%s/pack-%s.pack", in->pack_dir, hex);
	autofree char *idx = str_printf("%s/pack-%s.idx", in->pack_dir, hex);
	if (fchmod(in->fd, 0444) || rename(in->path, pack))
		return err_system(err, errno, "cannot name %s", pack);
	in->kept = true;
	free(in->path);
	in->path = steal(pack);
	if (write_index(in, idx, err))
		return -1;
	return in->o.durable ? file_sync_dir(in->pack_dir, err) : 0;
}

/* A run that was killed between the two renames leaves a pack without an index.
 */
int incoming_clean(const char *dir, struct err *err)
{
	autofree char *pack_dir = file_join(dir, "objects/pack");
	cleanup(strvec_done) struct strvec names = VEC_INIT;

	if (!file_exists(pack_dir))
		return 0;
	if (file_list_dir(pack_dir, &names, err))
		return -1;
	VEC_EACH (&names, n) {
		autofree char *path = file_join(pack_dir, *n);
		if ((str_starts(*n, temporary) || pack_lacks_index(path)) &&
		    unlink(path))
			return err_system(err, errno, "cannot remove %s", path);
	}
	return 0;
}
