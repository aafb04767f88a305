/*
 * A stretch of an archive while it is written: whole entries as tar, compressed
 * by itself, so that stretches can be put behind one another; each entry
 * digested on its way, and its line of CONTENTS.json written. For one thread.
 */
#ifndef STORAGE_ARCHIVE_PART_H
#define STORAGE_ARCHIVE_PART_H

#include "storage/archive/frames.h"
#include "storage/archive/record.h"
#include "storage/base/digest.h"
#include "storage/base/spool.h"

#include <stdbool.h>
#include <stdint.h>

struct part_options {
	struct compress_options compress;
	struct spool *lines;   /* takes them */
	struct frames *frames; /* the same: takes them, by the part's end */
	bool first;	       /* no other part's lines stand before its own */
	/* How many frames stand before it, of which the lines are to tell. */
	uint64_t frames_before;
	/* Told of content as it goes in; or NULL. */
	void (*on_bytes)(void *ctx, uint64_t bytes);
	void *ctx;
};

struct part;

/* Owns the sink, also on failure. */
struct part *part_new(
    const struct part_options *o, struct sink *sink, struct err *err);
/* After a failure of one of these nothing can be added. All the records of a
 * buf (record.h); an error names the entry. */
int part_add_run(struct part *p, const struct buf *records, struct err *err);
/* Exactly r->bytes are read; ERR_SYSTEM where there are fewer. `store`: it does
 * not compress. */
int part_add_from(struct part *p, const struct record *r, struct source *from,
    bool store, struct err *err);
/* The same without a line in CONTENTS.json: itself; in a frame that it is the
 * first of. Gives where in that its content is, and its digest. */
int part_add_unlisted(struct part *p, const struct record *r,
    struct source *from, struct frames_place *place,
    uint8_t sha256[DIGEST_SHA256_LEN], struct err *err);
/* Both finish the sink: another part follows, or the archive ends here. */
int part_end(struct part *p, struct err *err);
int part_finish(struct part *p, struct err *err);
void part_free(struct part *p); /* takes NULL; aborts what is not ended */

#endif
