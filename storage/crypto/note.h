/*
 * Signed notes (c2sp.org/signed-note): a text, an empty line, and a line for
 * each signature. Of their keys two kinds: Ed25519 over the text, and the
 * cosignature/v1 of a witness (c2sp.org/tlog-cosignature), Ed25519 over a time
 * and the text. Pure.
 *
 *     NAME+ID+KEY            a verifier key; ID is eight hex digits, KEY base64
 *     — NAME BASE64          a signature: of the ID, and what the key made
 */
#ifndef STORAGE_CRYPTO_NOTE_H
#define STORAGE_CRYPTO_NOTE_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/crypto/minisign.h"

#include <stddef.h>
#include <stdint.h>

enum {
	NOTE_MAX_BYTES = 1 << 17, /* of a note with its signatures */
	NOTE_NAME_MAX = 255,
	NOTE_ID_LEN = 4
};

enum note_kind { NOTE_SIGNATURE = 0x01, NOTE_COSIGNATURE = 0x04 };

struct note_key {
	char name[NOTE_NAME_MAX + 1];
	enum note_kind kind;
	uint8_t id[NOTE_ID_LEN];
	uint8_t key[32]; /* Ed25519, public */
};

/* ERR_FORMAT: it is none, or of a kind that is not one of the two. */
int note_key_parse(const char *vkey, struct note_key *out, struct err *err);
/* The key of that name and kind. The name is one, of at most NOTE_NAME_MAX. */
void note_key_make(const char *name, enum note_kind kind, const uint8_t key[32],
    struct note_key *out);
void note_key_write(const struct note_key *k, struct buf *out);

/* Appends the text, which ends in a line end, and its signature under the
 * name. */
void note_sign(const char *text, size_t len, const char *name,
    const struct minisign_key *key, struct buf *out);

/* How many bytes of a note are its text. ERR_FORMAT: it is no note. */
int note_text(const char *note, size_t len, size_t *text_len, struct err *err);
/* Whether that key signed it: ERR_INTEGRITY where it did not, or a signature
 * under its name and id is not right; ERR_FORMAT. `time`, in seconds, is when a
 * cosignature was made; else 0. */
int note_verify(const char *note, size_t len, const struct note_key *key,
    int64_t *time, struct err *err);
/* Appends that key's signature line of a note that note_verify accepts. */
void note_line(
    const char *note, size_t len, const struct note_key *key, struct buf *out);

#endif
