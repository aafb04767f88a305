#include "storage/crypto/openpgp.h"

#include "storage/base/base64.h"
#include "storage/base/be.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/hex.h"

#include <string.h>

#define DASHES "-----"
#define BEGIN DASHES "BEGIN PGP PRIVATE KEY BLOCK" DASHES

enum { TAG_SECRET_KEY = 5, TAG_SECRET_SUBKEY = 7 };
/* https://www.rfc-editor.org/rfc/rfc9580#section-9.1 */
enum {
	RSA = 1,
	RSA_ENCRYPT = 2,
	RSA_SIGN = 3,
	KYBER = 8, /* of LibrePGP */
	ELGAMAL = 16,
	DSA = 17,
	ECDH = 18,
	ECDSA = 19,
	EDDSA_LEGACY = 22,
	X25519 = 25,
	X448 = 26,
	ED25519 = 27,
	ED448 = 28,
	ML_DSA_65_ED25519 = 30,
	SLH_DSA_SHAKE_256S = 34,
	ML_KEM_768_X25519 = 35,
	ML_KEM_1024_X448 = 36,
};
enum { KEY_ID_LEN = 8 };

struct span {
	const uint8_t *at, *end;
};

static size_t left_of(const struct span *s)
{
	return (size_t)(s->end - s->at);
}

static bool skip(struct span *s, size_t len)
{
	if (left_of(s) < len)
		return false;
	s->at += len;
	return true;
}

/* ---- packets ------------------------------------------------------------- */

/* Of the length of a packet: how many bytes say it, and what it is. 0: it is
 * said in parts, which a key may not be, or cut. */
static size_t old_length(const struct span *s, size_t *len)
{
	const uint8_t *p = s->at + 1;
	size_t bytes = (size_t)1 << (s->at[0] & 3);

	if (bytes == 8) { /* to the end */
		*len = left_of(s) - 1;
		return 1;
	}
	if (left_of(s) < 1 + bytes)
		return 0;
	*len = bytes == 1   ? p[0]
	       : bytes == 2 ? (size_t)p[0] << 8 | p[1]
			    : be_read32(p);
	return 1 + bytes;
}

static size_t new_length(const struct span *s, size_t *len)
{
	const uint8_t *p = s->at + 1;
	size_t left = left_of(s) - 1;

	if (left >= 1 && p[0] < 192) {
		*len = p[0];
		return 2;
	}
	if (left >= 2 && p[0] < 224) {
		*len = ((size_t)(p[0] - 192) << 8) + p[1] + 192;
		return 3;
	}
	if (left >= 5 && p[0] == 255) {
		*len = be_read32(p + 1);
		return 6;
	}
	return 0;
}

/* Takes a packet off the front: its tag; -1 where no whole one is left. */
static int next_packet(struct span *s, struct span *body)
{
	size_t len = 0, head;

	if (!left_of(s) || !(s->at[0] & 0x80))
		return -1;
	bool old = !(s->at[0] & 0x40);
	int tag = old ? s->at[0] >> 2 & 15 : s->at[0] & 63;
	head = old ? old_length(s, &len) : new_length(s, &len);
	if (!head || left_of(s) - head < len)
		return -1;
	*body = (struct span){s->at + head, s->at + head + len};
	s->at = body->end;
	return tag;
}

/* ---- keys ---------------------------------------------------------------- */

/* A number of so many bits, which its first two bytes say. */
static bool skip_numbers(struct span *s, size_t count)
{
	while (count--) {
		if (left_of(s) < 2)
			return false;
		size_t bits = (size_t)s->at[0] << 8 | s->at[1];
		if (!skip(s, 2 + (bits + 7) / 8))
			return false;
	}
	return true;
}

/* What its first byte counts. */
static bool skip_counted(struct span *s)
{
	return left_of(s) && skip(s, 1 + (size_t)s->at[0]);
}

/* In version 4, where the public part ends follows from the algorithm alone. */
static bool skip_public(struct span *s, int algorithm)
{
	switch (algorithm) {
	case RSA:
	case RSA_ENCRYPT:
	case RSA_SIGN:
		return skip_numbers(s, 2);
	case ELGAMAL:
		return skip_numbers(s, 3);
	case DSA:
		return skip_numbers(s, 4);
	case ECDSA:
	case EDDSA_LEGACY:
		return skip_counted(s) && skip_numbers(s, 1);
	case ECDH:
		return skip_counted(s) && skip_numbers(s, 1) && skip_counted(s);
	case X25519:
	case ED25519:
		return skip(s, 32);
	case X448:
		return skip(s, 56);
	case ML_KEM_768_X25519:
		return skip(s, 32 + 1184);
	case ED448:
		return skip(s, 57);
	default:
		return false;
	}
}

/* Of a version with a fingerprint of its own: a length of four bytes. */
static bool skip_public_counted(struct span *s)
{
	if (left_of(s) < 4)
		return false;
	size_t len = be_read32(s->at);
	return skip(s, 4) && skip(s, len);
}

enum use { USE_SIGN, USE_DECRYPT, USE_UNKNOWN };

static enum use use_of(int algorithm)
{
	switch (algorithm) {
	case RSA:
	case RSA_ENCRYPT:
	case KYBER:
	case ELGAMAL:
	case ECDH:
	case X25519:
	case X448:
	case ML_KEM_768_X25519:
	case ML_KEM_1024_X448:
		return USE_DECRYPT;
	case RSA_SIGN:
	case DSA:
	case ECDSA:
	case EDDSA_LEGACY:
	case ED25519:
	case ED448:
	case ML_DSA_65_ED25519 ... SLH_DSA_SHAKE_256S:
		return USE_SIGN;
	default:
		return USE_UNKNOWN;
	}
}

/* GnuPG's own way to say that the secret is elsewhere: "private use" 101 as the
 * kind of how a passphrase becomes a key. Before the kind there are the cipher
 * and, with AEAD, its mode; since version 5 how long all of this is, and in
 * version 6 how long the kind with what it takes is. */
static bool has_secret(int version, const struct span *secret)
{
	enum { WITH_AEAD = 253, WITH_SUM = 255, STUB = 101 };
	const uint8_t *p = secret->at;
	size_t left = left_of(secret);

	if (!left || p[0] < WITH_AEAD)
		return left;
	size_t kind = (size_t)2 + (p[0] == WITH_AEAD) + (version >= 5) +
		      (version == 6 && p[0] != WITH_SUM);
	return left > kind && p[kind] != STUB;
}

/* https://www.rfc-editor.org/rfc/rfc9580#section-5.5.4 */
static void fingerprint(struct openpgp_key *key, const struct span *public)
{
	size_t len = left_of(public);
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (key->version == 4) {
		const uint8_t head[] = {
		    0x99, (uint8_t)(len >> 8), (uint8_t)len};
		buf_add(&text, head, sizeof(head));
	} else {
		buf_add_char(&text, key->version == 5 ? '\x9a' : '\x9b');
		be_add32(&text, (uint32_t)len);
	}
	buf_add(&text, public->at, len);
	key->len = key->version == 4 ? DIGEST_SHA1_LEN : DIGEST_SHA256_LEN;
	digest_of(key->version == 4 ? DIGEST_SHA1 : DIGEST_SHA256,
	    buf_str(&text), text.len, key->fingerprint);
}

/* Of one certificate, what is known so far. */
struct certificate {
	size_t first; /* of its keys among all */
	bool decrypts;
	uint8_t unknown; /* an algorithm of it; 0: none */
};

static void note_use(struct certificate *c, int version, int algorithm,
    const struct span *secret)
{
	enum use use = use_of(algorithm);

	if (use == USE_SIGN || !has_secret(version, secret))
		return;
	if (use == USE_DECRYPT)
		c->decrypts = true;
	else
		c->unknown = (uint8_t)algorithm;
}

/* False: it is of a kind that is not known. */
static bool read_key(
    const struct span *body, struct openpgp_key *key, struct certificate *c)
{
	enum { FIXED = 6 }; /* the version, four bytes of time, the algorithm */
	struct span rest = *body;

	if (!skip(&rest, FIXED))
		return false;
	int version = body->at[0], algorithm = body->at[FIXED - 1];
	if (version < 4 || version > 6)
		return false;
	if (version == 4 && use_of(algorithm) == USE_UNKNOWN)
		c->unknown = (uint8_t)algorithm;
	if (version == 4 ? !skip_public(&rest, algorithm)
			 : !skip_public_counted(&rest))
		return false;
	const struct span public = {body->at, rest.at};
	/* Version 4 has two bytes for it. */
	if (version == 4 && left_of(&public) > UINT16_MAX)
		return false;
	key->version = (uint8_t)version;
	fingerprint(key, &public);
	note_use(c, version, algorithm, &rest);
	return true;
}

static void end_certificate(struct certificate *c, struct openpgp_keys *out)
{
	if (!c->decrypts && !c->unknown)
		out->len = c->first;
	for (size_t i = c->first; !c->decrypts && i < out->len; i++)
		out->items[i].unknown = c->unknown;
	*c = (struct certificate){.first = out->len};
}

static void read_packets(struct span block, struct openpgp_keys *out)
{
	struct certificate c = {.first = out->len};
	struct span body;
	int tag;

	while ((tag = next_packet(&block, &body)) >= 0) {
		struct openpgp_key key = {.len = 0};
		if (tag == TAG_SECRET_KEY)
			end_certificate(&c, out);
		if ((tag != TAG_SECRET_KEY && tag != TAG_SECRET_SUBKEY) ||
		    !read_key(&body, &key, &c))
			continue;
		*vec_add(out) = key;
	}
	end_certificate(&c, out);
}

/* ---- armor --------------------------------------------------------------- */

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes a line off the front, without what is blank at its ends. */
static struct span next_line(struct span *s)
{
	const uint8_t *newline = memchr(s->at, '\n', left_of(s));
	struct span line = {s->at, newline ? newline : s->end};

	s->at = newline ? newline + 1 : s->end;
	while (left_of(&line) && is_blank(line.end[-1]))
		line.end--;
	while (left_of(&line) && is_blank(line.at[0]))
		line.at++;
	return line;
}

/* What lies between the lines with which it begins and ends. */
static void read_armor(struct span text, struct openpgp_keys *out)
{
	cleanup(buf_wipe) struct buf digits = BUF_INIT, raw = BUF_INIT;
	struct span line;

	/* Reserved at once, so that growing leaves no copies. */
	buf_reserve(&digits, left_of(&text) + 1);
	buf_reserve(&raw, left_of(&text) + 1);
	/* Its headers end with an empty line. */
	do {
		line = next_line(&text);
	} while (left_of(&line));
	while (left_of(&text)) {
		line = next_line(&text);
		/* The sum over all. */
		if (left_of(&line) && line.at[0] == '=')
			break;
		buf_add(&digits, line.at, left_of(&line));
	}
	if (base64_decode(buf_str(&digits), digits.len, true, &raw))
		return;
	const uint8_t *at = (const uint8_t *)buf_str(&raw);
	read_packets((struct span){at, at + raw.len}, out);
}

static const char *find(const char *at, const char *end, const char *what)
{
	return memmem(at, (size_t)(end - at), what, strlen(what));
}

void openpgp_read_private(
    const char *text, size_t len, struct openpgp_keys *out)
{
	const char *end = text + len, *at = text;

	while ((at = find(at, end, BEGIN))) {
		at += strlen(BEGIN);
		const char *stop = find(at, end, DASHES);
		struct span block = {
		    (const uint8_t *)at, (const uint8_t *)(stop ? stop : end)};
		(void)next_line(&block);
		read_armor(block, out);
	}
}

/* ---- names --------------------------------------------------------------- */

bool openpgp_key_parse(const char *fingerprint, struct openpgp_key *out)
{
	size_t len = strlen(fingerprint) / 2;

	*out = (struct openpgp_key){
	    .len = (uint8_t)len, .version = len == DIGEST_SHA1_LEN ? 4 : 6};
	return (len == DIGEST_SHA1_LEN || len == DIGEST_SHA256_LEN) &&
	       hex_decode(fingerprint, strlen(fingerprint), out->fingerprint) ==
		   0;
}

/* The digits of a name; how many, or 0 if it is none. */
static size_t digits_of(const char *id, char out[65])
{
	size_t len = 0;

	id += strspn(id, " ");
	if (id[0] == '0' && (id[1] == 'x' || id[1] == 'X'))
		id += 2;
	for (; *id && *id != '!'; id++) {
		if (*id == ' ')
			continue;
		if (hex_value(*id) < 0 || len == 64)
			return 0;
		out[len++] = *id;
	}
	return len;
}

bool openpgp_is_named(const struct openpgp_key *key, const char *id)
{
	char digits[65];
	uint8_t raw[32];
	size_t len = digits_of(id, digits);

	if (!len || len % 2 || hex_decode(digits, len, raw))
		return false;
	len /= 2;
	if (len == key->len)
		return memcmp(raw, key->fingerprint, len) == 0;
	if (len != KEY_ID_LEN)
		return false;
	/* Its end in version 4, and its beginning since. */
	return memcmp(raw,
		   key->fingerprint +
		       (key->version == 4 ? key->len - KEY_ID_LEN : 0),
		   len) == 0;
}
