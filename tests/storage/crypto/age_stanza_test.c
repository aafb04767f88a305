#include "storage/crypto/age_stanza.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/crypto/age.h"
#include "storage/crypto/age_bech32.h"
#include "storage/crypto/age_identity.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t file_key[] = "YELLOW SUBMARINE";

/* A stanza as it stands in a header, parsed. */
static void parse(const char *text, struct age_header *h)
{
	cleanup(buf_done) struct buf whole = BUF_INIT;
	struct err err = ERR_INIT;

	buf_printf(&whole,
	    AGE_VERSION_LINE
	    "%s--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
	    text);
	assert_ok(age_header_parse(buf_str(&whole), whole.len, h, &err), err);
	assert_int_equal(h->stanzas.len, 1);
}

enum kind { BY_KEY, BY_SSH, BY_PASSPHRASE };

struct fixture {
	struct age_identities *ids;
	struct test_random random;
	char *recipient; /* of the key, which is the first identity */
	struct buf ssh;	 /* of the second */
	struct secret *passphrase;
	struct buf header;
	struct err err;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	test_random_init(&f->random, 11);
	f->ids = age_identities_new();
	cleanup(secret_freep) struct secret *key =
	    age_keygen(&f->random.random, 0, &f->recipient);
	assert_ok(age_identities_add(f->ids, key, "new", &f->err), f->err);
	assert_ok(
	    age_identities_add_file(f->ids, "tests/data/age-ssh/key", &f->err),
	    f->err);
	assert_ok(
	    file_read("tests/data/age-ssh/key.pub", 4096, &f->ssh, &f->err),
	    f->err);
	f->passphrase = secret_new("password", 8);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	age_identities_free(f->ids);
	free(f->recipient);
	buf_done(&f->ssh);
	buf_done(&f->header);
	secret_free(f->passphrase);
	free(f);
	return 0;
}

static enum age_unwrapped unwrap(struct fixture *f, enum kind kind,
    const struct age_stanza *s, uint8_t out[AGE_FILE_KEY_LEN])
{
	const struct age_identity *id = &f->ids->list.items[kind];

	f->err = (struct err)ERR_INIT;
	if (kind == BY_PASSPHRASE)
		return age_stanza_open_scrypt(s, f->passphrase, out, &f->err);
	return kind == BY_KEY ? age_stanza_open_x25519(
				    s, age_identity_key(id), out, &f->err)
			      : age_stanza_open_ssh(s, age_identity_key(id),
				    &id->ssh, out, &f->err);
}

/* Of each kind one, as it is written here. */
static const char *written(struct fixture *f, enum kind kind)
{
	const struct random *r = &f->random.random;
	struct err *err = &f->err;

	buf_clear(&f->header);
	if (kind == BY_KEY)
		assert_ok(age_stanza_add_x25519(
			      &f->header, f->recipient, file_key, r, err),
		    *err);
	else if (kind == BY_SSH)
		assert_ok(age_stanza_add_ssh(
			      &f->header, buf_str(&f->ssh), file_key, r, err),
		    *err);
	else
		assert_ok(age_stanza_add_scrypt(
			      &f->header, f->passphrase, 4, file_key, r, err),
		    *err);
	return buf_str(&f->header);
}

static void each_opens_what_is_its_own_and_nothing_else(void **state)
{
	struct fixture *f = *state;

	for (enum kind kind = BY_KEY; kind <= BY_PASSPHRASE; kind++) {
		struct age_header h;
		parse(written(f, kind), &h);
		for (enum kind by = BY_KEY; by <= BY_PASSPHRASE; by++) {
			uint8_t out[AGE_FILE_KEY_LEN] = {0};
			assert_int_equal(unwrap(f, by, h.stanzas.items, out),
			    by == kind ? AGE_UNWRAPPED : AGE_NO_MATCH);
			if (by == kind)
				assert_memory_equal(
				    out, file_key, AGE_FILE_KEY_LEN);
		}
		/* One bit of the body: it opens for nobody. */
		uint8_t out[AGE_FILE_KEY_LEN];
		h.stanzas.items[0].body.data[31] ^= 1;
		assert_int_equal(
		    unwrap(f, kind, h.stanzas.items, out), AGE_NO_MATCH);
		age_header_done(&h);
	}
}

/* The stanzas of the published vectors "x25519" and "scrypt" (C2SP/CCTV, age).
 */
static void the_published_ones_open(void **state)
{
	static const char key_text[] =
	    "AGE-SECRET-KEY-"
	    "1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
	struct fixture *f = *state;
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	cleanup(secret_freep) struct secret *text =
	    secret_new(key_text, strlen(key_text));
	uint8_t out[AGE_FILE_KEY_LEN];
	struct age_header h;

	assert_ok(age_identities_add(ids, text, "vector", &f->err), f->err);
	parse("-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
	      "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n",
	    &h);
	assert_int_equal(
	    age_stanza_open_x25519(h.stanzas.items,
		age_identity_key(&ids->list.items[0]), out, &f->err),
	    AGE_UNWRAPPED);
	assert_memory_equal(out, file_key, AGE_FILE_KEY_LEN);
	age_header_done(&h);
	parse("-> scrypt rF0/NwblUHHTpgQgRpe5CQ 10\n"
	      "gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n",
	    &h);
	assert_int_equal(
	    unwrap(f, BY_PASSPHRASE, h.stanzas.items, out), AGE_UNWRAPPED);
	assert_memory_equal(out, file_key, AGE_FILE_KEY_LEN);
	age_header_done(&h);
}

#define BODY "gUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUY\n"
#define SHARE "TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc"
#define SALT "rF0/NwblUHHTpgQgRpe5CQ"
#define ZEROES "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static void a_broken_one_is_refused(void **state)
{
	static const struct {
		enum kind kind;
		const char *text;
		const char *why;
	} cases[] = {
	    {BY_KEY, "-> X25519\n" BODY, "bad share"},
	    {BY_KEY, "-> X25519 " SHARE " x\n" BODY, "bad share"},
	    {BY_KEY, "-> X25519 " SALT "\n" BODY, "bad share"},
	    {BY_KEY, "-> X25519 " SHARE "=\n" BODY, "bad share"},
	    {BY_KEY, "-> X25519 " ZEROES "\n" BODY, "low order"},
	    /* 31 bytes, and 33. */
	    {BY_KEY,
		"-> X25519 " SHARE
		"\ngUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aQ\n",
		"bad body"},
	    {BY_KEY,
		"-> X25519 " SHARE
		"\ngUjEymFKMVXQEKdMMHL24oYexjE3TIC0O0zGSqJ2aUYA\n",
		"bad body"},
	    {BY_SSH, "-> ssh-ed25519 AAAAAA\n" BODY, "bad share"},
	    {BY_SSH, "-> ssh-ed25519 AAAA " SHARE "\n" BODY, "bad share"},
	    {BY_SSH, "-> ssh-ed25519 AAAAAA " SALT "\n" BODY, "bad share"},
	    {BY_PASSPHRASE, "-> scrypt " SALT "\n" BODY, "bad salt"},
	    {BY_PASSPHRASE, "-> scrypt " SHARE " 4\n" BODY, "bad salt"},
	    {BY_PASSPHRASE, "-> scrypt " SALT " 4 4\n" BODY, "bad salt"},
	    {BY_PASSPHRASE, "-> scrypt " SALT " 0\n" BODY, "not a number"},
	    {BY_PASSPHRASE, "-> scrypt " SALT " 04\n" BODY, "not a number"},
	    {BY_PASSPHRASE, "-> scrypt " SALT " +4\n" BODY, "not a number"},
	    {BY_PASSPHRASE, "-> scrypt " SALT " 4x\n" BODY, "not a number"},
	    {BY_PASSPHRASE, "-> scrypt " SALT " 64\n" BODY, "not a number"},
	    {BY_PASSPHRASE, "-> scrypt " SALT " 63\n" BODY, "over 22"},
	    {BY_PASSPHRASE, "-> scrypt " SALT " 23\n" BODY, "over 22"},
	    /* 22 is not over it, and its body is examined before the work. */
	    {BY_PASSPHRASE, "-> scrypt " SALT " 22\nAAAA\n", "bad body"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t out[AGE_FILE_KEY_LEN];
		struct age_header h;
		parse(cases[i].text, &h);
		assert_int_equal(unwrap(f, cases[i].kind, h.stanzas.items, out),
		    AGE_UNWRAP_FAILED);
		assert_int_equal(f->err.code, ERR_FORMAT);
		assert_contains(f->err.message, cases[i].why);
		age_header_done(&h);
	}
}

/* Of a key of SSH, the tag is enough to see that it is another's; of its own,
 * the rest has to be in order. */
static void an_ssh_stanza_of_its_own_is_examined(void **state)
{
	struct fixture *f = *state;
	struct age_header h;
	uint8_t out[AGE_FILE_KEY_LEN];

	parse(written(f, BY_SSH), &h);
	buf_truncate(&h.stanzas.items[0].body, 31);
	assert_int_equal(
	    unwrap(f, BY_SSH, h.stanzas.items, out), AGE_UNWRAP_FAILED);
	assert_contains(f->err.message, "bad body");
	age_header_done(&h);
	parse(written(f, BY_SSH), &h);
	char **share = &h.stanzas.items[0].args.items[2];
	free(*share);
	*share = str_dup(ZEROES);
	assert_int_equal(
	    unwrap(f, BY_SSH, h.stanzas.items, out), AGE_UNWRAP_FAILED);
	assert_contains(f->err.message, "low order");
	age_header_done(&h);
}

static void to_no_recipient_nothing_is_written(void **state)
{
	static const char *const bad[] = {"", "age1", "age1qqqq"};
	struct fixture *f = *state;
	cleanup(buf_done) struct buf low = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_fails(age_stanza_add_x25519(&f->header, bad[i], file_key,
				 &f->random.random, &err),
		    err, ERR_FORMAT);
		assert_fails(age_stanza_add_ssh(&f->header, bad[i], file_key,
				 &f->random.random, &err),
		    err, ERR_FORMAT);
	}
	/* A point of low order has no secret key: the file would be open to
	 * everybody. */
	age_bech32_add(&low, "age", (const uint8_t[32]){0}, 32);
	assert_fails(age_stanza_add_x25519(&f->header, buf_str(&low), file_key,
			 &f->random.random, &err),
	    err, ERR_FORMAT);
	assert_contains(err.message, "low order");
	assert_int_equal(f->header.len, 0);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_opens_what_is_its_own_and_nothing_else),
	    TEST(the_published_ones_open),
	    TEST(a_broken_one_is_refused),
	    TEST(an_ssh_stanza_of_its_own_is_examined),
	    TEST(to_no_recipient_nothing_is_written),
	};

	return cmocka_run_group_tests_name("age_stanza", tests, NULL, NULL);
}
