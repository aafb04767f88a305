/*
 * Which private keys a text holds in OpenPGP's armor, by their fingerprints.
 * What is public of a key is read, and nothing is decrypted. Pure.
 *
 * Packets, versions 4 and 6: https://www.rfc-editor.org/rfc/rfc9580
 * Version 5: https://datatracker.ietf.org/doc/draft-koch-librepgp/
 * Post-quantum: https://datatracker.ietf.org/doc/draft-ietf-openpgp-pqc/
 */
#ifndef STORAGE_CRYPTO_OPENPGP_H
#define STORAGE_CRYPTO_OPENPGP_H

#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct openpgp_key {
	uint8_t fingerprint[32];
	uint8_t len;	 /* of it: 20 in version 4, else 32 */
	uint8_t version; /* 4, 5 or 6 */
	/* A public-key algorithm that is not known, of a part of its
	 * certificate, where no other part decrypts: whether this does is not
	 * known either. 0: it does. */
	uint8_t unknown;
};
VEC_DEFINE(openpgp_keys, struct openpgp_key);

/* Appends the primary keys and subkeys of each "PGP PRIVATE KEY BLOCK". Those
 * of a certificate of which no part that decrypts, or may do so, is there are
 * left out: GnuPG writes stubs for what is on a card, or was exported without.
 * Whatever is malformed ends its block. */
void openpgp_read_private(
    const char *text, size_t len, struct openpgp_keys *out);

/* From its fingerprint alone, in hexadecimal; versions 5 and 6 look alike in
 * it. False: it is none. */
bool openpgp_key_parse(const char *fingerprint, struct openpgp_key *out);

/* Whether `id` names that key: a fingerprint or a key id in hexadecimal, as
 * GnuPG takes one: also with blanks, "0x" in front, or '!' behind. */
bool openpgp_is_named(const struct openpgp_key *key, const char *id);

#endif
