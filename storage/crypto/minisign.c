#include "storage/crypto/minisign.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/crypto/minisign_text.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	SIGNATURE_LEN = MINISIGN_RAW_LEN,
	/* algorithm, key id, signature */
	SIGNED_LEN = 2 + MINISIGN_KEY_ID_LEN + SIGNATURE_LEN
};

/* ---- public keys ---- */

int minisign_public_parse(const char *text, size_t len, const char *name,
    struct minisign_public *out, struct err *err)
{
	struct minisign_line lines[2];
	uint8_t raw[MINISIGN_PUBLIC_LEN];
	int n =
	    len > MINISIGN_MAX_BYTES ? -1 : minisign_lines(text, len, lines, 2);

	if (n < 1 ||
	    (n == 2 && !minisign_line_starts(&lines[0], MINISIGN_UNTRUSTED)) ||
	    minisign_line_decode(&lines[n - 1], raw, sizeof raw) ||
	    memcmp(raw, "Ed", 2) != 0)
		return err_set(err, ERR_FORMAT,
		    "'%s' is not a minisign public key: 56 characters that "
		    "start "
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

void minisign_raw_sign(const struct minisign_key *k, const void *data,
    size_t len, uint8_t out[MINISIGN_RAW_LEN])
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

bool minisign_raw_holds(const struct minisign_public *public, const void *data,
    size_t len, const uint8_t signature[MINISIGN_RAW_LEN])
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

/* ---- signatures ---- */

int minisign_sign(const struct minisign_key *k, const void *data, size_t len,
    const char *trusted_comment, struct buf *signature, struct err *err)
{
	cleanup(buf_done) struct buf global = BUF_INIT;
	uint8_t digest[DIGEST_BLAKE2B_LEN], raw[SIGNED_LEN];
	uint8_t over_comment[SIGNATURE_LEN];
	char id[MINISIGN_KEY_ID_TEXT];

	if (strpbrk(trusted_comment, "\r\n") ||
	    strlen(trusted_comment) > MINISIGN_COMMENT_MAX)
		return err_set(err, ERR_FORMAT,
		    "a trusted comment is one line of up to %d bytes",
		    MINISIGN_COMMENT_MAX);
	digest_of(DIGEST_BLAKE2B, data, len, digest);
	memcpy(raw, "ED", 2);
	memcpy(raw + 2, k->public.id, MINISIGN_KEY_ID_LEN);
	minisign_raw_sign(
	    k, digest, sizeof digest, raw + SIGNED_LEN - SIGNATURE_LEN);
	buf_add(&global, raw + SIGNED_LEN - SIGNATURE_LEN, SIGNATURE_LEN);
	buf_add_str(&global, trusted_comment);
	minisign_raw_sign(k, global.data, global.len, over_comment);

	minisign_key_id(&k->public, id);
	buf_printf(
	    signature, MINISIGN_UNTRUSTED "signature by minisign key %s\n", id);
	base64_add(signature, raw, sizeof raw, true);
	buf_printf(signature, "\n" MINISIGN_TRUSTED "%s\n", trusted_comment);
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

bool minisign_has_key(
    const struct minisign_publics *keys, const struct minisign_public *key)
{
	return find_key(keys, key->id) != NULL;
}

static int check_signature(const struct minisign_publics *keys,
    const uint8_t raw[SIGNED_LEN], const void *data, size_t len,
    const struct minisign_line *comment,
    const uint8_t over_comment[SIGNATURE_LEN], struct err *err)
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
		    "it was signed by key %s, which is not trusted: name its "
		    "public key, if it is yours",
		    id);
	digest_of(DIGEST_BLAKE2B, data, len, digest);
	if (!minisign_raw_holds(
		key, digest, sizeof digest, raw + SIGNED_LEN - SIGNATURE_LEN))
		return err_set(err, ERR_INTEGRITY,
		    "the signature by key %s does not fit: the content was "
		    "changed or the signature forged",
		    id);
	buf_add(&global, raw + SIGNED_LEN - SIGNATURE_LEN, SIGNATURE_LEN);
	buf_add(&global, comment->text, comment->len);
	if (!minisign_raw_holds(key, global.data, global.len, over_comment))
		return err_set(err, ERR_INTEGRITY,
		    "the trusted comment of the signature was changed");
	return 0;
}

int minisign_verify(const struct minisign_publics *keys, const void *data,
    size_t len, const char *signature, size_t signature_len,
    char **trusted_comment, struct err *err)
{
	struct minisign_line lines[4];
	uint8_t raw[SIGNED_LEN], over_comment[SIGNATURE_LEN];
	int n = signature_len > MINISIGN_MAX_BYTES
		    ? -1
		    : minisign_lines(signature, signature_len, lines, 4);

	if (n != 4 || !minisign_line_starts(&lines[0], MINISIGN_UNTRUSTED) ||
	    minisign_line_decode(&lines[1], raw, sizeof raw) ||
	    !minisign_line_starts(&lines[2], MINISIGN_TRUSTED) ||
	    minisign_line_decode(&lines[3], over_comment, sizeof over_comment))
		return err_set(
		    err, ERR_FORMAT, "this is not a minisign signature");
	if (memcmp(raw, "ED", 2) != 0)
		return err_set(err, ERR_FORMAT,
		    "the signature is of a kind that is not accepted; only "
		    "prehashed ones are");
	struct minisign_line comment = {
	    .text = lines[2].text + strlen(MINISIGN_TRUSTED),
	    .len = lines[2].len - strlen(MINISIGN_TRUSTED)};
	if (check_signature(keys, raw, data, len, &comment, over_comment, err))
		return -1;
	if (trusted_comment)
		*trusted_comment = str_ndup(comment.text, comment.len);
	return 0;
}
