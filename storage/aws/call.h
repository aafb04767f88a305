/*
 * One signed call to a service of AWS, or of a store that speaks its protocol.
 * It is sent again if that may help, with renewed credentials and by the
 * service's clock if needed.
 */
#ifndef STORAGE_AWS_CALL_H
#define STORAGE_AWS_CALL_H

#include "storage/aws/session.h"
#include "storage/aws/sigv4.h"
#include "storage/base/vec.h"

struct aws_header {
	char *name;
	char *value;
};
VEC_DEFINE(aws_headers, struct aws_header);

struct aws_call {
	struct aws *aws;
	const char *service;
	const char *method;
	/* Scheme and authority, and the encoded path from '/'. Called before
	 * each attempt, since a region that was learnt changes them. Owned. */
	void (*where)(void *ctx, char **base_url, char **path, char **region);
	/* May change headers before each attempt; may be NULL. */
	int (*before)(void *ctx, struct aws_call *call, struct err *err);
	/* Decides about another attempt after an error that only this service's
	 * client understands: the error's code ("" for none). May be NULL. */
	bool (*again)(
	    void *ctx, const struct http_response *r, const char *code);
	void *ctx;
	const struct sigv4_pair *query;
	size_t query_count;
	struct aws_headers headers;
	const void *body;
	size_t body_len;
	/* Instead of a body in memory, as in http.h. */
	int (*body_at)(void *ctx, uint64_t offset, void *data, size_t len,
	    struct err *err);
	void *body_at_ctx;
	const uint8_t *body_sha256; /* digest of the body: 32 bytes, borrowed */
	const struct aws_keys *keys; /* instead of the session's */
	bool unsigned_call;
	bool error_in_200; /* search a 2xx for <Error>, too */
	int (*on_data)(
	    void *ctx, const void *data, size_t len, struct err *err);
	size_t max_body_bytes;
	/* Which packings the answer may have; NULL: "identity". Not signed,
	 * since proxies before a store rewrite it. */
	const char *accept_encoding;
	/* Out: */
	char code[64]; /* of the service's error; "" for none */
	char *message; /* and its text */
	int attempts;
	/* Sent more than once: the service may have acted on an earlier one
	 * whose answer was lost. */
	bool repeated;
	/* Within: */
	uint64_t keys_serial;
	uint64_t stale_keys;
	bool renewed;
	bool skew_fixed;
	char payload_sha256[65];
};
void aws_call_header(struct aws_call *c, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void aws_call_drop_header(struct aws_call *c, const char *name);
void aws_call_done(struct aws_call *c);
/* 0 for a 2xx without an error in it; else -1 with the code that its status and
 * its error stand for, what the service said, and what to do. */
int aws_call(
    struct aws_call *c, struct http_response *response, struct err *err);

#endif
