/*
 * Reads a pack (gitformat-pack(5)) as it arrives, checks all of it and makes
 * its index. Whole objects are unpacked and hashed while bytes come in; deltas
 * are resolved afterwards, by several threads. An object that looks forged to
 * collide with another is refused (object_digest.h).
 *
 * Checked are the pack's own checksum, that every object unpacks to the length
 * it says, that every delta applies, and that every commit, tree and tag can be
 * read. The ids that they name are collected, so that the caller can see
 * whether all of them exist. The index contains only ids that were computed
 * here.
 *
 * It knows no files: what it needs of the pack again it reads by read_at.
 */
#ifndef STORAGE_GIT_PACK_INDEX_PACK_H
#define STORAGE_GIT_PACK_INDEX_PACK_H

#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/git/repo/object_links.h"
#include "storage/git/repo/refs.h"

#include <stddef.h>
#include <stdint.h>

struct index_pack_options {
	enum git_hash hash;
	/* For forged collisions, when it was received: then not again. */
	bool checked_before;
	/* Reads bytes of the pack that were fed, at an offset; called from
	 * several threads. */
	int (*read_at)(void *ctx, uint64_t offset, void *data, size_t len,
	    struct err *err);
	/* Receives a blob of at most INDEX_PACK_SMALL bytes; called from
	 * several threads at once. May be NULL. */
	void (*on_small_blob)(void *ctx, const void *data, size_t len);
	void *ctx;
	size_t threads;		   /* 0: one per core, at most 8 */
	uint64_t max_object_bytes; /* kept in memory at once; 0: 1 GiB */
	const struct cancel *cancel;
};
enum { INDEX_PACK_SMALL = 64 * 1024 };

struct index_pack;
struct index_pack *index_pack_new(const struct index_pack_options *o);
void index_pack_free(struct index_pack *ip); /* takes NULL */
void index_pack_freep(struct index_pack **ip);

/* The next bytes, in pieces of any length. ERR_FORMAT, or ERR_INTEGRITY for an
 * object that was forged. */
int index_pack_feed(
    struct index_pack *ip, const void *data, size_t len, struct err *err);
/* After everything was fed. As before, and ERR_NOT_FOUND if deltas have a base
 * that the pack does not contain. */
int index_pack_resolve(struct index_pack *ip, struct err *err);

/* After resolving: */
size_t index_pack_count(const struct index_pack *ip);
/* The checksum at the end, which names the files. */
const uint8_t *index_pack_checksum(const struct index_pack *ip);
/* Ids in order, i below the count. */
const uint8_t *index_pack_id(const struct index_pack *ip, size_t i);
/* Where that object begins in the pack. */
uint64_t index_pack_offset(const struct index_pack *ip, size_t i);
bool index_pack_has(const struct index_pack *ip, const uint8_t id[GIT_ID_LEN]);
/* The ids that the objects name. */
const struct object_links *index_pack_object_links(const struct index_pack *ip);
/* Afterwards there are none: they take as much memory as the index that is
 * written then. */
void index_pack_forget_object_links(struct index_pack *ip);
/* Appends the index, version 2. */
void index_pack_write(const struct index_pack *ip, struct buf *out);

#endif
