/* Objects, deltas, pointers, URLs and files of a repository: any bytes. */
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/git/repo/delta.h"
#include "storage/git/repo/lfs_pointer.h"
#include "storage/git/repo/loose.h"
#include "storage/git/repo/object_links.h"
#include "storage/git/repo/refs.h"
#include "storage/git/repo/reftable.h"
#include "storage/git/repo/submodules.h"
#include "storage/git/wire/location.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void deltas(const uint8_t *data, size_t size)
{
	size_t base_len = data[0] < size ? data[0] : 0;
	const uint8_t *delta = data + base_len;
	uint64_t base_bytes, bytes;
	struct err err = ERR_INIT;

	if (delta_sizes(delta, size - base_len, &base_bytes, &bytes, &err) ||
	    bytes > 1 << 16)
		return;
	autofree uint8_t *out = mem_alloc((size_t)bytes + 1);
	autofree uint8_t *base = mem_dup(data, base_len ? base_len : 1);
	delta_apply(
	    delta, size - base_len, base, base_len, out, (size_t)bytes, &err);
}

static void texts(const char *text)
{
	cleanup(submodules_done) struct submodulevec modules = VEC_INIT;
	struct location where;
	struct err err = ERR_INIT;

	if (location_parse(text, &where, &err) == 0) {
		if (where.kind == LOCATION_SSH && where.host[0] == '-')
			__builtin_trap();
		location_done(&where);
	}
	if (git_ref_name_valid(text) &&
	    (strstr(text, "..") || strchr(text, '\n')))
		__builtin_trap();
	submodules_parse(text, &modules);
	VEC_EACH (&modules, m) {
		if (!m->url[0] || m->commit[0])
			__builtin_trap();
		free(submodules_url("https://example.org/a/b.git", m->url));
	}
}

static void unpack(const void *data, size_t size)
{
	enum object_type type;
	uint64_t bytes;
	char part[100];
	struct err err = ERR_INIT;
	cleanup(source_freep) struct source *s = loose_unpack(
	    source_from_memory(data, size), "a file", &type, &bytes, &err);

	for (int i = 0; s && i < 1000; i++)
		if (source_read(s, part, sizeof(part), &err) <= 0)
			break;
}

/* As a file, and as what is in one. */
static void loose(const uint8_t *data, size_t size)
{
	uLongf len = compressBound(size);
	autofree uint8_t *packed = mem_alloc(len);

	unpack(data, size);
	if (compress2(packed, &len, data, size, 1) != Z_OK)
		__builtin_trap();
	unpack(packed, len);
}

/* As it is, and with an end that is right, behind which it is looked into. */
static void tables(const uint8_t *data, size_t size)
{
	enum { HEADER = 24, END = HEADER + 44 };
	cleanup(buf_done) struct buf table = BUF_INIT;

	for (enum git_hash h = GIT_SHA1; h <= GIT_SHA256; h++) {
		cleanup(reftable_records_done) struct reftable_records r =
		    VEC_INIT;
		struct err err = ERR_INIT;
		reftable_parse(h, data, size, 0, &r, &err);
	}
	if (size < HEADER + 4)
		return;
	const size_t header = data[4] == 2 ? HEADER + 4 : HEADER;
	buf_add(&table, data, size);
	memcpy(table.data, "REFT", 4);
	table.data[4] = data[4] == 2 ? 2 : 1;
	const size_t end = table.len;
	autofree void *again = mem_dup(table.data, header);
	buf_add(&table, again, header);
	for (int i = 0; i < END - HEADER - 4; i++)
		buf_add_char(&table, '\0');
	uint32_t sum = (uint32_t)crc32(
	    0, (const Bytef *)table.data + end, (unsigned)(table.len - end));
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_add_char(&table, (char)(sum >> shift));
	cleanup(reftable_records_done) struct reftable_records r = VEC_INIT;
	struct err err = ERR_INIT;
	reftable_parse(data[4] == 2 ? GIT_SHA256 : GIT_SHA1, table.data,
	    table.len, 0, &r, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct lfs_object o;

	if (size < 2)
		return 0;
	for (int type = OBJECT_COMMIT; type <= OBJECT_TAG; type++) {
		cleanup(object_links_done) struct object_links links =
		    OBJECT_LINKS_INIT;
		/* Exactly as long as it is, for the sanitizer to see. */
		autofree void *copy = mem_dup(data, size);
		for (enum git_hash h = GIT_SHA1; h <= GIT_SHA256; h++)
			object_links_of(h, (enum object_type)type, copy, size,
			    &links, &err);
	}
	if (lfs_pointer_parse(data, size, &o) == 0 && strlen(o.sha256) != 64)
		__builtin_trap();
	deltas(data, size);
	loose(data, size);
	tables(data, size);
	autofree char *text = str_ndup((const char *)data, size);
	texts(text);
	return 0;
}
