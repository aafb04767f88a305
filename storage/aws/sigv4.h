/*
 * AWS Signature Version 4, pure: no clock, no credentials store, no network. It
 * signs what it is given and normalises nothing, as S3 requires: the path is
 * given encoded, exactly as it is sent.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
#ifndef STORAGE_AWS_SIGV4_H
#define STORAGE_AWS_SIGV4_H

#include "storage/base/buf.h"
#include "storage/base/clock.h"

#include <stddef.h>
#include <stdint.h>

/* Borrowed text. */
struct sigv4_pair {
	const char *name;
	const char *value;
};

struct sigv4_request {
	const char *method;
	const char *path;		/* percent-encoded once, from '/' */
	const struct sigv4_pair *query; /* plain: encoded and sorted here */
	size_t query_count;
	/* All of them are signed; any order and case. Host and X-Amz-Date must
	 * be among them. */
	const struct sigv4_pair *headers;
	size_t header_count;
	const char *payload_sha256; /* hex, or UNSIGNED-PAYLOAD */
};

struct sigv4_scope {
	const char *stamp; /* 20150830T123600Z, as in X-Amz-Date */
	const char *region;
	const char *service;
};

/* The encoded query as it goes on the wire, sorted; "" for none. */
void sigv4_add_query(
    struct buf *out, const struct sigv4_pair *query, size_t count);
void sigv4_add_canonical(struct buf *out, const struct sigv4_request *r);
void sigv4_add_string_to_sign(struct buf *out, const struct sigv4_scope *s,
    const char *canonical, size_t canonical_len);
/* The value of the Authorization header. */
void sigv4_add_authorization(struct buf *out, const struct sigv4_request *r,
    const struct sigv4_scope *s, const char *access_key_id,
    const char *secret_access_key);

#endif
