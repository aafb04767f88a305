/*
 * SSH keys of Ed25519 as recipients and identities of age, as the age program
 * has them (its agessh package; the stanza "ssh-ed25519"): the curve's points
 * are brought over to X25519. The public key as RFC 4253 and RFC 8709 lay it
 * out, the private one as OpenSSH's PROTOCOL.key. Within age's files alone.
 */
#ifndef STORAGE_CRYPTO_AGE_SSH_H
#define STORAGE_CRYPTO_AGE_SSH_H

#include "storage/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define AGE_SSH_TYPE "ssh-ed25519"
#define AGE_SSH_LABEL "age-encryption.org/v1/ssh-ed25519"

enum { AGE_SSH_TAG_LEN = 4 };

struct age_ssh_key {
	uint8_t point[32]; /* the X25519 public key */
	uint8_t tweak[32]; /* a scalar that binds it to its SSH key */
	uint8_t tag[AGE_SSH_TAG_LEN]; /* names it in a header */
};

/* "ssh-ed25519 AAAA... comment". ERR_FORMAT. */
int age_ssh_recipient(
    const char *text, struct age_ssh_key *key, struct err *err);

/* The lines of a private key, from "-----BEGIN" on: the X25519 secret key and
 * the public part. `len` becomes how many bytes of it the key takes.
 * ERR_FORMAT, also for one that a passphrase protects; the error shows nothing
 * of it. */
int age_ssh_identity(const char *text, size_t *len, uint8_t secret[32],
    struct age_ssh_key *key, struct err *err);

#endif
