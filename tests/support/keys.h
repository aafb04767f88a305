/*
 * Keys that a test makes.
 */
#ifndef TESTS_SUPPORT_KEYS_H
#define TESTS_SUPPORT_KEYS_H

#include "storage/crypto/minisign.h"
#include "tests/support/test.h"

/* A new signing key, the same for the same randomness; the caller's. */
struct minisign_key *test_key_make(struct test_random *random);

#endif
