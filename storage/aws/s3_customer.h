/*
 * Objects that a bucket encrypts with a key which the customer brings along
 * (SSE-C): the store keeps no copy of it, so each read and each write of such
 * an object has to carry it.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/
 * ServerSideEncryptionCustomerKeys.html
 */
#ifndef STORAGE_AWS_S3_CUSTOMER_H
#define STORAGE_AWS_S3_CUSTOMER_H

#include "storage/base/err.h"
#include "storage/base/secret.h"

#include <pthread.h>
#include <stdbool.h>

/* A response names it, too, whose object is under such a key. */
#define S3_CUSTOMER_ALGORITHM "x-amz-server-side-encryption-customer-algorithm"

struct s3_call;
struct s3_put;
struct http_response;

struct s3_customer {
	const struct secret *key; /* as base64; borrowed, NULL: none */
	char *md5;		  /* of the key, as base64 */
	/* Under `lock`: how the last object was read, since a bucket may have
	 * objects under the key beside others, and the store refuses both the
	 * key of an object without and no key of an object with one. */
	bool last_was_plain;
	pthread_mutex_t lock;
};

/* ERR_USAGE if the key is not 32 bytes in base64, or if it would cross a
 * network in the clear: the endpoint (NULL: AWS's own) is http. */
int s3_customer_init(struct s3_customer *c, const struct secret *key,
    const char *endpoint, struct err *err);
void s3_customer_done(struct s3_customer *c);

/* Before a GET or HEAD of an object. */
void s3_customer_read(struct s3_call *call);
/* Whether a read that was refused deserves another attempt, with the key or
 * without it, whichever it was not; the headers are then changed. */
bool s3_customer_again(
    struct s3_call *call, const struct http_response *r, const char *code);
/* After a read that succeeded. */
void s3_customer_was_read(struct s3_call *call);
/* Before what writes an object, or a part of one. */
void s3_customer_write(struct s3_call *call, const struct s3_put *p);

#endif
