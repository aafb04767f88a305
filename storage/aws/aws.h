/*
 * A session with AWS, or with a store that speaks its protocol: the settings of
 * one source or vault, the credentials found for them, and the HTTP client that
 * its S3, DynamoDB and STS clients share.
 *
 * Safe from many threads. All settings are borrowed for its life.
 */
#ifndef STORAGE_AWS_AWS_H
#define STORAGE_AWS_AWS_H

#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/random.h"
#include "storage/base/secret.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* How a bucket is named in a request: as the first part of the path, or of
 * the host name. AUTO: of the host at AWS itself, of the path elsewhere. */
enum s3_addressing { S3_ADDRESS_AUTO, S3_ADDRESS_PATH, S3_ADDRESS_VIRTUAL };

/* NULL or zero is the default everywhere. */
struct aws_settings {
	/* Keys from the configuration; they are used before all others. */
	const char *access_key_id;
	const struct secret *secret_access_key;
	const struct secret *session_token;
	const char *profile; /* default: AWS_PROFILE, then "default" */
	const char *region;  /* default: AWS_REGION, AWS_DEFAULT_REGION, the
			      * profile's, us-east-1; a bucket's own is learnt */
	/* URLs; default: AWS_ENDPOINT_URL_S3 and so on, AWS_ENDPOINT_URL, the
	 * profile's endpoint_url, AWS's own. */
	const char *s3_endpoint;
	const char *dynamodb_endpoint;
	const char *sts_endpoint;
	enum s3_addressing addressing;
	const char *ca_file; /* PEM; default: AWS_CA_BUNDLE, the system's */
	const char *proxy;   /* default: the environment's */
	/* "name: value", of each object that is written to a bucket, over what
	 * else says it; NULL: none. Borrowed as long as the session lives. */
	const struct strvec *put_headers;
	/* The customer's key of a bucket's objects (SSE-C), in base64; NULL:
	 * none. What is written is encrypted with it, and what is read may be.
	 */
	const struct secret *customer_key;
	int max_attempts; /* of each request; default 6 */
	int stall_timeout_ms;
	/* Where AWS_* come from; NULL: the process's environment. */
	const char *(*env)(void *ctx, const char *name);
	void *env_ctx;
	const struct clock *clock;
	const struct random *random;
	const struct cancel *cancel;
};

struct aws;

/* Connects to nothing. ERR_USAGE if settings contradict each other, an endpoint
 * is not a URL, or a profile does not exist. */
struct aws *aws_open(const struct aws_settings *s, struct err *err);
void aws_close(struct aws *a); /* takes NULL */
void aws_closep(struct aws **a);
/* Ends the run's dealings with a store that lets request after request drip
 * (storage/base/pace.h). To be set before the first request. */
void aws_keep_pace(struct aws *a, int64_t grace_ms);

/* Describes which credentials are used, for `check` ("profile 'prod' of
 * /root/.aws/credentials"), never a secret. Finds them first if needed. The
 * caller frees; NULL if there are none. */
char *aws_credentials_origin(struct aws *a, struct err *err);

/* Between these two calls, requests are sent even after a cancellation: for
 * what cleans up behind a run (locks, unfinished uploads). They nest, from any
 * thread. */
void aws_cleanup_begin(struct aws *a);
void aws_cleanup_end(struct aws *a);

/* The store's clock minus ours, by the Date header of its answers; 0 before the
 * first answer, or if the difference is below the second that a Date can show.
 */
int64_t aws_skew_ms(const struct aws *a);

#endif
