/*
 * The keys of age v1 as text: recipients, and files of identities. Within age's
 * files alone; age.h has what others need.
 */
#ifndef STORAGE_CRYPTO_AGE_IDENTITY_H
#define STORAGE_CRYPTO_AGE_IDENTITY_H

#include "storage/base/err.h"
#include "storage/base/secret.h"
#include "storage/base/vec.h"
#include "storage/crypto/age_ssh.h"

#include <stdbool.h>
#include <stdint.h>

enum age_identity_kind {
	AGE_IDENTITY_X25519,
	AGE_IDENTITY_SSH,
	AGE_IDENTITY_PASSPHRASE
};

struct age_identity {
	enum age_identity_kind kind;
	struct secret *secret; /* 32 raw bytes, or a passphrase */
	struct age_ssh_key ssh;
};

struct age_identities {
	VEC_DEFINE(, struct age_identity) list;
};

/* The secret key; not for one that is a passphrase. */
const uint8_t *age_identity_key(const struct age_identity *id);
/* ERR_FORMAT says why it is not a key. */
int age_recipient_parse(const char *text, uint8_t key[32], struct err *err);

#endif
