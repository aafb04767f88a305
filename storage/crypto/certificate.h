/*
 * A certificate authority that lives as long as one run, and the certificates
 * of TLS servers and clients on this machine that it issues (RFC 5280), with
 * keys on the curve P-256 (in the form of RFC 5915, which every reader of keys
 * takes). Randomness is that of OpenSSL, as for all keys of
 * TLS.
 */
#ifndef STORAGE_CRYPTO_CERTIFICATE_H
#define STORAGE_CRYPTO_CERTIFICATE_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct certificate_authority;

/* Valid from an hour before `now` (seconds since the epoch) to a day after it,
 * as all that it issues. NULL: ERR_SYSTEM. */
struct certificate_authority *certificate_authority_new(
    int64_t now, struct err *err);
void certificate_authority_free(struct certificate_authority *a); /* or NULL */
void certificate_authority_freep(struct certificate_authority **a);
/* Appends its own certificate as PEM. */
int certificate_authority_pem(
    const struct certificate_authority *a, struct buf *out, struct err *err);

struct certificate_subject {
	const char *common_name;
	const char *organization; /* or NULL */
	bool server; /* of 127.0.0.1 and localhost; else of a client alone */
};

/* Appends a certificate and its private key as PEM; the caller wipes the key
 * (buf_wipe). */
int certificate_issue(const struct certificate_authority *a,
    const struct certificate_subject *subject, struct buf *certificate,
    struct buf *key, struct err *err);
/* A key without a certificate. */
int certificate_key(struct buf *key, struct err *err);

#endif
