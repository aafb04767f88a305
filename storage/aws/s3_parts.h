/*
 * An upload in parts, as the store sees it: begun, parts sent in any order,
 * completed or aborted. Threads and memory are the business of s3_upload.c.
 */
#ifndef STORAGE_AWS_S3_PARTS_H
#define STORAGE_AWS_S3_PARTS_H

#include "storage/aws/s3_call.h"
#include "storage/base/digest.h"

enum { S3_MAX_PARTS = 10000 };

/* The size of part number n (from 1). Sizes double every thousand parts, up to
 * the memory, so that a stream of unknown length (expected_bytes 0) may be long
 * without its first parts being large; a stream that is known to be long has
 * large parts from the start. Never below S3's own minimum of 5 MiB. */
size_t s3_part_bytes(int number, uint64_t expected_bytes, size_t memory_bytes);
/* What all parts hold together. */
uint64_t s3_parts_hold(uint64_t expected_bytes, size_t memory_bytes);

struct s3_sent { /* a part that the store has accepted */
	char *etag;
	uint8_t md5[DIGEST_MD5_LEN];
};
VEC_DEFINE(s3_sent_vec, struct s3_sent);

struct s3_parts {
	struct s3 *s3;		  /* borrowed */
	const struct s3_put *put; /* borrowed: key, metadata, condition */
	char *upload_id;	  /* NULL: not begun */
	bool begun_twice; /* an upload may exist in the store whose id we do not
			     know */
	struct s3_sent_vec sent; /* by number - 1; the caller's to fill */
	uint64_t bytes;		 /* of all of them; the caller's to count */
};

void s3_parts_done(struct s3_parts *p);
/* ERR_EXISTS if put->if_none_match is set and the key exists. */
int s3_parts_begin(struct s3_parts *p, struct err *err);
/* From any thread; number from 1. */
int s3_parts_send(const struct s3_parts *p, int number,
    const struct spool *content, struct s3_sent *sent, struct err *err);
/* If the answer is lost, the object is checked; meta gets ETag, version and
 * size. */
int s3_parts_complete(
    struct s3_parts *p, struct s3_meta *meta, struct err *err);
/* Aborts also an upload whose id was lost with the answer to its begin. */
void s3_parts_abort_unknown(struct s3_parts *p);
/* The whole abort, even after a cancellation. */
void s3_parts_abort(struct s3_parts *p);

#endif
