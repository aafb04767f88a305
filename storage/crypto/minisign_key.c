/* The secret keys of minisign.h, with and without a password. */
#include "storage/crypto/minisign_text.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/crypto/age_crypto.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* key id, seed and public key, checksum: what a password covers */
	COVERED_LEN = MINISIGN_KEY_ID_LEN + 64 + 32,
	SALT_LEN = 32,
	/* algorithm, derivation, checksum kind, salt, two limits */
	SECRET_LEN = 6 + SALT_LEN + 16 + COVERED_LEN
};

static void public_of_seed(const uint8_t seed[32], uint8_t out[32])
{
	EVP_PKEY *key =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
	size_t len = 32;

	if (!key || EVP_PKEY_get_raw_public_key(key, out, &len) != 1)
		abort();
	EVP_PKEY_free(key);
}

static uint64_t little_endian(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* libsodium's crypto_pwhash_scryptsalsa208sha256: its limits on work and memory
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
	/* At most 4 GiB and some minutes. */
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
	const uint8_t *seed = id + MINISIGN_KEY_ID_LEN;
	struct minisign_public public;

	if (memcmp(raw, "Ed", 2) != 0 || memcmp(raw + 4, "B2", 2) != 0 ||
	    (!covered && (raw[2] || raw[3]))) {
		err_set(err, ERR_FORMAT,
		    "'%s' is a secret key of an unknown kind", name);
		return NULL;
	}
	if (covered && uncover(raw, password, name, err))
		return NULL;
	/* The public key beside the seed shows whether the password was right.
	 */
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
	struct minisign_line lines[2];
	uint8_t raw[SECRET_LEN];
	int n = minisign_lines(secret_reveal(text), secret_len(text), lines, 2);

	if (n != 2 || !minisign_line_starts(&lines[0], MINISIGN_UNTRUSTED) ||
	    minisign_line_decode(&lines[1], raw, sizeof raw)) {
		err_set(err, ERR_FORMAT,
		    "'%s' is not a minisign secret key, as 'minisign -G -W' or "
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

struct secret *minisign_keygen(
    const struct random *random, struct buf *public_text)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	struct minisign_public public;
	uint8_t raw[SECRET_LEN] = {0};
	uint8_t public_raw[MINISIGN_PUBLIC_LEN] = "Ed";
	uint8_t *covered = raw + SECRET_LEN - COVERED_LEN;
	char id[MINISIGN_KEY_ID_TEXT];

	memcpy(raw, "Ed", 2);
	memcpy(raw + 4, "B2", 2);
	random_fill(random, covered, MINISIGN_KEY_ID_LEN + 32);
	memcpy(public.id, covered, sizeof public.id);
	public_of_seed(covered + MINISIGN_KEY_ID_LEN, public.key);
	memcpy(covered + MINISIGN_KEY_ID_LEN + 32, public.key, 32);

	memcpy(public_raw + 2, public.id, sizeof public.id);
	memcpy(public_raw + 2 + sizeof public.id, public.key, 32);
	minisign_key_id(&public, id);
	buf_printf(
	    public_text, MINISIGN_UNTRUSTED "minisign public key %s\n", id);
	base64_add(public_text, public_raw, sizeof public_raw, true);
	buf_add_char(public_text, '\n');

	buf_reserve(&text, 1024);
	buf_add_str(&text, MINISIGN_UNTRUSTED "minisign secret key\n");
	base64_add(&text, raw, sizeof raw, true);
	buf_add_char(&text, '\n');
	mem_wipe(raw, sizeof raw);
	return secret_new(text.data, text.len);
}

struct secret *minisign_key_derive(
    const struct minisign_key *k, const char *purpose)
{
	uint8_t raw[AGE_KEY_LEN];

	age_hkdf(
	    secret_reveal(k->seed), secret_len(k->seed), NULL, 0, purpose, raw);
	struct secret *derived = secret_new(raw, sizeof raw);
	mem_wipe(raw, sizeof raw);
	return derived;
}
