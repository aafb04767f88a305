#include "storage/archive/minisign.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "

enum {
	SIGNATURE_LEN = 64,
	KEY_NUMBER_LEN = MINISIGN_KEY_ID_LEN,
	/* algorithm, key id, key */
	PUBLIC_LEN = 2 + KEY_NUMBER_LEN + 32,
	/* algorithm, key id, signature */
	SIGNED_LEN = 2 + KEY_NUMBER_LEN + SIGNATURE_LEN,
	/* key id, seed and public key, checksum: what a password covers */
	COVERED_LEN = KEY_NUMBER_LEN + 64 + 32,
	SALT_LEN = 32,
	/* algorithm, derivation, checksum kind, salt, two limits */
	SECRET_LEN = 6 + SALT_LEN + 16 + COVERED_LEN,
	COMMENT_MAX = 8192
};

struct minisign_key {
	struct minisign_public public;
	struct secret *seed; /* 32 bytes */
};

/* ---- text ---- */

struct line {
	const char *text;
	size_t len;
};

/* Splits into at most max lines; more is -1. An empty rest is no line. */
static int split(const char *text, size_t len, struct line *lines, int max)
{
	int n = 0;

	for (const char *end = text + len; text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		if (n == max)
			return -1;
		lines[n] = (struct line){text, (size_t)(stop - text)};
		if (lines[n].len && stop[-1] == '\r')
			lines[n].len--;
		n++;
		text = newline ? newline + 1 : end;
	}
	return n;
}

static bool line_starts(const struct line *l, const char *prefix)
{
	size_t n = strlen(prefix);

	return l->len >= n && memcmp(l->text, prefix, n) == 0;
}

static int decode_line(const struct line *l, uint8_t *out, size_t len)
{
	cleanup(buf_wipe) struct buf raw = BUF_INIT;

	buf_reserve(&raw, len + 8);
	if (l->len > 4 * (len / 3 + 1) ||
	    base64_decode(l->text, l->len, true, &raw) || raw.len != len)
		return -1;
	memcpy(out, raw.data, len);
	return 0;
}

/* ---- public keys ---- */

int minisign_public_parse(const char *text, size_t len, const char *name,
    struct minisign_public *out, struct err *err)
{
	struct line lines[2];
	uint8_t raw[PUBLIC_LEN];
	int n = len > MINISIGN_MAX_BYTES ? -1 : split(text, len, lines, 2);

	if (n < 1 || (n == 2 && !line_starts(&lines[0], UNTRUSTED)) ||
	    decode_line(&lines[n - 1], raw, sizeof raw) ||
	    memcmp(raw, "Ed", 2) != 0)
		return err_set(err, ERR_FORMAT,
		    "'%s' is no minisign public key: 56 characters that start "
		    "with 'RW', as 'minisign -G' prints them",
		    name);
	memcpy(out->id, raw + 2, sizeof out->id);
	memcpy(out->key, raw + 2 + sizeof out->id, sizeof out->key);
	return 0;
}

int minisign_public_read(
    const char *path, struct minisign_public *out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (file_read(path, MINISIGN_MAX_BYTES, &text, err))
		return err_wrap(err, "reading a minisign public key");
	return minisign_public_parse(buf_str(&text), text.len, path, out, err);
}

void minisign_key_id(
    const struct minisign_public *key, char out[MINISIGN_KEY_ID_TEXT])
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < MINISIGN_KEY_ID_LEN; i++) {
		uint8_t byte = key->id[MINISIGN_KEY_ID_LEN - 1 - i];
		out[2 * i] = digits[byte >> 4];
		out[2 * i + 1] = digits[byte & 15];
	}
	out[MINISIGN_KEY_ID_TEXT - 1] = '\0';
}

/* ---- Ed25519 ---- */

static void must(int ok)
{
	if (ok != 1)
		abort();
}

static void public_of_seed(const uint8_t seed[32], uint8_t out[32])
{
	EVP_PKEY *key =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	size_t len = 32;

	must(key != NULL);
	must(EVP_PKEY_get_raw_public_key(key, out, &len));
	EVP_PKEY_free(key);
}

static void ed25519_sign(const struct minisign_key *k, const void *data,
    size_t len, uint8_t out[SIGNATURE_LEN])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    (const uint8_t *)secret_reveal(k->seed), 32);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = SIGNATURE_LEN;

	must(key != NULL && ctx != NULL);
	must(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key));
	must(EVP_DigestSign(ctx, out, &n, data, len));
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

static bool ed25519_holds(const struct minisign_public *public,
    const void *data, size_t len, const uint8_t signature[SIGNATURE_LEN])
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_ED25519, NULL, public->key, 32);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(key != NULL && ctx != NULL);
	must(EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key));
	int ok = EVP_DigestVerify(ctx, signature, SIGNATURE_LEN, data, len);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok == 1;
}

/* ---- secret keys ---- */

static uint64_t little_endian(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* libsodium's crypto_pwhash_scryptsalsa208sha256: limits on work and memory
 * become scrypt's N and p; r is 8. */
static int scrypt_parameters(
    uint64_t work, uint64_t memory, uint64_t *n, uint64_t *p)
{
	enum { R = 8 };
	unsigned log_n = 1;

	if (work < 32768)
		work = 32768;
	bool by_work = work < memory / 32;
	uint64_t max_n = by_work ? work / (R * 4) : memory / (R * 128);
	while (log_n < 63 && UINT64_C(1) << log_n <= max_n / 2)
		log_n++;
	*n = UINT64_C(1) << log_n;
	*p = 1;
	if (!by_work) {
		uint64_t max_rp = work / 4 / *n;
		*p = (max_rp > 0x3fffffff ? 0x3fffffff : max_rp) / R;
	}
	/* 4 GiB and some minutes, at most. */
	return log_n > 22 || *p < 1 || *p > 64 ? -1 : 0;
}

static int uncover(uint8_t raw[SECRET_LEN], const struct secret *password,
    const char *name, struct err *err)
{
	const uint8_t *salt = raw + 6;
	uint64_t n, p;
	uint8_t stream[COVERED_LEN];

	if (!password)
		return err_set(err, ERR_DENIED,
		    "the secret key '%s' is encrypted: give its password, or "
		    "make one without ('minisign -G -W')",
		    name);
	if (scrypt_parameters(little_endian(salt + SALT_LEN),
		little_endian(salt + SALT_LEN + 8), &n, &p))
		return err_set(err, ERR_FORMAT,
		    "the secret key '%s' asks for too much work to open it",
		    name);
	if (EVP_PBE_scrypt(secret_reveal(password), secret_len(password), salt,
		SALT_LEN, n, 8, p, n * 1024 + p * 1024 + (1 << 20), stream,
		sizeof stream) != 1)
		return err_set(err, ERR_SYSTEM,
		    "opening the secret key '%s' needs %llu MiB of memory",
		    name, (unsigned long long)(n / 1024));
	for (size_t i = 0; i < COVERED_LEN; i++)
		raw[SECRET_LEN - COVERED_LEN + i] ^= stream[i];
	mem_wipe(stream, sizeof stream);
	return 0;
}

static struct minisign_key *key_from_raw(uint8_t raw[SECRET_LEN],
    const struct secret *password, const char *name, struct err *err)
{
	bool covered = memcmp(raw + 2, "Sc", 2) == 0;
	const uint8_t *id = raw + SECRET_LEN - COVERED_LEN;
	const uint8_t *seed = id + KEY_NUMBER_LEN;
	struct minisign_public public;

	if (memcmp(raw, "Ed", 2) != 0 || memcmp(raw + 4, "B2", 2) != 0 ||
	    (!covered && (raw[2] || raw[3]))) {
		err_set(err, ERR_FORMAT,
		    "'%s' is a secret key of an unknown kind", name);
		return NULL;
	}
	if (covered && uncover(raw, password, name, err))
		return NULL;
	/* The public half beside the seed tells a wrong password. */
	public_of_seed(seed, public.key);
	if (!digest_equal(public.key, seed + 32, 32)) {
		err_set(err, covered ? ERR_DENIED : ERR_FORMAT,
		    covered ? "wrong password for the secret key '%s'"
			    : "the secret key '%s' is damaged",
		    name);
		return NULL;
	}
	memcpy(public.id, id, sizeof public.id);
	struct minisign_key *k = mem_new(struct minisign_key);
	k->public = public;
	k->seed = secret_new(seed, 32);
	return k;
}

struct minisign_key *minisign_key_parse(const struct secret *text,
    const struct secret *password, const char *name, struct err *err)
{
	struct line lines[2];
	uint8_t raw[SECRET_LEN];
	int n = split(secret_reveal(text), secret_len(text), lines, 2);

	if (n != 2 || !line_starts(&lines[0], UNTRUSTED) ||
	    decode_line(&lines[1], raw, sizeof raw)) {
		err_set(err, ERR_FORMAT,
		    "'%s' is no minisign secret key, as 'minisign -G -W' or "
		    "'backstay-restore keygen' make it",
		    name);
		return NULL;
	}
	struct minisign_key *k = key_from_raw(raw, password, name, err);
	mem_wipe(raw, sizeof raw);
	return k;
}

struct minisign_key *minisign_key_read(
    const char *path, const struct secret *password, struct err *err)
{
	cleanup(secret_freep) struct secret *text = secret_from_file(path, err);

	if (!text) {
		err_wrap(err, "reading the signing key");
		return NULL;
	}
	return minisign_key_parse(text, password, path, err);
}

void minisign_key_free(struct minisign_key *k)
{
	if (!k)
		return;
	secret_free(k->seed);
	free(k);
}

void minisign_key_freep(struct minisign_key **k)
{
	minisign_key_free(*k);
}

const struct minisign_public *minisign_key_public(const struct minisign_key *k)
{
	return &k->public;
}

/* ---- signatures ---- */

int minisign_sign(const struct minisign_key *k, const void *data, size_t len,
    const char *trusted_comment, struct buf *signature, struct err *err)
{
	cleanup(buf_done) struct buf global = BUF_INIT;
	uint8_t digest[DIGEST_BLAKE2B_LEN], raw[SIGNED_LEN];
	uint8_t over_comment[SIGNATURE_LEN];
	char id[MINISIGN_KEY_ID_TEXT];

	if (strpbrk(trusted_comment, "\r\n") ||
	    strlen(trusted_comment) > COMMENT_MAX)
		return err_set(err, ERR_FORMAT,
		    "a trusted comment is one line of up to %d bytes",
		    COMMENT_MAX);
	digest_of(DIGEST_BLAKE2B, data, len, digest);
	memcpy(raw, "ED", 2);
	memcpy(raw + 2, k->public.id, KEY_NUMBER_LEN);
	ed25519_sign(
	    k, digest, sizeof digest, raw + SIGNED_LEN - SIGNATURE_LEN);
	buf_add(&global, raw + SIGNED_LEN - SIGNATURE_LEN, SIGNATURE_LEN);
	buf_add_str(&global, trusted_comment);
	ed25519_sign(k, global.data, global.len, over_comment);

	minisign_key_id(&k->public, id);
	buf_printf(signature, UNTRUSTED "signature by minisign key %s\n", id);
	base64_add(signature, raw, sizeof raw, true);
	buf_printf(signature, "\n" TRUSTED "%s\n", trusted_comment);
	base64_add(signature, over_comment, sizeof over_comment, true);
	buf_add_char(signature, '\n');
	return 0;
}

static const struct minisign_public *find_key(
    const struct minisign_publics *keys, const uint8_t *id)
{
	VEC_EACH (keys, k)
		if (memcmp(k->id, id, sizeof k->id) == 0)
			return k;
	return NULL;
}

static int check_signature(const struct minisign_publics *keys,
    const uint8_t raw[SIGNED_LEN], const void *data, size_t len,
    const struct line *comment, const uint8_t over_comment[SIGNATURE_LEN],
    struct err *err)
{
	cleanup(buf_done) struct buf global = BUF_INIT;
	uint8_t digest[DIGEST_BLAKE2B_LEN];
	struct minisign_public by;
	char id[MINISIGN_KEY_ID_TEXT];

	memcpy(by.id, raw + 2, sizeof by.id);
	minisign_key_id(&by, id);
	const struct minisign_public *key = find_key(keys, by.id);
	if (!key)
		return err_set(err, ERR_INTEGRITY,
		    "it was signed by key %s, which is not among the %zu "
		    "trusted ones",
		    id, keys->len);
	digest_of(DIGEST_BLAKE2B, data, len, digest);
	if (!ed25519_holds(
		key, digest, sizeof digest, raw + SIGNED_LEN - SIGNATURE_LEN))
		return err_set(err, ERR_INTEGRITY,
		    "the signature by key %s does not fit: the content was "
		    "changed or the signature forged",
		    id);
	buf_add(&global, raw + SIGNED_LEN - SIGNATURE_LEN, SIGNATURE_LEN);
	buf_add(&global, comment->text, comment->len);
	if (!ed25519_holds(key, global.data, global.len, over_comment))
		return err_set(err, ERR_INTEGRITY,
		    "the trusted comment of the signature was changed");
	return 0;
}

int minisign_verify(const struct minisign_publics *keys, const void *data,
    size_t len, const char *signature, size_t signature_len,
    char **trusted_comment, struct err *err)
{
	struct line lines[4];
	uint8_t raw[SIGNED_LEN], over_comment[SIGNATURE_LEN];
	int n = signature_len > MINISIGN_MAX_BYTES
		    ? -1
		    : split(signature, signature_len, lines, 4);

	if (n != 4 || !line_starts(&lines[0], UNTRUSTED) ||
	    decode_line(&lines[1], raw, sizeof raw) ||
	    !line_starts(&lines[2], TRUSTED) ||
	    decode_line(&lines[3], over_comment, sizeof over_comment))
		return err_set(
		    err, ERR_FORMAT, "this is no minisign signature");
	if (memcmp(raw, "ED", 2) != 0)
		return err_set(err, ERR_FORMAT,
		    "the signature is of a kind that is not accepted; only "
		    "prehashed ones are");
	struct line comment = {.text = lines[2].text + strlen(TRUSTED),
	    .len = lines[2].len - strlen(TRUSTED)};
	if (check_signature(keys, raw, data, len, &comment, over_comment, err))
		return -1;
	if (trusted_comment)
		*trusted_comment = str_ndup(comment.text, comment.len);
	return 0;
}

struct secret *minisign_keygen(
    const struct random *random, struct buf *public_text)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	struct minisign_public public;
	uint8_t raw[SECRET_LEN] = {0};
	uint8_t public_raw[PUBLIC_LEN] = "Ed";
	uint8_t *covered = raw + SECRET_LEN - COVERED_LEN;
	char id[MINISIGN_KEY_ID_TEXT];

	memcpy(raw, "Ed", 2);
	memcpy(raw + 4, "B2", 2);
	random_fill(random, covered, KEY_NUMBER_LEN + 32);
	memcpy(public.id, covered, sizeof public.id);
	public_of_seed(covered + KEY_NUMBER_LEN, public.key);
	memcpy(covered + KEY_NUMBER_LEN + 32, public.key, 32);

	memcpy(public_raw + 2, public.id, sizeof public.id);
	memcpy(public_raw + 2 + sizeof public.id, public.key, 32);
	minisign_key_id(&public, id);
	buf_printf(public_text, UNTRUSTED "minisign public key %s\n", id);
	base64_add(public_text, public_raw, sizeof public_raw, true);
	buf_add_char(public_text, '\n');

	buf_reserve(&text, 1024);
	buf_add_str(&text, UNTRUSTED "minisign secret key\n");
	base64_add(&text, raw, sizeof raw, true);
	buf_add_char(&text, '\n');
	mem_wipe(raw, sizeof raw);
	return secret_new(text.data, text.len);
}
