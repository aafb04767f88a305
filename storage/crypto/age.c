#include "storage/crypto/age.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "storage/crypto/age_crypto.h"
#include "storage/crypto/age_header.h"
#include "storage/crypto/age_identity.h"
#include "storage/crypto/age_plugin.h"
#include "storage/crypto/age_stanza.h"
#include "storage/crypto/age_stream.h"

#include <stdlib.h>

/* ---- encryption ---- */

static void header_mac(const uint8_t file_key[AGE_FILE_KEY_LEN],
    const char *header, size_t covers, uint8_t mac[AGE_MAC_LEN])
{
	uint8_t key[AGE_KEY_LEN];

	age_hkdf(file_key, AGE_FILE_KEY_LEN, NULL, 0, "header", key);
	digest_hmac_sha256(key, sizeof key, header, covers, mac);
	mem_wipe(key, sizeof key);
}

/* Ends the header, writes it and the payload's nonce, and returns the payload's
 * sink. */
static struct sink *start_payload(struct buf *header,
    uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct sink *next, struct err *err)
{
	uint8_t mac[AGE_MAC_LEN], nonce[AGE_PAYLOAD_NONCE_LEN];

	buf_add_str(header, "---");
	header_mac(file_key, header->data, header->len, mac);
	buf_add_char(header, ' ');
	base64_add(header, mac, sizeof mac, false);
	buf_add_char(header, '\n');
	random_fill(random, nonce, sizeof nonce);
	buf_add(header, nonce, sizeof nonce);
	if (sink_write(next, header->data, header->len, err)) {
		sink_free(next);
		return NULL;
	}
	return age_stream_seal(file_key, nonce, next);
}

/* A recipient that resists quantum computers must not stand beside one that
 * does not, since the file is then open by the weaker one: the labels of all
 * must be the same, and only plugins and post-quantum recipients have any. */
static int check_labels(const struct strvec *recipients, size_t i,
    const char *labels, char **first, struct err *err)
{
	if (i == 0)
		*first = str_dup(labels);
	else if (!str_eq(*first, labels))
		return err_set(err, ERR_USAGE,
		    "recipients '%.20s...' and '%.20s...' cannot stand "
		    "together: a file is as safe as its weakest recipient, and "
		    "they differ in kind (%s and %s)",
		    recipients->items[0], recipients->items[i],
		    **first ? *first : "classic", *labels ? labels : "classic");
	return 0;
}

static int add_recipient(struct buf *header, const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    char **labels, struct err *err)
{
	autofree char *plugin = age_plugin_of_recipient(recipient);

	if (age_recipient_is_hybrid(recipient) && age_has_post_quantum()) {
		*labels = str_dup("postquantum");
		return age_stanza_add_hybrid(
		    header, recipient, file_key, random, err);
	}
	if (plugin)
		return age_plugin_wrap(
		    recipient, file_key, header, labels, err);
	*labels = str_dup("");
	return str_starts(recipient, "ssh-")
		   ? age_stanza_add_ssh(
			 header, recipient, file_key, random, err)
		   : age_stanza_add_x25519(
			 header, recipient, file_key, random, err);
}

static int add_recipients(struct buf *header, const struct strvec *recipients,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct err *err)
{
	autofree char *first = NULL;

	buf_add_str(header, AGE_VERSION_LINE);
	for (size_t i = 0; i < recipients->len; i++) {
		autofree char *labels = NULL;
		if (add_recipient(header, recipients->items[i], file_key,
			random, &labels, err) ||
		    check_labels(recipients, i, labels, &first, err))
			return -1;
	}
	return age_header_check_size(header, err);
}

int age_recipients_try(const struct strvec *recipients,
    const struct random *random, struct err *err)
{
	cleanup(buf_done) struct buf header = BUF_INIT;
	uint8_t file_key[AGE_FILE_KEY_LEN];

	random_fill(random, file_key, sizeof file_key);
	int result = add_recipients(&header, recipients, file_key, random, err);
	mem_wipe(file_key, sizeof file_key);
	return result;
}

struct sink *age_encrypt(const struct strvec *recipients,
    const struct random *random, struct sink *next, struct err *err)
{
	cleanup(buf_done) struct buf header = BUF_INIT;
	uint8_t file_key[AGE_FILE_KEY_LEN];
	int failed = 0;

	random_fill(random, file_key, sizeof file_key);
	if (!recipients->len)
		failed = err_set(err, ERR_USAGE,
		    "encryption has no recipient: name at least one (age1...)");
	else
		failed =
		    add_recipients(&header, recipients, file_key, random, err);
	if (failed)
		sink_free(next);
	struct sink *sink =
	    failed ? NULL : start_payload(&header, file_key, random, next, err);
	mem_wipe(file_key, sizeof file_key);
	return sink;
}

struct sink *age_encrypt_passphrase(const struct secret *passphrase, int log_n,
    const struct random *random, struct sink *next, struct err *err)
{
	cleanup(buf_done) struct buf header = BUF_INIT;
	uint8_t file_key[AGE_FILE_KEY_LEN];
	struct sink *sink = NULL;

	buf_add_str(&header, AGE_VERSION_LINE);
	random_fill(random, file_key, sizeof file_key);
	if (!log_n)
		log_n = AGE_SCRYPT_LOG_N;
	if (log_n < 1 || log_n > AGE_SCRYPT_LOG_N_MAX)
		err_set(err, ERR_USAGE,
		    "a work factor of %d for a passphrase: it is 1 to %d",
		    log_n, AGE_SCRYPT_LOG_N_MAX);
	else if (!age_stanza_add_scrypt(
		     &header, passphrase, log_n, file_key, random, err))
		sink =
		    start_payload(&header, file_key, random, steal(next), err);
	sink_free(next);
	mem_wipe(file_key, sizeof file_key);
	return sink;
}

/* ---- decryption ---- */

static enum age_unwrapped open_stanza(const struct age_stanza *s,
    const struct age_identity *id, uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err)
{
	switch (id->kind) {
	case AGE_IDENTITY_PASSPHRASE:
		return age_stanza_open_scrypt(s, id->secret, file_key, err);
	case AGE_IDENTITY_HYBRID:
		return age_stanza_open_hybrid(
		    s, age_identity_key(id), file_key, err);
	case AGE_IDENTITY_SSH:
		return age_stanza_open_ssh(
		    s, age_identity_key(id), &id->ssh, file_key, err);
	case AGE_IDENTITY_X25519:
	default:
		return age_stanza_open_x25519(
		    s, age_identity_key(id), file_key, err);
	}
}

/* After all others, since they may ask a person. 0: one of them opens it. A
 * failure of one may not be the end: `why` has the first, unless somebody asked
 * to stop. */
static int ask_plugins(const struct age_header *h,
    const struct age_identities *ids, uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *why)
{
	VEC_EACH (&ids->list, id) {
		struct err err = ERR_INIT;
		if (id->kind != AGE_IDENTITY_PLUGIN)
			continue;
		int r = age_plugin_unwrap(
		    id->secret, &h->stanzas, &ids->person, file_key, &err);
		if (r > 0)
			return 0;
		bool cancelled = r < 0 && err.code == ERR_CANCELLED;
		if (cancelled || (r < 0 && why->code == ERR_NONE))
			*why = err;
		if (cancelled)
			break;
	}
	return -1;
}

static int find_file_key(const struct age_header *h,
    const struct age_identities *ids, uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err)
{
	struct err why = ERR_INIT;

	VEC_EACH (&h->stanzas, s)
		if (str_eq(s->args.items[0], "scrypt") && h->stanzas.len > 1)
			return err_set(err, ERR_FORMAT,
			    "the age header is broken: a passphrase beside "
			    "another recipient");
	VEC_EACH (&ids->list, id) {
		if (id->kind == AGE_IDENTITY_PLUGIN)
			continue;
		VEC_EACH (&h->stanzas, s) {
			enum age_unwrapped u =
			    open_stanza(s, id, file_key, err);
			if (u == AGE_UNWRAP_FAILED)
				return -1;
			if (u == AGE_UNWRAPPED)
				return 0;
		}
	}
	if (!ask_plugins(h, ids, file_key, &why))
		return 0;
	if (why.code == ERR_CANCELLED) {
		*err = why;
		return -1;
	}
	if (why.code != ERR_NONE)
		return err_set(err, ERR_DENIED,
		    "it is encrypted, and was not opened: %s", why.message);
	if (!ids->list.len)
		return err_set(err, ERR_DENIED,
		    "it is encrypted, and no identity or passphrase is given "
		    "to open it with: name the private key in "
		    "encryption.identity_files, on the machine that has it");
	return err_set(err, ERR_DENIED,
	    "it is encrypted to another key, and no identity that is given "
	    "opens it: give the one whose recipient it was made for");
}

/* Reads byte by byte up to the end of the header, since what follows belongs to
 * the payload. */
static int read_header(struct source *from, struct buf *text, struct err *err)
{
	size_t line = 0;

	for (;;) {
		char c;
		ssize_t n = source_read(from, &c, 1, err);
		if (n < 0)
			return -1;
		if (n == 0)
			return err_set(err, ERR_FORMAT,
			    text->len ? "the age file ends in its header"
				      : "the age file is empty");
		if (text->len == AGE_HEADER_MAX_BYTES)
			return err_set(
			    err, ERR_FORMAT, "the age header is too long");
		buf_add_char(text, c);
		if (c != '\n')
			continue;
		if (age_header_is_whole(text->data + line, text->len - line))
			return 0;
		line = text->len;
		/* It does not start like an age file: do not search it for the
		 * end of a header. */
		if (!str_starts(text->data, AGE_VERSION_LINE))
			return err_set(err, ERR_FORMAT,
			    "this is not an age file of version 1");
	}
}

static int read_nonce(struct source *from, uint8_t *nonce, struct err *err)
{
	for (size_t at = 0; at < AGE_PAYLOAD_NONCE_LEN;) {
		ssize_t n = source_read(
		    from, nonce + at, AGE_PAYLOAD_NONCE_LEN - at, err);
		if (n < 0)
			return -1;
		if (n == 0)
			return err_set(err, ERR_FORMAT,
			    "the age file ends after its header");
		at += (size_t)n;
	}
	return 0;
}

/* What opens the payload, which `from` stands at then. */
struct payload_key {
	uint8_t file_key[AGE_FILE_KEY_LEN];
	uint8_t nonce[AGE_PAYLOAD_NONCE_LEN];
	uint64_t at; /* bytes before the payload */
};

static int open_header(struct source *from, const struct age_identities *ids,
    struct payload_key *key, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	cleanup(age_header_done) struct age_header h = {.mac_covers = 0};
	uint8_t mac[AGE_MAC_LEN];

	if (read_header(from, &text, err) ||
	    age_header_parse(text.data, text.len, &h, err) ||
	    find_file_key(&h, ids, key->file_key, err))
		return -1;
	key->at = text.len + AGE_PAYLOAD_NONCE_LEN;
	header_mac(key->file_key, text.data, h.mac_covers, mac);
	if (!digest_equal(mac, h.mac, sizeof mac))
		return err_set(err, ERR_INTEGRITY,
		    "the age header was changed: its MAC is wrong");
	return read_nonce(from, key->nonce, err);
}

struct source *age_decrypt(
    struct source *from, const struct age_identities *ids, struct err *err)
{
	struct payload_key key;
	struct source *payload = NULL;

	if (!open_header(from, ids, &key, err))
		payload = age_stream_open(key.file_key, key.nonce, from);
	mem_wipe(&key, sizeof key);
	if (!payload)
		source_free(from);
	return payload;
}

/* ---- parts of a file ---- */

struct age_file {
	struct payload_key key;
	uint64_t bytes; /* of the payload, as it is sealed */
};

enum { SEALED_CHUNK = AGE_CHUNK + AGE_TAG_LEN };

struct age_file *age_file_open(struct source *from, uint64_t file_bytes,
    const struct age_identities *ids, struct err *err)
{
	struct age_file *f = mem_new(struct age_file);

	if (!open_header(from, ids, &f->key, err)) {
		if (file_bytes >= f->key.at + AGE_TAG_LEN) {
			f->bytes = file_bytes - f->key.at;
			return f;
		}
		err_set(
		    err, ERR_INTEGRITY, "the age file ends after its header");
	}
	age_file_free(f);
	return NULL;
}

void age_file_free(struct age_file *f)
{
	if (!f)
		return;
	mem_wipe(f, sizeof *f);
	free(f);
}

int age_file_span(const struct age_file *f, uint64_t offset, uint64_t len,
    uint64_t *span_offset, uint64_t *span_bytes, struct err *err)
{
	uint64_t chunks = (f->bytes + SEALED_CHUNK - 1) / SEALED_CHUNK;
	uint64_t opened = f->bytes - chunks * AGE_TAG_LEN;

	if (!len || len > opened || offset > opened - len)
		return err_set(err, ERR_INTEGRITY,
		    "%llu bytes from %llu on are asked of an age file that "
		    "holds %llu",
		    (unsigned long long)len, (unsigned long long)offset,
		    (unsigned long long)opened);
	uint64_t first = offset / AGE_CHUNK;
	uint64_t after = (offset + len - 1) / AGE_CHUNK + 1;
	uint64_t end = after * SEALED_CHUNK;
	*span_offset = f->key.at + first * SEALED_CHUNK;
	*span_bytes = (end < f->bytes ? end : f->bytes) - first * SEALED_CHUNK;
	return 0;
}

struct source *age_file_read(const struct age_file *f, uint64_t offset,
    uint64_t len, struct source *sealed)
{
	struct source *chunks = age_stream_open_at(
	    f->key.file_key, f->key.nonce, offset / AGE_CHUNK, sealed);

	return source_part(chunks, offset % AGE_CHUNK, len);
}
