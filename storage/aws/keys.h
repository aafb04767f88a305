/*
 * A set of credentials, and the JSON in which credential processes, the
 * container endpoint and the instance metadata service hand one out.
 */
#ifndef STORAGE_AWS_KEYS_H
#define STORAGE_AWS_KEYS_H

#include "storage/base/err.h"
#include "storage/base/secret.h"

#include <stddef.h>
#include <stdint.h>

struct aws_keys {
	char *access_key_id;
	struct secret *secret_access_key;
	struct secret *session_token; /* NULL: none */
	int64_t expires;	      /* seconds; 0: never */
};
#define AWS_KEYS_INIT                                                          \
	{                                                                      \
		.access_key_id = NULL                                          \
	}

void aws_keys_done(struct aws_keys *k);
void aws_keys_copy(struct aws_keys *to, const struct aws_keys *from);
/* Texts are copied; token may be NULL or empty. */
void aws_keys_set(struct aws_keys *k, const char *id, const char *secret,
    const char *token, int64_t expires);
/* AccessKeyId, SecretAccessKey, SessionToken or Token, Expiration. The error
 * names what is missing and what the service said, never a value of these. */
int aws_keys_from_json(
    struct aws_keys *k, const char *text, size_t len, struct err *err);
/* The answer of AssumeRole and AssumeRoleWithWebIdentity. */
int aws_keys_from_sts(
    struct aws_keys *k, const char *text, size_t len, struct err *err);

#endif
