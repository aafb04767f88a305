/*
 * Writes a pack (gitformat-pack(5)) to on_data: its header, its objects one
 * after another, its checksum.
 */
#ifndef STORAGE_GIT_PACK_WRITER_H
#define STORAGE_GIT_PACK_WRITER_H

#include "storage/base/cancel.h"
#include "storage/base/digest.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"
#include "storage/git/repo/object_links.h"

#include <stddef.h>
#include <stdint.h>

struct pack_writer {
	int (*on_data)(
	    void *ctx, const void *data, size_t len, struct err *err);
	void *ctx;
	const struct cancel *cancel;
	enum git_hash hash;
	struct digest *digest;
	uint64_t written; /* where the next object begins */
};
void pack_writer_init(struct pack_writer *w, enum git_hash hash,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, const struct cancel *cancel);
void pack_writer_done(struct pack_writer *w);

int pack_writer_start(struct pack_writer *w, uint32_t count, struct err *err);
/* Bytes of an object as a pack stores them. */
int pack_writer_raw(
    struct pack_writer *w, const void *data, size_t len, struct err *err);
/* A whole object of `size` bytes. `from` (borrowed) has to return exactly so
 * many; they are compressed as they pass. */
int pack_writer_object(struct pack_writer *w, enum object_type type,
    uint64_t size, struct source *from, struct err *err);
int pack_writer_end(struct pack_writer *w, struct err *err);

#endif
