/*
 * The private keys by which the controller of Sealed Secrets opens what is in
 * Git. A sealed value names no key, so whether a key opens it is tried: the
 * RSA part alone, which yields the key of that value and none of the secret.
 *
 *     sealed value  base64 of: length of the RSA part (2 bytes, big-endian),
 *                   RSA-OAEP (SHA-256, labelled) of an AES key, AES-GCM
 *     label         "namespace/name", "namespace", or "", by its scope
 *
 * https://github.com/bitnami-labs/sealed-secrets/blob/main/docs/developer/crypto.md
 */
#ifndef STORAGE_CRYPTO_SEALING_H
#define STORAGE_CRYPTO_SEALING_H

#include "storage/base/digest.h"
#include "storage/base/err.h"
#include "storage/base/secret.h"

#include <stdbool.h>
#include <stddef.h>

struct sealing_key;

/* From PEM (tls.key of the Secret). ERR_FORMAT, which shows nothing of it. */
struct sealing_key *sealing_key_parse(
    const struct secret *pem, struct err *err);
void sealing_key_free(struct sealing_key *k); /* takes NULL */
/* The SHA-256 of its public half (SubjectPublicKeyInfo, DER), in hexadecimal:
 * tells keys apart, and nothing of the private half. */
void sealing_key_id(const struct sealing_key *k, char out[DIGEST_SHA256_HEX]);
/* Whether it opens a sealed value, in base64. */
bool sealing_key_opens(const struct sealing_key *k, const char *sealed,
    size_t len, const char *label);

#endif
