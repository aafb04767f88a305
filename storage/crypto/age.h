/*
 * age v1, the file encryption of https://c2sp.org/age: a header that wraps a
 * file key for each recipient, and a payload of 64 KiB ChaCha20-Poly1305
 * chunks. X25519, SSH (ssh-ed25519) and scrypt recipients, and those of plugins
 * (age_plugin.h); post-quantum ones (age1pq1...) with an OpenSSL that has
 * ML-KEM, and else by age-plugin-pq; no armor. What is written here opens with
 * the `age` program and the other way round.
 *
 * Keys live in memory that is wiped; nothing here logs.
 */
#ifndef STORAGE_CRYPTO_AGE_H
#define STORAGE_CRYPTO_AGE_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/random.h"
#include "storage/base/secret.h"
#include "storage/base/str.h"
#include "storage/base/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether text is a recipient ("age1…", "age1pq1…", "ssh-ed25519 …",
 * "age1NAME1…" of a plugin); ERR_FORMAT says why not. */
int age_recipient_check(const char *text, struct err *err);
/* Whether it can be written to on this machine; ERR_NOT_FOUND if the program of
 * its plugin is not there. */
int age_recipient_usable(const char *text, struct err *err);

/* Whether this machine writes and reads post-quantum ones without a plugin. */
bool age_has_post_quantum(void);

/* Whether a file could be encrypted for all of them together: wraps a key that
 * is thrown away, so that plugins are asked, too. */
int age_recipients_try(const struct strvec *recipients,
    const struct random *random, struct err *err);

/* Encrypts what is written to it for each of the recipients (at least one).
 * Owns next, also on failure. The header is written before this returns. */
struct sink *age_encrypt(const struct strvec *recipients,
    const struct random *random, struct sink *next, struct err *err);
/* The same for a passphrase; work factor 2^log_n, 0 for the usual 18. */
struct sink *age_encrypt_passphrase(const struct secret *passphrase, int log_n,
    const struct random *random, struct sink *next, struct err *err);

/* What can open a file: secret keys and passphrases. */
struct age_identities;
struct age_identities *age_identities_new(void);
void age_identities_free(struct age_identities *ids); /* takes NULL */
void age_identities_freep(struct age_identities **ids);
/* The text of an identities file: a key a line, empty lines and '#' comments;
 * or an OpenSSH private key of Ed25519 without a passphrase.
 * `name` is for errors; the error never shows a key. */
int age_identities_add(struct age_identities *ids, const struct secret *text,
    const char *name, struct err *err);
/* The recipient of one line of such a text, which the caller frees; NULL where
 * it is not an X25519 identity, nor a post-quantum one on a machine that has
 * those. */
char *age_identity_recipient(const char *line, size_t len);
int age_identities_add_file(
    struct age_identities *ids, const char *path, struct err *err);
void age_identities_add_passphrase(
    struct age_identities *ids, const struct secret *passphrase);

/* Whom plugins of these identities may ask for a PIN; nobody, unless set.
 * Copied. */
struct age_plugin_person;
void age_identities_set_person(
    struct age_identities *ids, const struct age_plugin_person *person);

/* Decrypts. Owns from, also on failure; ids are needed only during the call.
 * The header is read and its MAC checked before this returns: ERR_FORMAT (no
 * age file, or a broken one), ERR_INTEGRITY (its MAC is wrong), ERR_DENIED (no
 * identity matches), ERR_CANCELLED (while a plugin was waited for). Reading
 * returns only bytes of chunks whose tag was right; else ERR_INTEGRITY, also
 * for a file that was cut short. */
struct source *age_decrypt(
    struct source *from, const struct age_identities *ids, struct err *err);

/* A file of which only parts are read. Each chunk of its payload is sealed by
 * itself, under its number, so that any of them can be opened alone. */
struct age_file;
/* Reads the header off `from`, the file's beginning, which is borrowed, as
 * age_decrypt does; file_bytes is the length of the whole. */
struct age_file *age_file_open(struct source *from, uint64_t file_bytes,
    const struct age_identities *ids, struct err *err);
void age_file_free(struct age_file *f); /* takes NULL */
/* Where in the file the chunks lie that hold `len` bytes (at least one) from
 * offset on of what was encrypted: ERR_INTEGRITY where it has less. */
int age_file_span(const struct age_file *f, uint64_t offset, uint64_t len,
    uint64_t *span_offset, uint64_t *span_bytes, struct err *err);
/* Those bytes; `sealed`, which it owns, yields the span. Errors as with
 * age_decrypt; it ends early where `sealed` does. */
struct source *age_file_read(const struct age_file *f, uint64_t offset,
    uint64_t len, struct source *sealed);

/* A new key: the text of an identities file, and its recipient. */
struct secret *age_keygen(
    const struct random *random, int64_t now_s, char **recipient);
/* The same of a post-quantum one, as `age-keygen -pq` makes it; ERR_USAGE where
 * this machine has none. */
struct secret *age_keygen_post_quantum(const struct random *random,
    int64_t now_s, char **recipient, struct err *err);
/* As age_keygen, of 32 bytes that the caller has. */
struct secret *age_key_of(const struct secret *raw, char **recipient);

#endif
