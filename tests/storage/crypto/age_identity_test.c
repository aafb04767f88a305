#include "storage/crypto/age_identity.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/hex.h"
#include "storage/crypto/age.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* Of the published vectors (C2SP/CCTV, age). */
#define KEY                                                                    \
	"AGE-SECRET-KEY-"                                                      \
	"1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0"

static int add(struct age_identities *ids, const char *text, struct err *err)
{
	cleanup(secret_freep) struct secret *s = secret_new(text, strlen(text));

	return age_identities_add(ids, s, "keys.txt", err);
}

static void a_file_has_a_key_a_line(void **state)
{
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(add(ids, "# a comment\r\n\r\n" KEY "\r\n\n" KEY, &err), err);
	assert_int_equal(ids->list.len, 2);
	assert_int_equal(ids->list.items[0].kind, AGE_IDENTITY_X25519);
	assert_memory_equal(age_identity_key(&ids->list.items[0]),
	    age_identity_key(&ids->list.items[1]), 32);
}

/* The line is named, and nothing of it is shown. */
static void a_line_that_is_no_key_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
	    {"", "holds no age identity"},
	    {"# only a comment\n\n", "holds no age identity"},
	    {KEY "\n\nHUSH\n", "'keys.txt', line 3: "},
	    {" " KEY "\n", "line 1"},
	    {KEY "\n" KEY "Q\n", "line 2"},
	    {"AGE-SECRET-KEY-1HUSH\n", "line 1"},
	    {"age-encryption.org/v1\n-> X25519 HUSH\n",
		"decrypt it with 'age -d'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(age_identities_freep) struct age_identities *ids =
		    age_identities_new();
		struct err err = ERR_INIT;
		assert_fails(add(ids, cases[i].text, &err), err, ERR_FORMAT);
		assert_contains(err.message, cases[i].why);
		assert_null(strstr(err.message, "HUSH"));
		assert_null(strstr(err.message, "EGTZVFFV"));
	}
}

/* A key of SSH takes several lines, which count as such. */
static void keys_of_both_kinds_lie_in_one_file(void **state)
{
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	cleanup(buf_wipe) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	size_t lines = 1;

	(void)state;
	buf_add_str(&text, KEY "\n");
	assert_ok(file_read("tests/data/age-ssh/key", 4096, &text, &err), err);
	buf_add_str(&text, "# a comment\n" KEY "\n");
	assert_ok(add(ids, buf_str(&text), &err), err);
	assert_int_equal(ids->list.len, 3);
	assert_int_equal(ids->list.items[1].kind, AGE_IDENTITY_SSH);
	assert_int_equal(ids->list.items[2].kind, AGE_IDENTITY_X25519);
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	buf_add_str(&text, "broken\n");
	assert_fails(add(ids, buf_str(&text), &err), err, ERR_FORMAT);
	autofree char *line = str_printf("line %zu:", lines);
	assert_contains(err.message, line);
}

static void a_recipient_is_checked_and_never_a_secret_shown(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} bad[] = {
	    {"", "is not an age recipient"},
	    {"age1qqqq", "is not an age recipient"},
	    {"age1pq1qqqqqqqqqqqqqqqqqqqqqqqqqq", "has 62 characters"},
	    {"age1yubikey1qqqqqqqqqq", "is not an age recipient"},
	    {"AGE-PLUGIN-YUBIKEY-1EGTZVFFV", "is an identity of a plugin"},
	    {" AGE-PLUGIN-PQ-1EGTZVFFV", "is an identity of a plugin"},
	    {"age-plugin-pq-1egtzvffv", "it is not shown here"},
	    {KEY, "take that secret key as disclosed"},
	    {" " KEY, "take that secret key as disclosed"},
	    {"key: age-secret-key-1egtzvffv20835nwyv",
		"take that secret key as disclosed"},
	};
	uint8_t raw[32];
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_fails(age_recipient_parse(bad[i].text, raw, &err), err,
		    ERR_FORMAT);
		assert_contains(err.message, bad[i].why);
		assert_null(strcasestr(err.message, "egtzvffv"));
	}
}

/* Made by age-keygen -pq, and by age-plugin-pq -identity (1.3.2). */
#define PQ "tests/data/age-pq/key"

static void read_text(const char *path, struct buf *text)
{
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 4096, text, &err), err);
}

/* As age writes it and as its plugin does. */
static void a_post_quantum_key_is_read_in_either_form(void **state)
{
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	cleanup(buf_done) struct buf plugin = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	read_text(PQ ".plugin", &plugin);
	assert_ok(age_identities_add_file(ids, PQ, &err), err);
	assert_ok(age_identities_add_file(ids, PQ ".plugin", &err), err);
	assert_int_equal(ids->list.len, 2);
	const struct age_identity *one = ids->list.items, *other = one + 1;
	assert_int_equal(one->kind,
	    age_has_post_quantum() ? AGE_IDENTITY_HYBRID : AGE_IDENTITY_PLUGIN);
	assert_int_equal(one->kind, other->kind);
	assert_int_equal(secret_len(one->secret), secret_len(other->secret));
	assert_memory_equal(secret_reveal(one->secret),
	    secret_reveal(other->secret), secret_len(one->secret));
	if (one->kind == AGE_IDENTITY_PLUGIN)
		assert_string_equal(
		    secret_reveal(one->secret), buf_str(&plugin));
	else
		assert_int_equal(secret_len(one->secret), 32);
}

static void a_post_quantum_recipient_is_checked(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT, key = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	read_text(PQ ".pub", &text);
	read_text(PQ, &key);
	assert_ok(age_recipient_check(buf_str(&text), &err), err);
	autofree char *found =
	    age_identity_recipient(key.data, strcspn(buf_str(&key), "\n"));
	if (age_has_post_quantum())
		assert_string_equal(found, buf_str(&text));
	else
		assert_null(found);
	text.data[500] = text.data[500] == 'q' ? 'p' : 'q';
	assert_fails(
	    age_recipient_check(buf_str(&text), &err), err, ERR_FORMAT);
	assert_contains(err.message, "not a post-quantum age recipient");
	assert_fails(age_recipient_check("age1pq1qqqq", &err), err, ERR_FORMAT);
	assert_contains(err.message, "has 1959 characters");
}

static void give(void *ctx, void *out, size_t len)
{
	memcpy(out, ctx, len);
}

/* Alice's key of RFC 7748, 6.1. */
static void a_new_key_is_the_pair_of_the_rfc(void **state)
{
	uint8_t secret[32], public[32], raw[32];
	const struct random random = {.fill = give, .ctx = secret};
	autofree char *recipient = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(
	    hex_decode("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992a"
		       "b177fba51db92c2a",
		64, secret),
	    0);
	assert_int_equal(
	    hex_decode("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4"
		       "eba4a98eaa9b4e6a",
		64, public),
	    0);
	cleanup(secret_freep) struct secret *text =
	    age_keygen(&random, 1700000000, &recipient);
	assert_ok(age_recipient_parse(recipient, raw, &err), err);
	assert_memory_equal(raw, public, 32);
	autofree char *head =
	    str_printf("# created: 2023-11-14T22:13:20Z\n# public key: %s\n"
		       "AGE-SECRET-KEY-1",
		recipient);
	assert_true(str_starts(secret_reveal(text), head));
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	assert_ok(age_identities_add(ids, text, "new", &err), err);
	assert_int_equal(ids->list.len, 1);
	assert_memory_equal(age_identity_key(&ids->list.items[0]), secret, 32);
}

/* As age-keygen -pq (1.3.2) writes the file; or a refusal, and no key. */
static void a_new_post_quantum_key_is_the_pair_of_its_seed(void **state)
{
	struct test_random random;
	char *recipient = NULL;
	struct err err = ERR_INIT;

	(void)state;
	test_random_init(&random, 1);
	cleanup(secret_freep) struct secret *text = age_keygen_post_quantum(
	    &random.random, 1700000000, &recipient, &err);
	if (!age_has_post_quantum()) {
		assert_null(text);
		assert_null(recipient);
		assert_int_equal(err.code, ERR_USAGE);
		assert_contains(err.message, "OpenSSL has no ML-KEM");
		return;
	}
	cleanup(buf_done) struct buf head = BUF_INIT;
	buf_printf(&head, "# created: 2023-11-14T22:13:20Z\n# public key: %s\n",
	    recipient);
	assert_true(str_starts(recipient, "age1pq1"));
	assert_true(str_starts(secret_reveal(text), buf_str(&head)));
	const char *key = (const char *)secret_reveal(text) + head.len;
	assert_true(str_starts(key, "AGE-SECRET-KEY-PQ-1"));
	autofree char *own =
	    age_identity_recipient(key, secret_len(text) - head.len - 1);
	assert_string_equal(own, recipient);
	free(recipient);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_file_has_a_key_a_line),
	    cmocka_unit_test(a_line_that_is_no_key_is_refused),
	    cmocka_unit_test(keys_of_both_kinds_lie_in_one_file),
	    cmocka_unit_test(a_recipient_is_checked_and_never_a_secret_shown),
	    cmocka_unit_test(a_post_quantum_key_is_read_in_either_form),
	    cmocka_unit_test(a_post_quantum_recipient_is_checked),
	    cmocka_unit_test(a_new_key_is_the_pair_of_the_rfc),
	    cmocka_unit_test(a_new_post_quantum_key_is_the_pair_of_its_seed),
	};

	return cmocka_run_group_tests_name("age_identity", tests, NULL, NULL);
}
