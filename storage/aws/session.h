/*
 * What the modules of storage/aws share and nobody else sees: the session and
 * the signed call.
 */
#ifndef STORAGE_AWS_SESSION_H
#define STORAGE_AWS_SESSION_H

#include "storage/aws/aws.h"
#include "storage/aws/keys.h"
#include "storage/aws/profile.h"
#include "storage/aws/sigv4.h"
#include "storage/base/vec.h"
#include "storage/http/http.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

struct aws {
	struct aws_settings s;
	/* The chain of credentials: it sends signed requests itself, so that
	 * what signs does not know it. origin is set to a text for people. */
	int (*find_keys)(struct aws *a, struct aws_keys *keys, char **origin,
	    struct err *err);
	struct http *http;
	struct http *metadata; /* short time limits, no proxy */
	struct aws_profiles profiles;
	char *profile;
	bool profile_asked; /* by the settings */
	char *region;
	_Atomic int64_t skew_ms;
	atomic_int cleaning;  /* aws_cleanup_begin */
	sem_t uploads;	      /* of many parts, that may be under way */
	pthread_mutex_t lock; /* of what follows */
	struct aws_keys keys;
	char *origin;
	uint64_t keys_serial; /* grows with each renewal */
	int64_t renew_at;     /* s; not before, after one that failed */
};

const char *aws_env(const struct aws *a, const char *name); /* NULL if empty */
int64_t aws_now_ms(const struct aws *a); /* by the store's clock */

/* A copy of the credentials in force, found or renewed where that is due.
 * `stale` is the serial of a set that was refused as expired (0: none): that
 * one is not given again. */
int aws_keys_current(struct aws *a, uint64_t stale, struct aws_keys *keys,
    uint64_t *serial, struct err *err);

/* process.c: the standard output of a command, which is split into words as a
 * shell would, with quotes and backslashes and nothing else. */
int aws_process_run(const char *command, int timeout_ms,
    const struct cancel *cancel, struct buf *out, struct err *err);
int aws_process_split(const char *command, struct strvec *words);

/* sts.c. `with` signs; NULL with a web identity token. */
struct aws_assume {
	const char *role_arn;
	const char *session_name; /* NULL: backstay */
	const char *external_id;
	int duration_s;		     /* 0: the role's */
	const struct aws_keys *with; /* or */
	const char *web_identity_token;
	const char *region;
};
int sts_assume_role(struct aws *a, const struct aws_assume *r,
    struct aws_keys *keys, struct err *err);

/* ---- the signed call; call.c ---- */

struct aws_header {
	char *name;
	char *value;
};
VEC_DEFINE(aws_headers, struct aws_header);

struct aws_call {
	struct aws *aws;
	const char *service;
	const char *method;
	/* Scheme and authority, and the encoded path from '/'; asked for before
	 * each attempt, as a region that is learnt changes them. Owned. */
	void (*where)(void *ctx, char **base_url, char **path, char **region);
	/* May change headers before each attempt; may be NULL. */
	int (*before)(void *ctx, struct aws_call *call, struct err *err);
	/* A chance to try again after what only the service understands: the
	 * code of its error ("" for none). May be NULL. */
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
	const uint8_t *body_sha256;  /* of one: 32 bytes, borrowed */
	const struct aws_keys *keys; /* instead of the session's */
	bool unsigned_call;
	bool error_in_200; /* look for <Error> in what succeeded */
	int (*on_data)(
	    void *ctx, const void *data, size_t len, struct err *err);
	size_t max_body_bytes;
	/* What the answer may be packed with; NULL: "identity". Not signed,
	 * since proxies before a store write it anew. */
	const char *accept_encoding;
	/* Out: */
	char code[64]; /* of the service's error; "" for none */
	char *message; /* and its text */
	int attempts;
	/* Sent more than once: an earlier one may have been acted on, and its
	 * answer lost. */
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
void aws_call_done(struct aws_call *c);
/* 0 for a 2xx without an error in it; else -1 with the code its status and
 * its error stand for, what the service said, and what to do. */
int aws_call(
    struct aws_call *c, struct http_response *response, struct err *err);

/* ---- what the service says went wrong; call_error.c ---- */

/* Into call->code and message; NULL for none. */
void aws_error_set(struct aws_call *c, const char *code, const char *message);
/* From the XML or JSON of an answer. */
void aws_error_read(struct aws_call *c, const struct http_response *r);
bool aws_error_expired(const struct aws_call *c); /* of the credentials */
bool aws_error_skewed(const struct aws_call *c);  /* of the clock */
bool aws_error_passes(const struct aws_call *c);  /* worth another try */
/* -1 with what the answer stands for. */
int aws_error_report(const struct aws_call *c, const struct http_response *r,
    const char *url, struct err *err);

#endif
