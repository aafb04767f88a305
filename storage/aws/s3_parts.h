/*
 * An upload in parts, as the store sees it: begun, parts sent in any order,
 * completed or aborted. It knows no threads and no memory: s3_upload.c.
 */
#ifndef STORAGE_AWS_S3_PARTS_H
#define STORAGE_AWS_S3_PARTS_H

#include "storage/aws/s3_call.h"
#include "storage/base/digest.h"

enum { S3_MAX_PARTS = 10000 };

/* How large part number (from 1) is. Parts double every thousand, up to the
 * memory, so that a stream of unknown length (expected_bytes 0) may be long
 * without its first parts being large; what is known to be long has large ones
 * from the start. Never below S3's own 5 MiB. */
size_t s3_part_bytes(int number, uint64_t expected_bytes, size_t memory_bytes);
/* What all parts hold together. */
uint64_t s3_parts_hold(uint64_t expected_bytes, size_t memory_bytes);

struct s3_sent { /* a part that the store took */
	char *etag;
	uint8_t md5[DIGEST_MD5_LEN];
};
VEC_DEFINE(s3_sent_vec, struct s3_sent);

struct s3_parts {
	struct s3 *s3;		  /* borrowed */
	const struct s3_put *put; /* borrowed: key, metadata, condition */
	char *upload_id;	  /* NULL: not begun */
	bool begun_twice; /* the store may have one that we do not know of */
	struct s3_sent_vec sent; /* by number - 1; the caller's to fill */
	uint64_t bytes;		 /* of all of them; the caller's to count */
};

void s3_parts_done(struct s3_parts *p);
/* ERR_EXISTS where put->if_none_match and the key is taken. */
int s3_parts_begin(struct s3_parts *p, struct err *err);
/* From any thread; number from 1. */
int s3_parts_send(const struct s3_parts *p, int number,
    const struct spool *content, struct s3_sent *sent, struct err *err);
/* An answer that is lost is looked into; meta gets ETag, version and size. */
int s3_parts_complete(
    struct s3_parts *p, struct s3_meta *meta, struct err *err);
/* Also what was begun by a request whose answer was lost. */
void s3_parts_abort_unknown(struct s3_parts *p);
/* All of it, and although a stop was requested. */
void s3_parts_abort(struct s3_parts *p);

#endif
