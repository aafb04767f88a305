/*
 * S3: exact, signed, retried. Each attempt of a request is signed anew, with
 * the digest of its body. Another attempt follows 500, 502, 503, 504, 408, 429,
 * RequestTimeout, SlowDown and resets; expired credentials are renewed once; a
 * clock that is wrong is corrected by the store's Date; a bucket in another
 * region is found there; and a 200 with an error in its body is an error.
 *
 * Keys are any bytes that S3 accepts; they are percent-encoded once and never
 * normalised. Errors: ERR_NOT_FOUND, ERR_DENIED, ERR_EXISTS (a precondition
 * failed), ERR_NETWORK (all attempts failed), ERR_FORMAT, ERR_INTEGRITY.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/
 */
#ifndef STORAGE_AWS_S3_H
#define STORAGE_AWS_S3_H

#include "storage/aws/aws.h"
#include "storage/base/str.h"
#include "storage/base/stream.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct s3; /* one bucket; safe from many threads */

/* The session is borrowed. Connects to nothing. */
struct s3 *s3_new(struct aws *aws, const char *bucket, struct err *err);
void s3_free(struct s3 *s); /* takes NULL */
void s3_freep(struct s3 **s);
const char *s3_bucket(const struct s3 *s);
struct aws *s3_session(const struct s3 *s);
/* "s3://bucket at https://host", for people; borrowed. */
const char *s3_describe(const struct s3 *s);

/* ---- what is known of an object ---- */

struct s3_pair {
	char *name; /* of user metadata, lower case and without x-amz-meta- */
	char *value;
};
VEC_DEFINE(s3_pair_vec, struct s3_pair);
void s3_pairs_done(struct s3_pair_vec *v);
void s3_pairs_add(struct s3_pair_vec *v, const char *name, const char *value);

struct s3_object { /* as a list has it */
	char *key;
	char *etag;	  /* with its quotes, as it is sent back */
	char *version_id; /* NULL unless versions were listed */
	uint64_t size;
	int64_t mtime; /* seconds */
	bool latest;
	bool delete_marker;
};
VEC_DEFINE(s3_object_vec, struct s3_object);
void s3_object_done(struct s3_object *o);
void s3_objects_done(struct s3_object_vec *v);

/* What an upload may set and a HEAD returns. NULL: not set. */
struct s3_meta {
	char *etag;
	char *version_id;
	uint64_t size; /* of the whole object, also if only a range was read */
	int64_t mtime;
	char *content_type;
	char *content_encoding;
	char *content_disposition;
	char *content_language;
	char *cache_control;
	char *sse;	      /* AES256, aws:kms, aws:kms:dsse */
	char *sse_kms_key_id; /* with aws:kms */
	bool customer_key;    /* read with the customer's key (SSE-C) */
	char *storage_class;
	char *lock_mode;    /* GOVERNANCE, COMPLIANCE */
	int64_t lock_until; /* seconds; 0: none */
	bool legal_hold;
	struct s3_pair_vec user; /* x-amz-meta-* */
	uint64_t tag_count;
	char *checksum; /* s3_checksum.h; only where it was asked for */
};
#define S3_META_INIT                                                           \
	{                                                                      \
		.etag = NULL                                                   \
	}
void s3_meta_done(struct s3_meta *m);

/* Whether two ETags name the same bytes: with or without quotes, and weak as
 * proxies make them (W/"..."). False if one of them is NULL or empty. */
bool s3_same_etag(const char *a, const char *b);
/* The MD5 of the object. Its ETag is that if the object was put in one request
 * and not encrypted with a key that only the store's key service has. False:
 * the ETag is something else.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html */
bool s3_etag_md5(const struct s3_meta *m, uint8_t md5[16]);

/* ---- lists ---- */

/* Of a list so far; starts as zero. Private. */
struct s3_pages {
	uint64_t count, empty; /* empty: of the last, without an entry */
	char *passed;	       /* where one of those before ended; owned */
};

struct s3_list {
	const char *prefix;    /* NULL: all */
	const char *delimiter; /* NULL: none */
	bool versions;	       /* all versions and delete markers */
	int page_size;	       /* 0: the store's, at most 1000 */
	/* Where the page before ended; starts as NULL, owned. */
	char *token;
	char *version_token;
	bool ended;
	struct s3_pages pages;
};
void s3_list_done(struct s3_list *l);
/* Appends the next page, in the order of keys (of a version list: newest first
 * within a key), and the common prefixes if a delimiter is set (`prefixes` may
 * be NULL). l->ended becomes true after the last page. A list that goes
 * in circles, or does not end (a million pages, or a thousand without an entry
 * in a row), is ERR_FORMAT. */
int s3_list_page(struct s3 *s, struct s3_list *l, struct s3_object_vec *objects,
    struct strvec *prefixes, struct err *err);
/* All pages. */
int s3_list_all(struct s3 *s, const char *prefix, struct s3_object_vec *objects,
    struct err *err);

/* ---- reading ---- */

struct s3_get {
	const char *key;
	const char *version_id; /* NULL: the current one */
	const char *if_match;	/* ETag; ERR_EXISTS if the object has another */
	uint64_t offset;
	uint64_t len; /* 0: to the end */
	/* Accept it packed if the store keeps it packed: Google's unpacks what
	 * was stored with Content-Encoding: gzip unless a request says this.
	 * https://docs.cloud.google.com/storage/docs/transcoding */
	bool packed;
	/* Ask for the checksum that the store keeps of the whole object. */
	bool checksum;
};

int s3_head(struct s3 *s, const char *key, const char *version_id,
    struct s3_meta *meta, struct err *err);
/* The same with its checksum. Of an object that the key service encrypts, the
 * right to read it is needed. */
int s3_head_checksum(struct s3 *s, const char *key, const char *version_id,
    struct s3_meta *meta, struct err *err);
/* Into memory; ERR_FORMAT over max_bytes. meta may be NULL. */
int s3_get(struct s3 *s, const struct s3_get *g, size_t max_bytes,
    struct buf *body, struct s3_meta *meta, struct err *err);
/* A whole object, or a part of it, in order; read ahead in ranges of
 * range_bytes (0: 8 MiB) by `parallel` requests (0: 4), all of the version that
 * the first of them got. A small object is read by that first request alone.
 * Memory: range_bytes * parallel. */
struct source *s3_source(struct s3 *s, const struct s3_get *g,
    size_t range_bytes, int parallel, struct s3_meta *meta, struct err *err);
/* A large object directly into a file descriptor from offset `at` on, by
 * parallel ranged gets that share little memory; size as s3_head or a list
 * returned it. */
int s3_get_to_fd(struct s3 *s, const struct s3_get *g, uint64_t size, int fd,
    uint64_t at, const char *name, int parallel, struct err *err);
/* All of an object (offset, len and if_match are ignored) in order into a sink,
 * by one request, which continues where it broke off, without memory of its
 * own. The sink is not finished. */
int s3_get_to_sink(struct s3 *s, const struct s3_get *g, struct sink *to,
    struct s3_meta *meta, struct err *err);
int s3_get_tags(struct s3 *s, const char *key, const char *version_id,
    struct s3_pair_vec *tags, struct err *err);

/* ---- writing ---- */

struct s3_put {
	const char *key;
	bool if_none_match;   /* "*": ERR_EXISTS if the key exists */
	const char *if_match; /* ETag; ERR_EXISTS if the object has another */
	const struct s3_meta
	    *meta; /* headers and metadata; borrowed, or NULL */
	const struct s3_pair_vec *tags; /* or NULL */
	bool no_customer_key;		/* also where the session has one */
};

/* One request; data up to 5 GiB. Sends Content-MD5 (required for Object Lock,
 * and every store understands it) besides the signed SHA-256. written may be
 * NULL; gets ETag and version id. If a retried put gets a 412 because the
 * answer to the first attempt was lost, the object is compared: one with the
 * same bytes is the one that was put. */
int s3_put(struct s3 *s, const struct s3_put *p, const void *data, size_t len,
    struct s3_meta *written, struct err *err);

/* Locks an existing object; only lock_mode and lock_until of the meta count. */
int s3_put_retention(struct s3 *s, const char *key, const char *version_id,
    const struct s3_meta *meta, struct err *err);

struct s3_upload {
	struct s3_put put;
	size_t memory_bytes; /* for parts in flight; 0: 64 MiB */
	/* A directory for the part of the memory that exceeds a small size: the
	 * content is then kept in files without names. For content that may be
	 * on a disk. Borrowed until the sink is released; NULL: all in memory.
	 */
	const char *scratch;
	int parallel;		 /* parts at once; 0: 4 */
	uint64_t expected_bytes; /* 0: unknown; sizes the parts */
};
/* A stream of unknown length. What fits the first part is one put on finish;
 * more is a multipart upload whose parts grow geometrically under the memory
 * cap: 10,000 of them hold 492 GiB in 64 MiB of memory, 5 TiB in 1 GiB. If it
 * is known that it does not fit, ERR_USAGE before anything is sent. An abort, a
 * failure and a release without finish abort the upload in the store. With
 * put.if_none_match the key is checked first, and Complete carries the
 * condition if the store supports it. A session allows two uploads of many
 * parts at a time; another waits for one of them to be released, so one thread
 * must not hold three. After finish *written (may be NULL) has ETag, version
 * and size. */
struct sink *s3_sink(struct s3 *s, const struct s3_upload *u,
    struct s3_meta *written, struct err *err);

/* ---- removing ---- */

struct s3_delete {
	const char *key;
	const char *version_id; /* NULL: the current one, by a marker */
	/* Set to NULL if it is gone now, or to the reason; the caller frees. */
	char *refused;
	char *refused_code; /* AccessDenied, ... */
};
/* Any number, 1,000 a request. -1 only if the store could not be asked; each
 * item says what became of it. */
int s3_delete(
    struct s3 *s, struct s3_delete *items, size_t count, struct err *err);

struct s3_multipart {
	char *key;
	char *upload_id;
	int64_t started; /* seconds */
};
VEC_DEFINE(s3_multipart_vec, struct s3_multipart);
void s3_multiparts_done(struct s3_multipart_vec *v);
/* Uploads that were begun and neither completed nor aborted. */
int s3_list_multiparts(struct s3 *s, const char *prefix,
    struct s3_multipart_vec *uploads, struct err *err);
/* 0 also if the upload does not exist any more. */
int s3_abort_multipart(
    struct s3 *s, const char *key, const char *upload_id, struct err *err);

/* ---- the bucket ---- */

/* A cheap read that proves endpoint, credentials and bucket. */
int s3_check(struct s3 *s, struct err *err);
/* Whether its objects can be locked (Object Lock). */
int s3_lockable(struct s3 *s, bool *lockable, struct err *err);
/* The store's time in ms, by the Date of an answer that is asked for now. */
int s3_store_time(struct s3 *s, int64_t *now_ms, struct err *err);

#endif
