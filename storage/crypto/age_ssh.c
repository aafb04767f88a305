#include "storage/crypto/age_ssh.h"

#include "storage/base/base64.h"
#include "storage/base/be.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/crypto/age_crypto.h"

#include <stdlib.h>
#include <string.h>

#define PEM_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define PEM_END "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC "openssh-key-v1"

enum {
	POINT_LEN = 32,
	PRIVATE_LEN = 64, /* the seed, and the public key again */
};

/* ---- RFC 4251 strings ---- */

struct wire {
	const uint8_t *at;
	const uint8_t *end;
};

static int read_u32(struct wire *w, uint32_t *value)
{
	if (w->end - w->at < 4)
		return -1;
	*value = be_read32(w->at);
	w->at += 4;
	return 0;
}

static int read_string(struct wire *w, struct wire *string)
{
	uint32_t len;

	if (read_u32(w, &len) || len > (size_t)(w->end - w->at))
		return -1;
	*string = (struct wire){w->at, w->at + len};
	w->at += len;
	return 0;
}

static int is_text(const struct wire *w, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(w->end - w->at) == len && !memcmp(w->at, text, len);
}

/* ---- public keys ---- */

/* The bytes of an SSH public key, all of them. */
static int read_public(struct wire all, struct age_ssh_key *key,
    uint8_t point[POINT_LEN], struct err *err)
{
	uint8_t digest[DIGEST_SHA256_LEN];
	struct wire rest = all, type, raw;

	if (read_string(&rest, &type) || !is_text(&type, AGE_SSH_TYPE) ||
	    read_string(&rest, &raw) || rest.at != rest.end ||
	    raw.end - raw.at != POINT_LEN)
		return err_set(err, ERR_FORMAT,
		    "the SSH key is damaged, or not an Ed25519 key");
	memcpy(point, raw.at, POINT_LEN);
	if (age_x25519_of_ed25519(point, key->point))
		return err_set(
		    err, ERR_FORMAT, "the SSH key is a point that no key has");
	const size_t len = (size_t)(all.end - all.at);
	age_hkdf("", 0, all.at, len, AGE_SSH_LABEL, key->tweak);
	digest_of(DIGEST_SHA256, all.at, len, digest);
	memcpy(key->tag, digest, AGE_SSH_TAG_LEN);
	return 0;
}

int age_ssh_recipient(
    const char *text, struct age_ssh_key *key, struct err *err)
{
	cleanup(buf_done) struct buf raw = BUF_INIT;
	uint8_t point[POINT_LEN];

	if (!str_starts(text, AGE_SSH_TYPE " "))
		return err_set(err, ERR_FORMAT,
		    "recipient '%.20s...': of SSH keys only those of Ed25519 "
		    "(" AGE_SSH_TYPE ") can be recipients",
		    text);
	text += strlen(AGE_SSH_TYPE " ");
	text += strspn(text, " ");
	if (base64_decode(text, strcspn(text, " \r\n"), true, &raw))
		return err_set(err, ERR_FORMAT,
		    "a recipient " AGE_SSH_TYPE
		    " has a key that is not base64");
	return read_public((struct wire){(const uint8_t *)buf_str(&raw),
			       (const uint8_t *)buf_str(&raw) + raw.len},
	    key, point, err);
}

/* ---- private keys ---- */

static int damaged(struct err *err)
{
	return err_set(err, ERR_FORMAT, "the SSH key is damaged");
}

/* What is left after the public part, where no passphrase protects it. */
static int read_private(struct wire w, const uint8_t point[POINT_LEN],
    uint8_t secret[32], struct err *err)
{
	struct wire type, public, private;
	uint32_t check, again;

	if (read_u32(&w, &check) || read_u32(&w, &again) || check != again ||
	    read_string(&w, &type) || !is_text(&type, AGE_SSH_TYPE) ||
	    read_string(&w, &public) || public.end - public.at != POINT_LEN ||
	    read_string(&w, &private) ||
	    private.end - private.at != PRIVATE_LEN ||
	    memcmp(public.at, point, POINT_LEN) != 0)
		return damaged(err);
	age_x25519_of_ed25519_secret(private.at, secret);
	return 0;
}

static int read_key(
    struct wire w, uint8_t secret[32], struct age_ssh_key *key, struct err *err)
{
	struct wire cipher, kdf, options, public, private;
	uint8_t point[POINT_LEN];
	uint32_t count;

	/* The magic ends in a NUL. */
	if ((size_t)(w.end - w.at) < sizeof MAGIC ||
	    memcmp(w.at, MAGIC, sizeof MAGIC) != 0)
		return damaged(err);
	w.at += sizeof MAGIC;
	if (read_string(&w, &cipher) || read_string(&w, &kdf) ||
	    read_string(&w, &options) || read_u32(&w, &count) || count != 1 ||
	    read_string(&w, &public) || read_string(&w, &private))
		return damaged(err);
	if (!is_text(&cipher, "none"))
		return err_set(err, ERR_FORMAT,
		    "a passphrase protects the SSH key: give a copy without "
		    "one (ssh-keygen -p -f COPY)");
	return read_public(public, key, point, err) ||
		       read_private(private, point, secret, err)
		   ? -1
		   : 0;
}

int age_ssh_identity(const char *text, size_t *len, uint8_t secret[32],
    struct age_ssh_key *key, struct err *err)
{
	cleanup(buf_wipe) struct buf digits = BUF_INIT;
	cleanup(buf_wipe) struct buf raw = BUF_INIT;
	const char *end = memmem(text, *len, PEM_END, strlen(PEM_END));

	if (*len < strlen(PEM_BEGIN) ||
	    memcmp(text, PEM_BEGIN, strlen(PEM_BEGIN)) != 0 || !end)
		return err_set(err, ERR_FORMAT,
		    "this is not a private key of OpenSSH, or it is cut off");
	buf_reserve(&digits, *len);
	buf_reserve(&raw, *len);
	for (const char *c = text + strlen(PEM_BEGIN); c < end; c++)
		if (*c != '\r' && *c != '\n')
			buf_add_char(&digits, *c);
	if (base64_decode(buf_str(&digits), digits.len, true, &raw))
		return damaged(err);
	*len = (size_t)(end - text) + strlen(PEM_END);
	return read_key((struct wire){(const uint8_t *)buf_str(&raw),
			    (const uint8_t *)buf_str(&raw) + raw.len},
	    secret, key, err);
}
