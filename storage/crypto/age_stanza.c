#include "storage/crypto/age_stanza.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/crypto/age_crypto.h"
#include "storage/crypto/age_identity.h"
#include "storage/crypto/hpke.h"
#include "storage/crypto/xwing.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define X25519_INFO "age-encryption.org/v1/X25519"
#define HYBRID_TYPE "mlkem768x25519"
#define HYBRID_INFO "age-encryption.org/mlkem768x25519"
#define SCRYPT_SALT "age-encryption.org/v1/scrypt"

enum { SCRYPT_SALT_LEN = 16, WRAPPED_LEN = AGE_FILE_KEY_LEN + AGE_TAG_LEN };

static const uint8_t zero_nonce[AGE_NONCE_LEN];

static void wrap_file_key(const uint8_t key[AGE_KEY_LEN],
    const uint8_t nonce[AGE_NONCE_LEN],
    const uint8_t file_key[AGE_FILE_KEY_LEN], uint8_t out[WRAPPED_LEN])
{
	struct age_aead *a = age_aead_new(key, true);

	age_aead_seal(a, nonce, file_key, AGE_FILE_KEY_LEN, out);
	age_aead_free(a);
}

static int unwrap_file_key(const uint8_t key[AGE_KEY_LEN],
    const uint8_t nonce[AGE_NONCE_LEN], const struct buf *body,
    uint8_t file_key[AGE_FILE_KEY_LEN])
{
	struct age_aead *a = age_aead_new(key, false);
	int r = age_aead_open(a, nonce, body->data, body->len, file_key);

	age_aead_free(a);
	return r;
}

static void x25519_wrap_key(const uint8_t shared[32], const uint8_t share[32],
    const uint8_t recipient[32], const char *info, uint8_t out[AGE_KEY_LEN])
{
	uint8_t salt[64];

	memcpy(salt, share, 32);
	memcpy(salt + 32, recipient, 32);
	age_hkdf(shared, 32, salt, sizeof salt, info, out);
}

int age_stanza_add_x25519(struct buf *header, const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct err *err)
{
	cleanup(buf_done) struct buf share_text = BUF_INIT;
	uint8_t ephemeral[32], share[32], key[32], shared[32];
	uint8_t wrapping[AGE_KEY_LEN], body[WRAPPED_LEN];

	if (age_recipient_parse(recipient, key, err))
		return -1;
	random_fill(random, ephemeral, sizeof ephemeral);
	age_x25519_public(ephemeral, share);
	if (age_x25519_shared(ephemeral, key, shared))
		return err_set(err, ERR_FORMAT,
		    "recipient '%s' is a point of low order, which nobody has "
		    "the secret key of",
		    recipient);
	x25519_wrap_key(shared, share, key, X25519_INFO, wrapping);
	wrap_file_key(wrapping, zero_nonce, file_key, body);
	base64_add(&share_text, share, sizeof share, false);
	age_header_add_stanza(
	    header, "X25519", share_text.data, NULL, body, sizeof body);
	mem_wipe(ephemeral, sizeof ephemeral);
	mem_wipe(shared, sizeof shared);
	mem_wipe(wrapping, sizeof wrapping);
	return 0;
}

int age_stanza_add_hybrid(struct buf *header, const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct err *err)
{
	cleanup(buf_done) struct buf share_text = BUF_INIT;
	uint8_t public[XWING_PUBLIC_LEN], share[XWING_SHARE_LEN];
	uint8_t shared[XWING_SHARED_LEN], body[WRAPPED_LEN];
	uint8_t wrapping[HPKE_KEY_LEN], nonce[HPKE_NONCE_LEN];

	if (age_recipient_parse_hybrid(recipient, public, err))
		return -1;
	if (xwing_encapsulate(public, random, share, shared))
		return err_set(err, ERR_FORMAT,
		    "recipient '%.20s...' is not a key of ML-KEM-768 and "
		    "X25519, though it is written like one",
		    recipient);
	hpke_key_schedule(XWING_HPKE_ID, shared, HYBRID_INFO, wrapping, nonce);
	wrap_file_key(wrapping, nonce, file_key, body);
	base64_add(&share_text, share, sizeof share, false);
	age_header_add_stanza(
	    header, HYBRID_TYPE, share_text.data, NULL, body, sizeof body);
	mem_wipe(shared, sizeof shared);
	mem_wipe(wrapping, sizeof wrapping);
	return 0;
}

int age_stanza_add_ssh(struct buf *header, const char *recipient,
    const uint8_t file_key[AGE_FILE_KEY_LEN], const struct random *random,
    struct err *err)
{
	cleanup(buf_done) struct buf share_text = BUF_INIT;
	cleanup(buf_done) struct buf tag_text = BUF_INIT;
	uint8_t ephemeral[32], share[32], once[32], shared[32];
	uint8_t wrapping[AGE_KEY_LEN], body[WRAPPED_LEN];
	struct age_ssh_key key;

	if (age_ssh_recipient(recipient, &key, err))
		return -1;
	random_fill(random, ephemeral, sizeof ephemeral);
	age_x25519_public(ephemeral, share);
	if (age_x25519_shared(ephemeral, key.point, once) ||
	    age_x25519_shared(key.tweak, once, shared))
		return err_set(err, ERR_FORMAT,
		    "recipient '%.80s' is a point of low order, which nobody "
		    "has the secret key of",
		    recipient);
	x25519_wrap_key(shared, share, key.point, AGE_SSH_LABEL, wrapping);
	wrap_file_key(wrapping, zero_nonce, file_key, body);
	base64_add(&tag_text, key.tag, sizeof key.tag, false);
	base64_add(&share_text, share, sizeof share, false);
	age_header_add_stanza(header, AGE_SSH_TYPE, tag_text.data,
	    share_text.data, body, sizeof body);
	mem_wipe(ephemeral, sizeof ephemeral);
	mem_wipe(once, sizeof once);
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

int age_stanza_add_scrypt(struct buf *header, const struct secret *passphrase,
    int log_n, const uint8_t file_key[AGE_FILE_KEY_LEN],
    const struct random *random, struct err *err)
{
	cleanup(buf_done) struct buf salt_text = BUF_INIT;
	uint8_t salt[SCRYPT_SALT_LEN], wrapping[AGE_KEY_LEN], body[WRAPPED_LEN];
	char factor[12];

	random_fill(random, salt, sizeof salt);
	if (scrypt_key(passphrase, salt, log_n, wrapping, err))
		return -1;
	wrap_file_key(wrapping, zero_nonce, file_key, body);
	mem_wipe(wrapping, sizeof wrapping);
	base64_add(&salt_text, salt, sizeof salt, false);
	snprintf(factor, sizeof factor, "%d", log_n);
	age_header_add_stanza(
	    header, "scrypt", salt_text.data, factor, body, sizeof body);
	return 0;
}

static enum age_unwrapped bad_stanza(struct err *err, const char *what)
{
	err_set(err, ERR_FORMAT, "the age header is broken: %s", what);
	return AGE_UNWRAP_FAILED;
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

enum age_unwrapped age_stanza_open_x25519(const struct age_stanza *s,
    const uint8_t secret_key[32], uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err)
{
	uint8_t share[32], public[32], shared[32], wrapping[AGE_KEY_LEN];

	if (!is_stanza(s, "X25519"))
		return AGE_NO_MATCH;
	if (s->args.len != 2 || decode_exactly(s->args.items[1], share, 32))
		return bad_stanza(err, "an X25519 recipient has a bad share");
	if (s->body.len != WRAPPED_LEN)
		return bad_stanza(err, "an X25519 recipient has a bad body");
	if (age_x25519_shared(secret_key, share, shared))
		return bad_stanza(err, "an X25519 share is of low order");
	age_x25519_public(secret_key, public);
	x25519_wrap_key(shared, share, public, X25519_INFO, wrapping);
	int r = unwrap_file_key(wrapping, zero_nonce, &s->body, file_key);
	mem_wipe(shared, sizeof shared);
	mem_wipe(wrapping, sizeof wrapping);
	return r ? AGE_NO_MATCH : AGE_UNWRAPPED;
}

enum age_unwrapped age_stanza_open_hybrid(const struct age_stanza *s,
    const uint8_t seed[32], uint8_t file_key[AGE_FILE_KEY_LEN], struct err *err)
{
	uint8_t share[XWING_SHARE_LEN], shared[XWING_SHARED_LEN];
	uint8_t wrapping[HPKE_KEY_LEN], nonce[HPKE_NONCE_LEN];

	if (!is_stanza(s, HYBRID_TYPE))
		return AGE_NO_MATCH;
	if (s->args.len != 2 ||
	    decode_exactly(s->args.items[1], share, sizeof share))
		return bad_stanza(
		    err, "a post-quantum recipient has a bad share");
	if (s->body.len != WRAPPED_LEN)
		return bad_stanza(
		    err, "a post-quantum recipient has a bad body");
	if (xwing_decapsulate(seed, share, shared))
		return bad_stanza(err, "a post-quantum share is of low order");
	hpke_key_schedule(XWING_HPKE_ID, shared, HYBRID_INFO, wrapping, nonce);
	int r = unwrap_file_key(wrapping, nonce, &s->body, file_key);
	mem_wipe(shared, sizeof shared);
	mem_wipe(wrapping, sizeof wrapping);
	return r ? AGE_NO_MATCH : AGE_UNWRAPPED;
}

enum age_unwrapped age_stanza_open_ssh(const struct age_stanza *s,
    const uint8_t secret_key[32], const struct age_ssh_key *key,
    uint8_t file_key[AGE_FILE_KEY_LEN], struct err *err)
{
	uint8_t tag[AGE_SSH_TAG_LEN], share[32], once[32], shared[32];
	uint8_t wrapping[AGE_KEY_LEN];

	if (!is_stanza(s, AGE_SSH_TYPE))
		return AGE_NO_MATCH;
	if (s->args.len != 3 ||
	    decode_exactly(s->args.items[1], tag, sizeof tag) ||
	    decode_exactly(s->args.items[2], share, 32))
		return bad_stanza(err, "an SSH recipient has a bad share");
	if (memcmp(tag, key->tag, sizeof tag) != 0)
		return AGE_NO_MATCH;
	if (s->body.len != WRAPPED_LEN)
		return bad_stanza(err, "an SSH recipient has a bad body");
	if (age_x25519_shared(secret_key, share, once) ||
	    age_x25519_shared(key->tweak, once, shared))
		return bad_stanza(err, "an SSH share is of low order");
	x25519_wrap_key(shared, share, key->point, AGE_SSH_LABEL, wrapping);
	int r = unwrap_file_key(wrapping, zero_nonce, &s->body, file_key);
	mem_wipe(once, sizeof once);
	mem_wipe(shared, sizeof shared);
	mem_wipe(wrapping, sizeof wrapping);
	return r ? AGE_NO_MATCH : AGE_UNWRAPPED;
}

enum age_unwrapped age_stanza_open_scrypt(const struct age_stanza *s,
    const struct secret *passphrase, uint8_t file_key[AGE_FILE_KEY_LEN],
    struct err *err)
{
	uint8_t salt[SCRYPT_SALT_LEN], wrapping[AGE_KEY_LEN];
	uint64_t log_n;

	if (!is_stanza(s, "scrypt"))
		return AGE_NO_MATCH;
	if (s->args.len != 3 ||
	    decode_exactly(s->args.items[1], salt, sizeof salt))
		return bad_stanza(err, "the scrypt recipient has a bad salt");
	if (s->args.items[2][0] == '0' ||
	    str_parse_u64(s->args.items[2], 63, &log_n))
		return bad_stanza(
		    err, "the scrypt work factor is not a number");
	if (log_n > AGE_SCRYPT_LOG_N_MAX)
		return bad_stanza(err, "the scrypt work factor is over 22");
	if (s->body.len != WRAPPED_LEN)
		return bad_stanza(err, "the scrypt recipient has a bad body");
	if (scrypt_key(passphrase, salt, (int)log_n, wrapping, err))
		return AGE_UNWRAP_FAILED;
	int r = unwrap_file_key(wrapping, zero_nonce, &s->body, file_key);
	mem_wipe(wrapping, sizeof wrapping);
	return r ? AGE_NO_MATCH : AGE_UNWRAPPED;
}
