/*
 * The keys of age v1 as text: recipients, and files of identities. Within age's
 * files alone; age.h has what others need.
 */
#ifndef STORAGE_CRYPTO_AGE_IDENTITY_H
#define STORAGE_CRYPTO_AGE_IDENTITY_H

#include "storage/base/err.h"
#include "storage/base/secret.h"
#include "storage/base/vec.h"
#include "storage/crypto/age_plugin.h"
#include "storage/crypto/age_ssh.h"
#include "storage/crypto/xwing.h"

#include <stdbool.h>
#include <stdint.h>

enum age_identity_kind {
	AGE_IDENTITY_X25519,
	AGE_IDENTITY_HYBRID,
	AGE_IDENTITY_SSH,
	AGE_IDENTITY_PASSPHRASE,
	AGE_IDENTITY_PLUGIN
};

struct age_identity {
	enum age_identity_kind kind;
	struct secret *secret; /* 32 raw bytes, a passphrase, or the text
				* of a plugin's identity */
	struct age_ssh_key ssh;
};

struct age_identities {
	VEC_DEFINE(, struct age_identity) list;
	struct age_plugin_person person; /* whom plugins may ask */
};

/* The 32 bytes of a secret key. */
const uint8_t *age_identity_key(const struct age_identity *id);
/* ERR_FORMAT says why it is not a key. */
int age_recipient_parse(const char *text, uint8_t key[32], struct err *err);

/* Whether it is to be a post-quantum recipient. */
bool age_recipient_is_hybrid(const char *text);
int age_recipient_parse_hybrid(
    const char *text, uint8_t key[XWING_PUBLIC_LEN], struct err *err);

#endif
