/*
 * The files of minisign as text: lines, of which one is base64. Only the rest
 * of minisign uses it.
 */
#ifndef STORAGE_CRYPTO_MINISIGN_TEXT_H
#define STORAGE_CRYPTO_MINISIGN_TEXT_H

#include "storage/base/secret.h"
#include "storage/crypto/minisign.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MINISIGN_UNTRUSTED "untrusted comment: "
#define MINISIGN_TRUSTED "trusted comment: "

enum {
	MINISIGN_COMMENT_MAX = 8192,
	/* algorithm, key id, key */
	MINISIGN_PUBLIC_LEN = 2 + MINISIGN_KEY_ID_LEN + 32
};

struct minisign_key {
	struct minisign_public public;
	struct secret *seed; /* 32 bytes */
};

struct minisign_line {
	const char *text; /* borrowed */
	size_t len;
};

/* Splits into at most max lines and returns their number, or -1 if there are
 * more. An empty rest does not count as a line. */
int minisign_lines(
    const char *text, size_t len, struct minisign_line *lines, int max);
bool minisign_line_starts(const struct minisign_line *l, const char *prefix);
/* The base64 of exactly len bytes. 0 or -1. */
int minisign_line_decode(
    const struct minisign_line *l, uint8_t *out, size_t len);

#endif
