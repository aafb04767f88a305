/*
 * Recipients and identities of age's plugins, as of a YubiKey: the program
 * `age-plugin-NAME` of PATH wraps and unwraps file keys, and is talked with
 * over its standard input and output (https://c2sp.org/age-plugin). A recipient
 * is "age1NAME1...", an identity "AGE-PLUGIN-NAME-1...". Where OpenSSL has no
 * ML-KEM, post-quantum recipients (age1pq1...) work in this way, too, by the
 * age-plugin-pq of age 1.3.
 */
#ifndef STORAGE_CRYPTO_AGE_PLUGIN_H
#define STORAGE_CRYPTO_AGE_PLUGIN_H

#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/base/secret.h"
#include "storage/crypto/age_header.h"
#include "storage/crypto/age_stream.h"

#include <stdint.h>

/* What a plugin wants of the person at the terminal. */
enum age_plugin_ask {
	AGE_PLUGIN_SHOW,    /* show the text; there is no answer */
	AGE_PLUGIN_PUBLIC,  /* a line */
	AGE_PLUGIN_SECRET,  /* a PIN, say */
	AGE_PLUGIN_CONFIRM, /* 0: yes; 1: no */
};
struct age_plugin_person {
	/* Appends the answer; -1 if there is nobody. `text` is printable. */
	int (*ask)(void *ctx, enum age_plugin_ask what, const char *text,
	    struct buf *answer);
	void *ctx;
	const struct cancel *cancel; /* or NULL */
};

/* The plugin that a recipient or an identity names, as the name of its program;
 * the caller frees. NULL if it names none. */
char *age_plugin_of_recipient(const char *text);
char *age_plugin_of_identity(const char *text, size_t len);
/* ERR_NOT_FOUND if PATH has no such program. */
int age_plugin_check(const char *program, struct err *err);

/* Appends the stanzas for that recipient to a header. `*labels` becomes what
 * the plugin wants every recipient of the file to have, "" for nothing; the
 * caller frees. Nobody is there to be asked. */
int age_plugin_wrap(const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], struct buf *header, char **labels,
    struct err *err);

/* 1: it opens the file, and file_key is set; 0: it does not; -1: it failed.
 * person may be NULL. */
int age_plugin_unwrap(const struct secret *identity,
    const struct age_stanzas *stanzas, const struct age_plugin_person *person,
    uint8_t file_key[AGE_FILE_KEY_LEN], struct err *err);

#endif
