#include "storage/crypto/age_identity.h"

#include "storage/base/cleanup.h"
#include "storage/base/clock.h"
#include "storage/base/mem.h"
#include "storage/crypto/age.h"
#include "storage/crypto/age_bech32.h"
#include "storage/crypto/age_crypto.h"
#include "storage/crypto/age_ssh.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define RECIPIENT_HRP "age"
#define SECRET_HRP "AGE-SECRET-KEY-"
#define HYBRID_HRP "age1pq"
#define HYBRID_SECRET_HRP "AGE-SECRET-KEY-PQ-"

int age_recipient_parse(const char *text, uint8_t key[32], struct err *err)
{
	if (!age_bech32_decode(text, strlen(text), RECIPIENT_HRP, key, 32))
		return 0;
	/* In any case and behind whatever was pasted with it: it must not be
	 * shown. */
	if (strcasestr(text, SECRET_HRP))
		return err_set(err, ERR_FORMAT,
		    "a recipient is a secret key: put its public key there "
		    "(age1...), and take that secret key as disclosed");
	/* Some plugins put the secret itself into it. */
	if (strcasestr(text, "AGE-PLUGIN-"))
		return err_set(err, ERR_FORMAT,
		    "a recipient is an identity of a plugin, which may be "
		    "secret: put its recipient there (age1...); it is not "
		    "shown here");
	return err_set(err, ERR_FORMAT,
	    "'%.80s' is not an age recipient: one starts with 'age1' and has "
	    "62 "
	    "characters",
	    text);
}

bool age_recipient_is_hybrid(const char *text)
{
	return str_starts(text, HYBRID_HRP "1");
}

int age_recipient_parse_hybrid(
    const char *text, uint8_t key[XWING_PUBLIC_LEN], struct err *err)
{
	if (!age_bech32_decode(
		text, strlen(text), HYBRID_HRP, key, XWING_PUBLIC_LEN))
		return 0;
	return err_set(err, ERR_FORMAT,
	    "'%.20s...' is not a post-quantum age recipient: one has %zu "
	    "characters, of which none is mistyped, and this has %zu",
	    text, age_bech32_len(HYBRID_HRP, XWING_PUBLIC_LEN), strlen(text));
}

bool age_has_post_quantum(void)
{
	return xwing_is_known();
}

int age_recipient_check(const char *text, struct err *err)
{
	struct age_ssh_key ssh;
	uint8_t key[XWING_PUBLIC_LEN];

	if (str_starts(text, "ssh-"))
		return age_ssh_recipient(text, &ssh, err);
	if (age_recipient_is_hybrid(text))
		return age_recipient_parse_hybrid(text, key, err);
	autofree char *plugin = age_plugin_of_recipient(text);
	return plugin ? 0 : age_recipient_parse(text, key, err);
}

int age_recipient_usable(const char *text, struct err *err)
{
	autofree char *plugin = age_plugin_of_recipient(text);

	if (age_recipient_check(text, err))
		return -1;
	if (!plugin || (age_recipient_is_hybrid(text) && xwing_is_known()) ||
	    !age_plugin_check(plugin, err))
		return 0;
	return err_wrap(err, "recipient '%.20s...'", text);
}

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

static void to_upper(struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		text->data[i] = (char)toupper((unsigned char)text->data[i]);
}

/* A post-quantum identity, as age writes it or as its plugin does: both hold
 * the same seed. False if it is none. */
static bool add_hybrid(struct age_identities *ids, const char *line, size_t len)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	uint8_t seed[XWING_SEED_LEN];

	if (age_bech32_decode(
		line, len, HYBRID_SECRET_HRP, seed, sizeof seed) &&
	    age_bech32_decode(line, len, "AGE-PLUGIN-PQ-", seed, sizeof seed))
		return false;
	buf_reserve(&text, 128);
	age_bech32_add(&text, "age-plugin-pq-", seed, sizeof seed);
	to_upper(&text);
	*vec_add(&ids->list) =
	    xwing_is_known()
		? (struct age_identity){.kind = AGE_IDENTITY_HYBRID,
		      .secret = secret_new(seed, sizeof seed)}
		: (struct age_identity){.kind = AGE_IDENTITY_PLUGIN,
		      .secret = secret_new(text.data, text.len)};
	mem_wipe(seed, sizeof seed);
	return true;
}

static int add_line(struct age_identities *ids, const char *line, size_t len,
    const char *name, size_t number, struct err *err)
{
	uint8_t raw[32];

	if (len && line[len - 1] == '\r')
		len--;
	if (!len || line[0] == '#')
		return 0;
	if (add_hybrid(ids, line, len))
		return 0;
	autofree char *plugin = age_plugin_of_identity(line, len);
	if (plugin) {
		*vec_add(&ids->list) =
		    (struct age_identity){.kind = AGE_IDENTITY_PLUGIN,
			.secret = secret_new(line, len)};
		return 0;
	}
	if (age_bech32_decode(line, len, SECRET_HRP, raw, sizeof raw))
		return err_set(err, ERR_FORMAT,
		    "'%s', line %zu: this is not an age identity "
		    "(AGE-SECRET-KEY-1..., AGE-SECRET-KEY-PQ-1..., or "
		    "AGE-PLUGIN-NAME-1... of a plugin); it is not shown here%s",
		    name, number,
		    len > 4 && !memcmp(line, "age-", 4)
			? "; the file is encrypted: decrypt it with 'age -d'"
			: "");
	*vec_add(&ids->list) =
	    (struct age_identity){.secret = secret_new(raw, sizeof raw)};
	mem_wipe(raw, sizeof raw);
	return 0;
}

/* A private key of OpenSSH, which takes several lines: 0, 1 where none begins
 * there. */
static int add_ssh(struct age_identities *ids, const char *text, size_t *len,
    const char *name, struct err *err)
{
	struct age_identity id = {.kind = AGE_IDENTITY_SSH};
	uint8_t raw[32];

	if (*len < strlen("-----BEGIN ") ||
	    memcmp(text, "-----BEGIN ", strlen("-----BEGIN ")) != 0)
		return 1;
	if (age_ssh_identity(text, len, raw, &id.ssh, err))
		return err_wrap(err, "'%s'", name);
	id.secret = secret_new(raw, sizeof raw);
	mem_wipe(raw, sizeof raw);
	*vec_add(&ids->list) = id;
	return 0;
}

int age_identities_add(struct age_identities *ids, const struct secret *text,
    const char *name, struct err *err)
{
	const char *at = secret_reveal(text);
	const char *end = at + secret_len(text);
	size_t before = ids->list.len;
	size_t number = 1;

	while (at < end) {
		size_t len = (size_t)(end - at);
		int ssh = add_ssh(ids, at, &len, name, err);
		if (ssh < 0)
			return -1;
		if (ssh == 0) {
			for (size_t i = 0; i < len; i++)
				number += at[i] == '\n';
			at += len;
			continue;
		}
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;
		if (add_line(ids, at, (size_t)(stop - at), name, number++, err))
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
	    .kind = AGE_IDENTITY_PASSPHRASE};
}

void age_identities_set_person(
    struct age_identities *ids, const struct age_plugin_person *person)
{
	ids->person = *person;
}

const uint8_t *age_identity_key(const struct age_identity *id)
{
	return (const uint8_t *)secret_reveal(id->secret);
}

char *age_identity_recipient(const char *line, size_t len)
{
	struct buf text = BUF_INIT;
	uint8_t raw[32], public[XWING_PUBLIC_LEN];

	if (!age_bech32_decode(line, len, SECRET_HRP, raw, sizeof raw)) {
		age_x25519_public(raw, public);
		age_bech32_add(&text, RECIPIENT_HRP, public, 32);
	} else if (!age_bech32_decode(
		       line, len, HYBRID_SECRET_HRP, raw, sizeof raw) &&
		   !xwing_public(raw, public)) {
		age_bech32_add(&text, HYBRID_HRP, public, XWING_PUBLIC_LEN);
	}
	mem_wipe(raw, sizeof raw);
	return text.len ? buf_steal(&text) : NULL;
}

/* The text of a secret key under that prefix. The recipient may be shown above
 * it. */
static struct secret *text_of(const char *hrp, const uint8_t raw[AGE_KEY_LEN],
    const char *created, const char *recipient)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	cleanup(buf_wipe) struct buf key = BUF_INIT;

	buf_reserve(&text, 512 + strlen(recipient));
	buf_reserve(&key, 128);
	age_bech32_add(&key, hrp, raw, AGE_KEY_LEN);
	to_upper(&key);
	if (created)
		buf_printf(&text, "# created: %s\n# public key: %s\n", created,
		    recipient);
	buf_printf(&text, "%s\n", key.data);
	return secret_new(text.data, text.len);
}

static struct secret *classic_text(
    const uint8_t raw[AGE_KEY_LEN], const char *created, char **recipient)
{
	struct buf public_text = BUF_INIT;
	uint8_t public[AGE_KEY_LEN];

	age_x25519_public(raw, public);
	age_bech32_add(&public_text, RECIPIENT_HRP, public, sizeof public);
	*recipient = buf_steal(&public_text);
	return text_of("age-secret-key-", raw, created, *recipient);
}

struct secret *age_keygen(
    const struct random *random, int64_t now_s, char **recipient)
{
	char created[CLOCK_TEXT_MAX];
	uint8_t raw[AGE_KEY_LEN];

	random_fill(random, raw, sizeof raw);
	clock_rfc3339(now_s, created);
	struct secret *text = classic_text(raw, created, recipient);
	mem_wipe(raw, sizeof raw);
	return text;
}

struct secret *age_keygen_post_quantum(const struct random *random,
    int64_t now_s, char **recipient, struct err *err)
{
	struct buf public_text = BUF_INIT;
	char created[CLOCK_TEXT_MAX];
	uint8_t seed[XWING_SEED_LEN], public[XWING_PUBLIC_LEN];
	struct secret *text = NULL;

	random_fill(random, seed, sizeof seed);
	clock_rfc3339(now_s, created);
	if (xwing_public(seed, public)) {
		err_set(err, ERR_USAGE,
		    "this machine makes no post-quantum key: its OpenSSL has "
		    "no ML-KEM, which 3.5 and later have; make it where one "
		    "is, or with 'age-keygen -pq' of age 1.3");
	} else {
		age_bech32_add(&public_text, HYBRID_HRP, public, sizeof public);
		*recipient = buf_steal(&public_text);
		text = text_of("age-secret-key-pq-", seed, created, *recipient);
	}
	mem_wipe(seed, sizeof seed);
	return text;
}

struct secret *age_key_of(const struct secret *raw, char **recipient)
{
	return classic_text(
	    (const uint8_t *)secret_reveal(raw), NULL, recipient);
}
