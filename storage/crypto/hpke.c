#include "storage/crypto/hpke.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"

#include <string.h>

enum {
	KDF_HKDF_SHA256 = 0x0001,
	AEAD_CHACHA20_POLY1305 = 0x0003,
	MODE_BASE = 0,
	MAX_LABELED = 256 /* more than any of the inputs here takes */
};

static void add_u16(struct buf *out, unsigned value)
{
	buf_add_char(out, (char)(value >> 8 & 0xff));
	buf_add_char(out, (char)(value & 0xff));
}

/* Which algorithms a key is for: it is no other's. */
static void add_suite(struct buf *out, uint16_t kem_id)
{
	buf_add_str(out, "HPKE");
	add_u16(out, kem_id);
	add_u16(out, KDF_HKDF_SHA256);
	add_u16(out, AEAD_CHACHA20_POLY1305);
}

/* LabeledExtract (section 4); salt NULL: none. */
static void extract(uint16_t kem_id, const uint8_t *salt, const char *label,
    const void *ikm, size_t len, uint8_t out[DIGEST_SHA256_LEN])
{
	static const uint8_t no_salt[DIGEST_SHA256_LEN];
	cleanup(buf_wipe) struct buf labeled = BUF_INIT;

	buf_reserve(&labeled, MAX_LABELED + len);
	buf_add_str(&labeled, "HPKE-v1");
	add_suite(&labeled, kem_id);
	buf_add_str(&labeled, label);
	buf_add(&labeled, ikm, len);
	digest_hmac_sha256(salt ? salt : no_salt, DIGEST_SHA256_LEN,
	    labeled.data, labeled.len, out);
}

/* LabeledExpand (section 4), for up to one block of HKDF. */
static void expand(uint16_t kem_id, const uint8_t prk[DIGEST_SHA256_LEN],
    const char *label, const struct buf *context, uint8_t *out, size_t len)
{
	cleanup(buf_done) struct buf labeled = BUF_INIT;
	uint8_t block[DIGEST_SHA256_LEN];

	add_u16(&labeled, (unsigned)len);
	buf_add_str(&labeled, "HPKE-v1");
	add_suite(&labeled, kem_id);
	buf_add_str(&labeled, label);
	buf_add(&labeled, context->data, context->len);
	buf_add_char(&labeled, 1); /* the number of the block */
	digest_hmac_sha256(
	    prk, DIGEST_SHA256_LEN, labeled.data, labeled.len, block);
	memcpy(out, block, len);
	mem_wipe(block, sizeof block);
}

void hpke_key_schedule(uint16_t kem_id, const uint8_t shared[HPKE_SHARED_LEN],
    const char *info, uint8_t key[HPKE_KEY_LEN], uint8_t nonce[HPKE_NONCE_LEN])
{
	cleanup(buf_done) struct buf context = BUF_INIT;
	uint8_t digest[DIGEST_SHA256_LEN], secret[DIGEST_SHA256_LEN];

	buf_add_char(&context, MODE_BASE);
	/* Mode base has no pre-shared key. */
	extract(kem_id, NULL, "psk_id_hash", "", 0, digest);
	buf_add(&context, digest, sizeof digest);
	extract(kem_id, NULL, "info_hash", info, strlen(info), digest);
	buf_add(&context, digest, sizeof digest);
	extract(kem_id, shared, "secret", "", 0, secret);
	expand(kem_id, secret, "key", &context, key, HPKE_KEY_LEN);
	expand(kem_id, secret, "base_nonce", &context, nonce, HPKE_NONCE_LEN);
	mem_wipe(secret, sizeof secret);
}
