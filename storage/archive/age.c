#include "storage/archive/age.h"

#include "storage/archive/age_bech32.h"
#include "storage/archive/age_crypto.h"
#include "storage/archive/age_header.h"
#include "storage/archive/age_stream.h"
#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECIPIENT_HRP "age"
#define SECRET_HRP "AGE-SECRET-KEY-"
#define X25519_INFO "age-encryption.org/v1/X25519"
#define SCRYPT_SALT "age-encryption.org/v1/scrypt"

enum {
	SCRYPT_SALT_LEN = 16,
	SCRYPT_LOG_N = 18,
	SCRYPT_LOG_N_MAX = 22, /* 4 GiB; what the age program takes, too */
	WRAPPED_LEN = AGE_FILE_KEY_LEN + AGE_TAG_LEN
};

static const uint8_t zero_nonce[AGE_NONCE_LEN];

/* ---- recipients ---- */

static int recipient_parse(const char *text, uint8_t key[32], struct err *err)
{
	if (!age_bech32_decode(text, strlen(text), RECIPIENT_HRP, key))
		return 0;
	if (str_starts(text, "AGE-SECRET-KEY-"))
		return err_set(err, ERR_FORMAT,
		    "a recipient is a secret key: put its public key there "
		    "(age1...), and take that secret key as disclosed");
	if (str_starts(text, "ssh-") || str_starts(text, "age1pq1"))
		return err_set(err, ERR_FORMAT,
		    "recipient '%.20s...': only X25519 recipients (age1...) "
		    "are supported",
		    text);
	return err_set(err, ERR_FORMAT,
	    "'%.80s' is no age recipient: one starts with 'age1' and has 62 "
	    "characters",
	    text);
}

int age_recipient_check(const char *text, struct err *err)
{
	uint8_t key[32];

	return recipient_parse(text, key, err);
}

static void wrap_file_key(const uint8_t key[AGE_KEY_LEN],
    const uint8_t file_key[AGE_FILE_KEY_LEN], uint8_t out[WRAPPED_LEN])
{
	struct age_aead *a = age_aead_new(key, true);

	age_aead_seal(a, zero_nonce, file_key, AGE_FILE_KEY_LEN, out);
	age_aead_free(a);
}

static int unwrap_file_key(const uint8_t key[AGE_KEY_LEN],
    const struct buf *body, uint8_t file_key[AGE_FILE_KEY_LEN])
{
	struct age_aead *a = age_aead_new(key, false);
	int r = age_aead_open(a, zero_nonce, body->data, body->len, file_key);

	age_aead_free(a);
	return r;
}

static void x25519_wrap_key(const uint8_t shared[32], const uint8_t share[32],
    const uint8_t recipient[32], uint8_t out[AGE_KEY_LEN])
{
	uint8_t salt[64];

	memcpy(salt, share, 32);
	memcpy(salt + 32, recipient, 32);
	age_hkdf(shared, 32, salt, sizeof salt, X25519_INFO, out);
}

static int add_x25519_stanza(struct buf *header, const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct err *err)
{
	cleanup(buf_done) struct buf share_text = BUF_INIT;
	uint8_t ephemeral[32], share[32], key[32], shared[32];
	uint8_t wrapping[AGE_KEY_LEN], body[WRAPPED_LEN];

	if (recipient_parse(recipient, key, err))
		return -1;
	random_fill(random, ephemeral, sizeof ephemeral);
	age_x25519_public(ephemeral, share);
	if (age_x25519_shared(ephemeral, key, shared))
		return err_set(err, ERR_FORMAT,
		    "recipient '%s' is a point of low order, which nobody has "
		    "the secret key of",
		    recipient);
	x25519_wrap_key(shared, share, key, wrapping);
	wrap_file_key(wrapping, file_key, body);
	base64_add(&share_text, share, sizeof share, false);
	age_header_add_stanza(
	    header, "X25519", share_text.data, NULL, body, sizeof body);
	mem_wipe(ephemeral, sizeof ephemeral);
	mem_wipe(shared, sizeof shared);
	mem_wipe(wrapping, sizeof wrapping);
	return 0;
}

static int scrypt_key(const struct secret *passphrase, const uint8_t *salt,
    int log_n, uint8_t out[AGE_KEY_LEN], struct err *err)
{
	uint8_t full[sizeof SCRYPT_SALT - 1 + SCRYPT_SALT_LEN];

	memcpy(full, SCRYPT_SALT, sizeof SCRYPT_SALT - 1);
	memcpy(full + sizeof SCRYPT_SALT - 1, salt, SCRYPT_SALT_LEN);
	if (age_scrypt(secret_reveal(passphrase), secret_len(passphrase), full,
		sizeof full, log_n, out))
		return err_set(err, ERR_SYSTEM,
		    "deriving a key from the passphrase: scrypt with work "
		    "factor %d needs %d MiB of memory",
		    log_n, 1 << (log_n - 10));
	return 0;
}

static int add_scrypt_stanza(struct buf *header,
    const struct secret *passphrase, int log_n,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct err *err)
{
	cleanup(buf_done) struct buf salt_text = BUF_INIT;
	uint8_t salt[SCRYPT_SALT_LEN], wrapping[AGE_KEY_LEN], body[WRAPPED_LEN];
	char factor[12];

	random_fill(random, salt, sizeof salt);
	if (scrypt_key(passphrase, salt, log_n, wrapping, err))
		return -1;
	wrap_file_key(wrapping, file_key, body);
	mem_wipe(wrapping, sizeof wrapping);
	base64_add(&salt_text, salt, sizeof salt, false);
	snprintf(factor, sizeof factor, "%d", log_n);
	age_header_add_stanza(
	    header, "scrypt", salt_text.data, factor, body, sizeof body);
	return 0;
}

/* ---- encryption ---- */

static void header_mac(const uint8_t file_key[AGE_FILE_KEY_LEN],
    const char *header, size_t covers, uint8_t mac[AGE_MAC_LEN])
{
	uint8_t key[AGE_KEY_LEN];

	age_hkdf(file_key, AGE_FILE_KEY_LEN, NULL, 0, "header", key);
	digest_hmac_sha256(key, sizeof key, header, covers, mac);
	mem_wipe(key, sizeof key);
}

/* Ends the header, writes it and the payload's nonce, and hands over. */
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

struct sink *age_encrypt(const struct strvec *recipients,
    const struct random *random, struct sink *next, struct err *err)
{
	cleanup(buf_done) struct buf header = BUF_INIT;
	uint8_t file_key[AGE_FILE_KEY_LEN];
	int failed = 0;

	buf_add_str(&header, AGE_VERSION_LINE);
	random_fill(random, file_key, sizeof file_key);
	if (!recipients->len)
		failed = err_set(err, ERR_USAGE,
		    "encryption has no recipient: name at least one (age1...)");
	for (size_t i = 0; !failed && i < recipients->len; i++)
		failed = add_x25519_stanza(
		    &header, recipients->items[i], file_key, random, err);
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
		log_n = SCRYPT_LOG_N;
	if (log_n < 1 || log_n > SCRYPT_LOG_N_MAX)
		err_set(err, ERR_USAGE,
		    "a work factor of %d for a passphrase: it is 1 to %d",
		    log_n, SCRYPT_LOG_N_MAX);
	else if (!add_scrypt_stanza(
		     &header, passphrase, log_n, file_key, random, err))
		sink =
		    start_payload(&header, file_key, random, steal(next), err);
	sink_free(next);
	mem_wipe(file_key, sizeof file_key);
	return sink;
}

/* ---- identities ---- */

struct age_identity {
	struct secret *secret; /* 32 raw bytes, or a passphrase */
	bool passphrase;
};

struct age_identities {
	VEC_DEFINE(, struct age_identity) list;
};

struct age_identities *age_identities_new(void)
{
	return mem_new(struct age_identities);
}

void age_identities_free(struct age_identities *ids)
{
	if (!ids)
		return;
	VEC_EACH (&ids->list, id)
		secret_free(id->secret);
	vec_done(&ids->list);
	free(ids);
}

void age_identities_freep(struct age_identities **ids)
{
	age_identities_free(*ids);
}

static int add_line(struct age_identities *ids, const char *line, size_t len,
    const char *name, size_t number, struct err *err)
{
	uint8_t raw[32];

	if (len && line[len - 1] == '\r')
		len--;
	if (!len || line[0] == '#')
		return 0;
	if (age_bech32_decode(line, len, SECRET_HRP, raw))
		return err_set(err, ERR_FORMAT,
		    "'%s', line %zu: this is no age identity "
		    "(AGE-SECRET-KEY-1...); it is not shown here%s",
		    name, number,
		    len > 4 && !memcmp(line, "age-", 4)
			? "; the file is encrypted: decrypt it with 'age -d'"
			: "");
	*vec_add(&ids->list) =
	    (struct age_identity){.secret = secret_new(raw, sizeof raw)};
	mem_wipe(raw, sizeof raw);
	return 0;
}

int age_identities_add(struct age_identities *ids, const struct secret *text,
    const char *name, struct err *err)
{
	const char *at = secret_reveal(text);
	const char *end = at + secret_len(text);
	size_t before = ids->list.len;

	for (size_t number = 1; at < end; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		if (add_line(ids, at, (size_t)(stop - at), name, number, err))
			return -1;
		at = stop + 1;
	}
	if (ids->list.len == before)
		return err_set(
		    err, ERR_FORMAT, "'%s' holds no age identity", name);
	return 0;
}

int age_identities_add_file(
    struct age_identities *ids, const char *path, struct err *err)
{
	cleanup(secret_freep) struct secret *text = secret_from_file(path, err);

	if (!text)
		return err_wrap(err, "reading age identities");
	return age_identities_add(ids, text, path, err);
}

void age_identities_add_passphrase(
    struct age_identities *ids, const struct secret *passphrase)
{
	*vec_add(&ids->list) = (struct age_identity){
	    .secret =
		secret_new(secret_reveal(passphrase), secret_len(passphrase)),
	    .passphrase = true};
}

static const uint8_t *identity_key(const struct age_identity *id)
{
	return (const uint8_t *)secret_reveal(id->secret);
}

void age_identities_recipients(
    const struct age_identities *ids, struct strvec *out)
{
	VEC_EACH (&ids->list, id) {
		cleanup(buf_done) struct buf text = BUF_INIT;
		uint8_t public[32];
		if (id->passphrase)
			continue;
		age_x25519_public(identity_key(id), public);
		age_bech32_add(&text, RECIPIENT_HRP, public);
		*vec_add(out) = buf_steal(&text);
	}
}

/* ---- decryption ---- */

enum unwrapped { UNWRAP_NO_MATCH, UNWRAP_DONE, UNWRAP_FAILED };

static enum unwrapped bad_stanza(struct err *err, const char *what)
{
	err_set(err, ERR_FORMAT, "the age header is broken: %s", what);
	return UNWRAP_FAILED;
}

static bool is_stanza(const struct age_stanza *s, const char *type)
{
	return strcmp(s->args.items[0], type) == 0;
}

static int decode_exactly(const char *text, uint8_t *out, size_t len)
{
	cleanup(buf_done) struct buf raw = BUF_INIT;

	if (base64_decode(text, strlen(text), false, &raw) || raw.len != len)
		return -1;
	memcpy(out, raw.data, len);
	return 0;
}

static enum unwrapped unwrap_x25519(const struct age_identity *id,
    const struct age_stanza *s, uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err)
{
	uint8_t share[32], public[32], shared[32], wrapping[AGE_KEY_LEN];

	if (!is_stanza(s, "X25519"))
		return UNWRAP_NO_MATCH;
	if (s->args.len != 2 || decode_exactly(s->args.items[1], share, 32))
		return bad_stanza(err, "an X25519 recipient has a bad share");
	if (s->body.len != WRAPPED_LEN)
		return bad_stanza(err, "an X25519 recipient has a bad body");
	if (age_x25519_shared(identity_key(id), share, shared))
		return bad_stanza(err, "an X25519 share is of low order");
	age_x25519_public(identity_key(id), public);
	x25519_wrap_key(shared, share, public, wrapping);
	int r = unwrap_file_key(wrapping, &s->body, file_key);
	mem_wipe(shared, sizeof shared);
	mem_wipe(wrapping, sizeof wrapping);
	return r ? UNWRAP_NO_MATCH : UNWRAP_DONE;
}

static enum unwrapped unwrap_scrypt(const struct age_identity *id,
    const struct age_stanza *s, uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err)
{
	uint8_t salt[SCRYPT_SALT_LEN], wrapping[AGE_KEY_LEN];
	uint64_t log_n;

	if (!is_stanza(s, "scrypt"))
		return UNWRAP_NO_MATCH;
	if (s->args.len != 3 ||
	    decode_exactly(s->args.items[1], salt, sizeof salt))
		return bad_stanza(err, "the scrypt recipient has a bad salt");
	if (s->args.items[2][0] == '0' ||
	    str_parse_u64(s->args.items[2], 63, &log_n))
		return bad_stanza(err, "the scrypt work factor is no number");
	if (log_n > SCRYPT_LOG_N_MAX)
		return bad_stanza(err, "the scrypt work factor is over 22");
	if (s->body.len != WRAPPED_LEN)
		return bad_stanza(err, "the scrypt recipient has a bad body");
	if (scrypt_key(id->secret, salt, (int)log_n, wrapping, err))
		return UNWRAP_FAILED;
	int r = unwrap_file_key(wrapping, &s->body, file_key);
	mem_wipe(wrapping, sizeof wrapping);
	return r ? UNWRAP_NO_MATCH : UNWRAP_DONE;
}

static int find_file_key(const struct age_header *h,
    const struct age_identities *ids, uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err)
{
	VEC_EACH (&h->stanzas, s)
		if (is_stanza(s, "scrypt") && h->stanzas.len > 1)
			return err_set(err, ERR_FORMAT,
			    "the age header is broken: a passphrase beside "
			    "another recipient");
	VEC_EACH (&ids->list, id) {
		VEC_EACH (&h->stanzas, s) {
			enum unwrapped u =
			    id->passphrase
				? unwrap_scrypt(id, s, file_key, err)
				: unwrap_x25519(id, s, file_key, err);
			if (u == UNWRAP_FAILED)
				return -1;
			if (u == UNWRAP_DONE)
				return 0;
		}
	}
	return err_set(err, ERR_DENIED,
	    "none of the %zu identities opens this age file (it has %zu "
	    "recipients): it was encrypted to another key",
	    ids->list.len, h->stanzas.len);
}

/* Byte by byte up to the end of the header: what follows is the payload's. */
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
		/* Not an age file at all: do not read on for its header. */
		if (!str_starts(text->data, AGE_VERSION_LINE))
			return err_set(err, ERR_FORMAT,
			    "this is no age file of version 1");
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

static struct source *open_payload(struct source *from, const struct buf *text,
    const struct age_identities *ids, struct err *err)
{
	cleanup(age_header_done) struct age_header h = {.mac_covers = 0};
	uint8_t file_key[AGE_FILE_KEY_LEN], mac[AGE_MAC_LEN];
	uint8_t nonce[AGE_PAYLOAD_NONCE_LEN];
	struct source *payload = NULL;

	if (age_header_parse(text->data, text->len, &h, err) ||
	    find_file_key(&h, ids, file_key, err))
		return NULL;
	header_mac(file_key, text->data, h.mac_covers, mac);
	if (!digest_equal(mac, h.mac, sizeof mac))
		err_set(err, ERR_INTEGRITY,
		    "the age header was changed: its MAC is wrong");
	else if (!read_nonce(from, nonce, err))
		payload = age_stream_open(file_key, nonce, from);
	mem_wipe(file_key, sizeof file_key);
	return payload;
}

struct source *age_decrypt(
    struct source *from, const struct age_identities *ids, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct source *payload = NULL;

	if (!read_header(from, &text, err))
		payload = open_payload(from, &text, ids, err);
	if (!payload)
		source_free(from);
	return payload;
}

struct secret *age_keygen(
    const struct random *random, int64_t now_s, char **recipient)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	cleanup(buf_wipe) struct buf key = BUF_INIT;
	cleanup(buf_done) struct buf public_text = BUF_INIT;
	uint8_t raw[32], public[32];
	char created[CLOCK_TEXT_MAX];

	buf_reserve(&text, 512);
	buf_reserve(&key, 128);
	random_fill(random, raw, sizeof raw);
	age_x25519_public(raw, public);
	age_bech32_add(&public_text, RECIPIENT_HRP, public);
	age_bech32_add(&key, "age-secret-key-", raw);
	mem_wipe(raw, sizeof raw);
	for (size_t i = 0; i < key.len; i++)
		key.data[i] = (char)toupper((unsigned char)key.data[i]);
	clock_rfc3339(now_s, created);
	buf_printf(&text, "# created: %s\n# public key: %s\n%s\n", created,
	    public_text.data, key.data);
	*recipient = buf_steal(&public_text);
	return secret_new(text.data, text.len);
}
