#include "storage/git/mirror/verify.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/keysort.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/git/mirror/mirror.h"
#include "storage/git/pack/index_pack.h"
#include "storage/git/pack/index_parts.h"
#include "storage/git/repo/packs.h"
#include "storage/git/repo/reach.h"
#include "storage/git/repo/ref_files.h"
#include "storage/git/repo/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024 };

struct pack_file {
	int fd;
	const char *path;
};

static int read_at(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	const struct pack_file *f = ctx;

	return file_pread_all(f->fd, data, len, offset, f->path, err);
}

static int feed_all(struct index_pack *ip, const struct pack_file *f,
    const struct cancel *cancel, struct err *err)
{
	autofree char *data = mem_alloc(READ_BYTES);

	for (;;) {
		ssize_t n = read(f->fd, data, READ_BYTES);
		if (n < 0)
			return err_system(
			    err, errno, "cannot read %s", f->path);
		if (n == 0)
			return 0;
		if (cancel_check(cancel, err) ||
		    index_pack_feed(ip, data, (size_t)n, err))
			return -1;
	}
}

/* The index on disk has to be the one that the pack yields. */
static int same_index(
    const struct index_pack *ip, const struct pack *pack, struct err *err)
{
	cleanup(buf_done) struct buf idx = BUF_INIT;

	index_pack_write(ip, &idx);
	if (idx.len == pack->idx_len &&
	    memcmp(idx.data, pack->idx, idx.len) == 0)
		return 0;
	/* Another writer's index may be laid out differently: it only has to
	 * say the same. */
	if (index_pack_count(ip) == pack->count) {
		uint32_t i = 0;
		while (i < pack->count &&
		       memcmp(index_pack_id(ip, i), pack_id(pack, i).bytes,
			   GIT_ID_LEN) == 0 &&
		       index_pack_offset(ip, i) == pack_offset(pack, i))
			i++;
		if (i == pack->count)
			return 0;
	}
	return err_set(err, ERR_INTEGRITY,
	    "the index of %s is not the one that belongs to it", pack->path);
}

static uint64_t *sorted_offsets(const struct pack *pack)
{
	const size_t count = pack->count;
	autofree struct keysort *keys =
	    mem_resize(NULL, count + 1, sizeof(*keys));
	uint64_t *offsets = mem_resize(NULL, count + 1, sizeof(*offsets));

	for (uint32_t i = 0; i < count; i++)
		keys[i] = (struct keysort){.key = pack_offset(pack, i)};
	keysort(&keys, count);
	for (size_t i = 0; i < count; i++)
		offsets[i] = keys[i].key;
	return offsets;
}

/* Reads several parts at once, since the index says where objects begin. What
 * is wrong, and whether in the pack or in its index, is then found by reading
 * it in order. */
static int read_pack(struct index_pack **ip, const struct index_pack_options *o,
    const struct pack *pack, struct err *err)
{
	autofree uint64_t *offsets = sorted_offsets(pack);
	const struct index_parts parts = {
	    .bytes = pack->bytes, .offsets = offsets, .count = pack->count};
	struct err why = ERR_INIT;

	*ip = index_pack_new(o);
	if (!index_parts_read(*ip, &parts, &why))
		return 0;
	index_pack_free(*ip);
	*ip = index_pack_new(o);
	return feed_all(*ip, o->ctx, o->cancel, err);
}

/* Adds what its objects name and it does not have. */
static int verify_pack(const struct pack *pack, struct object_links *links,
    const struct cancel *cancel, struct err *err)
{
	autoclose int fd = open(pack->path, O_RDONLY | O_CLOEXEC);
	struct pack_file f = {.fd = fd, .path = pack->path};
	const struct index_pack_options o = {.hash = pack->hash,
	    .checked_before = true,
	    .read_at = read_at,
	    .ctx = &f,
	    .cancel = cancel};
	cleanup(index_pack_freep) struct index_pack *ip = NULL;

	if (fd < 0)
		return err_system(err, errno, "cannot open %s", pack->path);
	if (pack_check_index(pack, err))
		return -1;
	if (read_pack(&ip, &o, pack, err) || index_pack_resolve(ip, err)) {
		if (err->code == ERR_FORMAT || err->code == ERR_NOT_FOUND)
			err->code = ERR_INTEGRITY;
		return err_wrap(err, "%s", pack->path);
	}
	uint8_t id[GIT_ID_LEN];
	for (size_t at = 0;
	     object_links_next(index_pack_object_links(ip), &at, id);)
		if (!index_pack_has(ip, id))
			object_links_add(links, id);
	return same_index(ip, pack, err);
}

/* "pack-<40 or 64 hex digits>" and one of the two endings. */
static bool is_pack_file(const char *name)
{
	const char *stem = name + strlen("objects/pack/pack-");

	if (!str_starts(name, "objects/pack/pack-"))
		return false;
	const size_t digits = strspn(stem, "0123456789abcdef");
	return (digits == git_id_digits(GIT_SHA1) ||
		   digits == git_id_digits(GIT_SHA256)) &&
	       (str_eq(stem + digits, ".pack") ||
		   str_eq(stem + digits, ".idx"));
}

int verify_file_name(const char *name, struct err *err)
{
	static const char *const known[] = {"HEAD", "config",
	    "objects/info/packs", "packed-refs", MIRROR_KEEP,
	    "refs/.keep" /* in older archives */};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq(name, known[i]))
			return 0;
	if (is_pack_file(name) || str_starts(name, "lfs/objects/"))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "a repository of a snapshot has no such file: git would follow it "
	    "to what was not captured");
}

/* Whether every object that a pack names and does not have is in another. That
 * is more than is needed; if it is not so, the exact walk decides. */
static int check_links(const char *dir, const struct packs *packs,
    const struct git_refvec *refs, const struct object_links *links,
    const struct cancel *cancel, struct err *err)
{
	uint8_t id[GIT_ID_LEN];
	bool closed = true;

	GIT_REFVEC_EACH (refs, r)
		closed = closed && packs_has(packs, r->id);
	for (size_t at = 0; closed && object_links_next(links, &at, id);)
		closed = packs_has(packs, id);
	return closed ? 0 : reach_check(dir, packs->hash, refs, cancel, err);
}

static int read_refs(const char *dir, enum git_hash hash,
    struct git_refvec *refs, struct err *err)
{
	autofree char *head = NULL;
	uint8_t id[GIT_ID_LEN];

	if (ref_files_read_head(dir, hash, &head, err) ||
	    ref_files_read(dir, hash, refs, err))
		return -1;
	if (git_id_parse(hash, head, id) == 0)
		git_refvec_add(refs, "HEAD", id);
	return 0;
}

static int verify(const char *dir, const struct cancel *cancel,
    struct git_refvec *refs, struct verify_counts *counts, struct err *err)
{
	cleanup(packs_done) struct packs packs = PACKS_INIT;
	cleanup(object_links_done) struct object_links links =
	    OBJECT_LINKS_INIT;

	/* What git would read as configuration has to be ours. */
	if (repo_config_hash(dir, &packs.hash, err) ||
	    read_refs(dir, packs.hash, refs, err) ||
	    packs_open(&packs, dir, err)) {
		if (err->code == ERR_FORMAT || err->code == ERR_NOT_FOUND)
			err->code = ERR_INTEGRITY;
		return -1;
	}
	VEC_EACH (&packs.packs, p) {
		if (verify_pack(p, &links, cancel, err))
			return -1;
		counts->objects += p->count;
	}
	counts->refs = refs->len;
	return check_links(dir, &packs, refs, &links, cancel, err);
}

int verify_repository(const char *dir, const struct cancel *cancel,
    struct verify_counts *counts, struct err *err)
{
	struct git_refvec refs = VEC_INIT;

	*counts = (struct verify_counts){.objects = 0};
	int result = verify(dir, cancel, &refs, counts, err);
	git_refvec_done(&refs);
	return result;
}

int verify_lfs_object(
    const char *path, const uint8_t sha256[DIGEST_SHA256_LEN], struct err *err)
{
	char hex[DIGEST_SHA256_HEX];

	digest_hex(sha256, DIGEST_SHA256_LEN, hex);
	if (!strstr(path, ".git/lfs/objects/") ||
	    str_eq(strrchr(path, '/') + 1, hex))
		return 0;
	return err_set(err, ERR_INTEGRITY,
	    "%s is not the object that it is called after: it was damaged "
	    "before it was captured",
	    path);
}
