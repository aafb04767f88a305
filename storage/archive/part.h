/*
 * A part of an archive while it is written: whole entries as tar, compressed
 * independently, so that parts can be put one behind the other. Each entry is
 * digested, and its line of CONTENTS.json written. For one thread.
 */
#ifndef STORAGE_ARCHIVE_PART_H
#define STORAGE_ARCHIVE_PART_H

#include "storage/archive/contents.h"
#include "storage/archive/frames.h"
#include "storage/archive/known.h"
#include "storage/archive/record.h"
#include "storage/base/digest.h"
#include "storage/base/spool.h"

#include <stdbool.h>
#include <stdint.h>

/* How CONTENTS.json is laid out, and what need not be written again. */
struct part_form {
	enum contents_form form;
	const struct known *known; /* or NULL */
	/* Called for each entry that is named, not written; or NULL. */
	void (*on_known)(void *ctx, uint64_t bytes);
	void *ctx;
};

struct part_options {
	struct compress_options compress;
	struct part_form form;
	struct spool *lines;   /* takes them */
	struct frames *frames; /* the same; filled by the end of the part */
	bool first; /* true if no other part's lines come before its own */
	/* How many frames come before it; its lines count from there. */
	uint64_t frames_before;
	/* Called as content is written; or NULL. */
	void (*on_bytes)(void *ctx, uint64_t bytes);
	void *ctx;
};

struct part;

/* Owns the sink, also on failure. */
struct part *part_new(
    const struct part_options *o, struct sink *sink, struct err *err);
/* After a failure of one of these nothing can be added. Writes all records of a
 * buf (record.h); an error names the entry. */
int part_add_run(struct part *p, const struct buf *records, struct err *err);
/* Reads exactly r->bytes; ERR_SYSTEM if there are fewer. `store`: it does not
 * compress. */
int part_add_from(struct part *p, const struct record *r, struct source *from,
    bool store, struct err *err);
/* Writes CONTENTS.json itself: without a line in it, and in a frame that it is
 * the first entry of. Returns where in the frame its content begins, and its
 * digest. */
int part_add_unlisted(struct part *p, const struct record *r,
    struct source *from, struct frames_position *position,
    uint8_t sha256[DIGEST_SHA256_LEN], struct err *err);
/* Appends the line of an entry that is known, and whose content has that
 * digest: 1; 0 if it is not known. */
int part_name_known(const struct part_form *form, struct spool *lines,
    bool first, const struct record *r, const uint8_t sha256[DIGEST_SHA256_LEN],
    struct err *err);
/* Both finish the sink: the first if another part follows, the second if the
 * archive ends here. */
int part_end(struct part *p, struct err *err);
int part_finish(struct part *p, struct err *err);
void part_free(struct part *p); /* takes NULL; aborts what is not ended */

#endif
