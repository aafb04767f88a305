#include "storage/crypto/minisign.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* A key of the seed 00 01 ... 1f and the id 01 ... 08, under the password
 * "correct horse", with limits so small that it opens at once. Made after the
 * format (https://jedisct1.github.io/minisign/) with Python's hashlib.scrypt;
 * minisign 0.11 signs with each. The first one's limit on work decides
 * (N 1024, p 1), the second one's on memory (N 1024, p 32). */
#define COMMENT "untrusted comment: minisign encrypted secret key\n"
static const char *const with_password[] = {COMMENT
    "RWRTY0IyZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoMAgAAAAAAAAAAAAAEAAAAA"
    "jRlAFXQYB4EogKzVpB0KSWS3MgQrYgZ0VUf+a+/XvCIjY+p+3jSTnM7Mhbt9BFtuSbpg2RGM"
    "440nA93pQiFGQCyFEyjwybr2+nKzCluuPkw6odEyRI5vYqZ3gxvXvhlxHLoT+xC62ZM=\n",
    COMMENT
    "RWRTY0IyZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7fH1+f4CBgoMAABAAAAAAAAAAEAAAAAAA"
    "qR+QnsUyuGJGwvPEh9HStzF3KpPubpAo4n7+ErS6MdkqOLOfOr4w5hIuWO8cluMnGRkxmxqL"
    "lkjD3nvkyl9Kxu3laZI/A1/cTPpdHrmzs/Gq7R9Vhj5jA2feN2R/Vh0SPHwUNVludiw=\n"};
static const char public_line[] =
    "RWQBAgMEBQYHCAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

static struct minisign_key *parse(
    const char *text, const char *password, struct err *err)
{
	cleanup(secret_freep) struct secret *t = secret_new(text, strlen(text));
	cleanup(secret_freep) struct secret *p =
	    password ? secret_new(password, strlen(password)) : NULL;

	return minisign_key_parse(t, p, "the.key", err);
}

static void refused(
    const char *text, const char *password, enum err_code code, const char *why)
{
	struct err err = ERR_INIT;

	assert_fails(parse(text, password, &err) ? 0 : -1, err, code);
	assert_contains(err.message, "'the.key'");
	assert_contains(err.message, why);
}

static void a_password_opens_it(void **state)
{
	struct minisign_public public;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(minisign_public_parse(
		      public_line, strlen(public_line), "pub", &public, &err),
	    err);
	for (size_t i = 0; i < 2; i++) {
		cleanup(minisign_key_freep) struct minisign_key *k =
		    parse(with_password[i], "correct horse", &err);
		if (!k)
			fail_msg("%s", err.message);
		assert_memory_equal(
		    minisign_key_public(k), &public, sizeof(public));
		refused(with_password[i], "correct hors", ERR_DENIED,
		    "wrong password");
		refused(with_password[i], "", ERR_DENIED, "wrong password");
		refused(with_password[i], NULL, ERR_DENIED, "is encrypted");
	}
}

/* The bytes of the file, of which some are set before it is parsed. */
static char *changed(const char *text, size_t at, const void *bytes, size_t len)
{
	cleanup(buf_done) struct buf raw = BUF_INIT, out = BUF_INIT;
	const char *line = strchr(text, '\n') + 1;

	assert_int_equal(
	    base64_decode(line, strcspn(line, "\n"), true, &raw), 0);
	memcpy(raw.data + at, bytes, len);
	buf_add_str(&out, COMMENT);
	base64_add(&out, raw.data, raw.len, true);
	buf_add_char(&out, '\n');
	return buf_steal(&out);
}

/* The limits come from the file: nobody may make us work for a year. */
static void the_work_it_asks_for_has_a_limit(void **state)
{
	static const struct {
		uint64_t work;
		uint64_t memory;
	} cases[] = {
	    /* p: 65, where 64 is taken; N: 2^23, where 2^22 is taken. */
	    {UINT64_C(65) << 15, 1 << 20},
	    {UINT64_C(1) << 28, UINT64_C(1) << 34},
	    {UINT64_MAX, UINT64_MAX},
	    {UINT64_MAX, 0},
	    {UINT64_MAX, 1},
	};
	const uint64_t most[] = {UINT64_C(64) << 15, 1 << 20};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *text =
		    changed(with_password[0], 38, &cases[i], sizeof(cases[i]));
		refused(text, "correct horse", ERR_FORMAT, "too much work");
	}
	/* At the limit it is done, though with another result. */
	autofree char *limit = changed(with_password[0], 38, most, 16);
	refused(limit, "correct horse", ERR_DENIED, "wrong password");
}

static void a_new_key_has_no_password_and_shows_damage(void **state)
{
	cleanup(buf_done) struct buf public_text = BUF_INIT;
	struct minisign_public public;
	struct test_random random;
	struct err err = ERR_INIT;

	(void)state;
	test_random_init(&random, 9);
	cleanup(secret_freep) struct secret *text =
	    minisign_keygen(&random.random, &public_text);
	assert_ok(minisign_public_parse(buf_str(&public_text), public_text.len,
		      "p", &public, &err),
	    err);
	cleanup(minisign_key_freep) struct minisign_key *k =
	    parse(secret_reveal(text), NULL, &err);
	assert_non_null(k);
	assert_memory_equal(minisign_key_public(k), &public, sizeof(public));
	/* A password that is not needed is no mistake. */
	cleanup(minisign_key_freep) struct minisign_key *with =
	    parse(secret_reveal(text), "idle", &err);
	assert_non_null(with);
	/* The seed begins behind 54 bytes of head and 8 of the key's id. */
	autofree char *damaged =
	    changed(secret_reveal(text), 54 + 8, "\xff\xfe\xfd\xfc", 4);
	refused(damaged, NULL, ERR_FORMAT, "is damaged");
	static const struct {
		size_t at;
		const char *bytes;
	} kinds[] = {{0, "ED"}, {2, "Ar"}, {4, "B3"}};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		autofree char *other = changed(
		    secret_reveal(text), kinds[i].at, kinds[i].bytes, 2);
		refused(other, NULL, ERR_FORMAT, "of an unknown kind");
	}
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const bad[] = {"", "\n", COMMENT,
	    COMMENT "RWRTY0Iy\n", "a comment\nRWRTY0Iy\n",
	    ("untrusted comment: minisign public key\n"
	     "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n")};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refused(
		    bad[i], NULL, ERR_FORMAT, "is not a minisign secret key");
	autofree char *more = str_printf("%sanother line\n", with_password[0]);
	refused(
	    more, "correct horse", ERR_FORMAT, "is not a minisign secret key");
	assert_fails(minisign_key_read("/nonexistent/key", NULL, &err) ? 0 : -1,
	    err, ERR_NOT_FOUND);
	assert_contains(err.message, "reading the signing key");
	minisign_key_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_password_opens_it),
	    cmocka_unit_test(the_work_it_asks_for_has_a_limit),
	    cmocka_unit_test(a_new_key_has_no_password_and_shows_damage),
	    cmocka_unit_test(what_is_no_key_is_refused),
	};

	return cmocka_run_group_tests_name("minisign_key", tests, NULL, NULL);
}
