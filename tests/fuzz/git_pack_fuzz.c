/* Any bytes are a pack or an error. Their checksum is set right, so that more
 * than one in 2^160 inputs comes past it. Read in parts they are the same pack;
 * offsets that are not its own are an error. */
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/git/pack/index_pack.h"
#include "storage/git/pack/index_parts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	const uint8_t *data;
	size_t len;
};

static int read_at(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	const struct memory *m = ctx;

	if (offset > m->len || len > m->len - offset)
		return err_set(err, ERR_FORMAT, "beyond the end");
	memcpy(data, m->data + offset, len);
	return 0;
}

static void on_blob(void *ctx, const void *data, size_t len)
{
	(void)ctx;
	if (len && memchr(data, 0, len) == NULL && len > INDEX_PACK_SMALL)
		__builtin_trap();
}

static void check(const struct index_pack *ip, size_t size)
{
	cleanup(buf_done) struct buf idx = BUF_INIT;

	index_pack_write(ip, &idx);
	if (idx.len < 8 + 1024 + 40 + 28 * index_pack_count(ip))
		__builtin_trap();
	for (size_t i = 0; i < index_pack_count(ip); i++)
		if (!index_pack_has(ip, index_pack_id(ip, i)) ||
		    index_pack_offset(ip, i) >= size)
			__builtin_trap();
}

enum { PART_BYTES = 24, MAX_OFFSETS = 4096 };

static int by_offset(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* false: refused. */
static bool read_parts(const struct index_pack_options *o,
    const struct memory *m, const uint64_t *offsets, size_t count,
    struct buf *idx)
{
	cleanup(index_pack_freep) struct index_pack *ip = index_pack_new(o);
	const struct index_parts p = {.bytes = m->len,
	    .offsets = offsets,
	    .count = count,
	    .part_bytes = PART_BYTES};
	struct err err = ERR_INIT;

	if (index_parts_read(ip, &p, &err) || index_pack_resolve(ip, &err))
		return false;
	index_pack_write(ip, idx);
	return true;
}

static void check_parts(const struct index_pack_options *o,
    const struct memory *m, const struct index_pack *ip)
{
	cleanup(buf_done) struct buf whole = BUF_INIT;
	cleanup(buf_done) struct buf parts = BUF_INIT;
	uint64_t offsets[MAX_OFFSETS];
	size_t count = index_pack_count(ip);

	if (!count || count > MAX_OFFSETS)
		return;
	for (size_t i = 0; i < count; i++)
		offsets[i] = index_pack_offset(ip, i);
	qsort(offsets, count, sizeof(*offsets), by_offset);
	index_pack_write(ip, &whole);
	if (!read_parts(o, m, offsets, count, &parts) ||
	    parts.len != whole.len ||
	    memcmp(parts.data, whole.data, whole.len) != 0)
		__builtin_trap();
}

/* Where nothing is known to begin. */
static void try_offsets(
    const struct index_pack_options *o, const struct memory *m, size_t step)
{
	cleanup(buf_done) struct buf idx = BUF_INIT;
	const uint8_t *p = m->data;
	uint64_t offsets[MAX_OFFSETS];
	size_t count = (size_t)p[10] << 8 | p[11];

	if (count > MAX_OFFSETS)
		return;
	for (size_t i = 0; i < count; i++)
		offsets[i] = 12 + i * step;
	read_parts(o, m, offsets, count, &idx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(buf_done) struct buf pack = BUF_INIT;
	struct err err = ERR_INIT;
	uint8_t sum[GIT_ID_LEN];

	if (size < 13)
		return 0;
	const enum git_hash hash = data[0] & 0x80 ? GIT_SHA256 : GIT_SHA1;
	size_t piece = 1 + data[0] % 64;
	buf_add(&pack, data + 1, size - 1);
	digest_of(git_id_digest(hash), pack.data, pack.len, sum);
	buf_add(&pack, sum, git_id_len(hash));
	struct memory m = {(const uint8_t *)pack.data, pack.len};
	const struct index_pack_options o = {.hash = hash,
	    .read_at = read_at,
	    .on_small_blob = on_blob,
	    .ctx = &m,
	    .threads = data[0] & 0x40 ? 2 : 1,
	    .max_object_bytes = 1 << 20};
	try_offsets(&o, &m, piece);
	cleanup(index_pack_freep) struct index_pack *ip = index_pack_new(&o);
	for (size_t at = 0; at < pack.len; at += piece)
		if (index_pack_feed(ip, pack.data + at,
			pack.len - at < piece ? pack.len - at : piece, &err))
			return 0;
	if (index_pack_resolve(ip, &err))
		return 0;
	check(ip, pack.len);
	check_parts(&o, &m, ip);
	return 0;
}
