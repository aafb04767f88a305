/*
 * The header of an age v1 file (https://c2sp.org/age), read strictly. Pure:
 * bytes in, stanzas out.
 */
#ifndef STORAGE_CRYPTO_AGE_HEADER_H
#define STORAGE_CRYPTO_AGE_HEADER_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stddef.h>
#include <stdint.h>

#define AGE_VERSION_LINE "age-encryption.org/v1\n"

/* Of what is read, and so of what is written. */
enum { AGE_HEADER_MAX_BYTES = 256 * 1024, AGE_HEADER_MAX_STANZAS = 1024 };
enum { AGE_MAC_LEN = 32 };

struct age_stanza {
	struct strvec args; /* the first is the type; at least that one */
	struct buf body;
};
VEC_DEFINE(age_stanzas, struct age_stanza);

struct age_header {
	struct age_stanzas stanzas;
	uint8_t mac[AGE_MAC_LEN];
	size_t mac_covers; /* bytes from the start that the MAC is over */
};

/* Whether the text is a whole header: one that ends with the line that starts
 * with "---". `len` grows as bytes arrive. 1: whole; 0: more is needed. */
int age_header_is_whole(const char *text, size_t len);
/* Whether age_header_parse would read a header of these lines, which are all
 * but the last one; ERR_USAGE, since it is the number of recipients that makes
 * it large. */
int age_header_check_size(const struct buf *lines, struct err *err);
/* A whole header. On failure h is empty. */
int age_header_parse(
    const char *text, size_t len, struct age_header *h, struct err *err);
void age_header_done(struct age_header *h);

/* One stanza that stands alone, as plugins speak (age_plugin.h); the error
 * calls it their answer. On failure s is empty. */
int age_header_parse_stanza(
    const char *text, size_t len, struct age_stanza *s, struct err *err);
/* Wipes the body. */
void age_header_stanza_done(struct age_stanza *s);
/* Appends a stanza of any arguments, the type first. */
void age_header_write_stanza(
    struct buf *out, const struct strvec *args, const void *body, size_t len);
/* Appends a stanza: type, up to two arguments (NULL: none, and no further one),
 * and a body wrapped at 64 columns. Of an argument and a body that are secret
 * no copy is left, if the buffer has room for them. */
void age_header_add_stanza(struct buf *out, const char *type, const char *arg1,
    const char *arg2, const void *body, size_t len);

#endif
