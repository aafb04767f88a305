/*
 * A sealing key, and values that were sealed to it as the controller of Sealed
 * Secrets has them (storage/crypto/sealing.h).
 */
#ifndef TESTS_SUPPORT_SEALED_H
#define TESTS_SUPPORT_SEALED_H

#include <openssl/evp.h>

struct test_sealed {
	EVP_PKEY *key;
	char *pem; /* the private half */
};
void test_sealed_init(struct test_sealed *s); /* a new one */
void test_sealed_done(struct test_sealed *s);
/* A value whose session key has that label; the caller frees. */
char *test_sealed_value(const struct test_sealed *s, const char *label);

#endif
