#include "storage/crypto/minisign.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* The key and the signatures of "test" that minisign-verify publishes in its
 * README and its tests (https://github.com/jedisct1/rust-minisign-verify). */
#define PUBLISHED_KEY "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
#define COMMENT "timestamp:1633700835\tfile:test\tprehashed"
#define OVER_DATA                                                              \
	"RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/"      \
	"z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo="
#define OVER_COMMENT                                                           \
	"wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIi"  \
	"dRJnp94ABQkJAgAooBQ=="
#define SIGNATURE(over_data, comment, over_comment)                            \
	"untrusted comment: signature from minisign secret key\n" over_data    \
	"\ntrusted comment: " comment "\n" over_comment "\n"

/* The same key's over the bytes themselves, the algorithm of old. */
static const char legacy[] = SIGNATURE(
    "RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq"
    "71Wi+dP9eKL8OC351vwIasSSbXxwA=",
    "timestamp:1555779966\tfile:test",
    "QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QF"
    "uMKI5k/SfNQUaOAA==");

struct fixture {
	struct minisign_publics keys;
	struct minisign_key *own;
};

static void trust(struct fixture *f, const char *text)
{
	struct err err = ERR_INIT;

	assert_ok(minisign_public_parse(
		      text, strlen(text), "key", vec_add(&f->keys), &err),
	    err);
}

/* Trusts a key of its own and the published one. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	cleanup(buf_done) struct buf public = BUF_INIT;
	struct test_random random;
	struct err err = ERR_INIT;

	test_random_init(&random, 4);
	cleanup(secret_freep) struct secret *text =
	    minisign_keygen(&random.random, &public);
	f->own = minisign_key_parse(text, NULL, "own", &err);
	assert_non_null(f->own);
	trust(f, buf_str(&public));
	trust(f, PUBLISHED_KEY);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	vec_done(&f->keys);
	minisign_key_free(f->own);
	free(f);
	return 0;
}

static int verify(
    struct fixture *f, const char *data, const char *signature, struct err *err)
{
	return minisign_verify(&f->keys, data, strlen(data), signature,
	    strlen(signature), NULL, err);
}

static void the_published_signature_holds(void **state)
{
	static const char signature[] =
	    SIGNATURE(OVER_DATA, COMMENT, OVER_COMMENT);
	struct fixture *f = *state;
	autofree char *comment = NULL;
	struct err err = ERR_INIT;
	char id[MINISIGN_KEY_ID_TEXT];

	assert_ok(minisign_verify(&f->keys, "test", 4, signature,
		      strlen(signature), &comment, &err),
	    err);
	assert_string_equal(comment, COMMENT);
	minisign_key_id(&f->keys.items[1], id);
	assert_string_equal(id, "E7620F1842B4E81F");
	struct minisign_public key = f->keys.items[1];
	assert_true(minisign_has_key(&f->keys, &key));
	f->keys.len = 1;
	assert_false(minisign_has_key(&f->keys, &key));
}

static void what_was_changed_is_refused(void **state)
{
	static const char other_comment[] =
	    SIGNATURE(OVER_DATA, "timestamp:1633700836", OVER_COMMENT);
	static const char signature[] =
	    SIGNATURE(OVER_DATA, COMMENT, OVER_COMMENT);
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	assert_fails(verify(f, "tesT", signature, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "E7620F1842B4E81F does not fit");
	assert_fails(verify(f, "", signature, &err), err, ERR_INTEGRITY);
	assert_fails(
	    verify(f, "test", other_comment, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "trusted comment");
	f->keys.len = 1;
	assert_fails(verify(f, "test", signature, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "E7620F1842B4E81F, which is not trusted");
}

static void only_prehashed_signatures_count(void **state)
{
	struct err err = ERR_INIT;

	assert_fails(verify(*state, "test", legacy, &err), err, ERR_FORMAT);
	assert_contains(err.message, "only prehashed");
}

static void what_is_no_signature_is_refused(void **state)
{
	static const char *const bad[] = {"", "\n", OVER_DATA,
	    "untrusted comment: x\n" OVER_DATA "\n",
	    "untrusted comment: x\n" OVER_DATA "\ntrusted comment: y\n",
	    "comment: x\n" OVER_DATA "\ntrusted comment: y\n" OVER_COMMENT,
	    "untrusted comment: x\n" OVER_DATA "\ncomment: y\n" OVER_COMMENT,
	    SIGNATURE(OVER_DATA, COMMENT, OVER_COMMENT) "more\n",
	    SIGNATURE(OVER_COMMENT, COMMENT, OVER_COMMENT),
	    SIGNATURE(OVER_DATA, COMMENT, OVER_DATA),
	    SIGNATURE("!" OVER_DATA, COMMENT, OVER_COMMENT)};
	cleanup(buf_done) struct buf longest = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_fails(
		    verify(*state, "test", bad[i], &err), err, ERR_FORMAT);
		assert_contains(err.message, "not a minisign signature");
	}
	/* Nothing of a file that is too long is read. */
	buf_add_str(&longest, "untrusted comment: ");
	while (longest.len <= MINISIGN_MAX_BYTES)
		buf_add_char(&longest, 'x');
	buf_add_str(&longest, "\n" OVER_DATA "\ntrusted comment: " COMMENT
			      "\n" OVER_COMMENT "\n");
	assert_fails(
	    verify(*state, "test", buf_str(&longest), &err), err, ERR_FORMAT);
}

static void what_is_signed_holds_and_its_comment_is_one_line(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;
	autofree char *most = malloc(8194);

	memset(most, 'c', 8193);
	most[8193] = '\0';
	const char *const good[] = {"", "a label", most + 1};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		cleanup(buf_done) struct buf s = BUF_INIT;
		autofree char *comment = NULL;
		assert_ok(
		    minisign_sign(f->own, "data", 4, good[i], &s, &err), err);
		assert_ok(minisign_verify(&f->keys, "data", 4, buf_str(&s),
			      s.len, &comment, &err),
		    err);
		assert_string_equal(comment, good[i]);
	}
	const char *const bad[] = {"two\nlines", "a\r", most};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup(buf_done) struct buf s = BUF_INIT;
		assert_fails(minisign_sign(f->own, "data", 4, bad[i], &s, &err),
		    err, ERR_FORMAT);
		assert_contains(err.message, "one line of up to 8192 bytes");
		assert_int_equal(s.len, 0);
	}
}

static void a_public_key_is_a_file_or_its_line(void **state)
{
	static const char *const good[] = {PUBLISHED_KEY, PUBLISHED_KEY "\n",
	    PUBLISHED_KEY "\r\n",
	    "untrusted comment: minisign public key "
	    "E7620F1842B4E81F\n" PUBLISHED_KEY "\n"};
	static const char *const bad[] = {"", "RWQ",
	    "RUQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
	    PUBLISHED_KEY "A", "a comment\n" PUBLISHED_KEY "\n",
	    "untrusted comment: x\n" PUBLISHED_KEY "\n" PUBLISHED_KEY "\n",
	    "untrusted comment: x\n"};
	struct fixture *f = *state;
	struct minisign_public got;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_ok(minisign_public_parse(
			      good[i], strlen(good[i]), "p", &got, &err),
		    err);
		assert_memory_equal(&got, &f->keys.items[1], sizeof(got));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_fails(minisign_public_parse(
				 bad[i], strlen(bad[i]), "the.pub", &got, &err),
		    err, ERR_FORMAT);
		assert_contains(err.message, "'the.pub' is not a minisign");
	}
	assert_fails(minisign_public_read("/nonexistent/k.pub", &got, &err),
	    err, ERR_NOT_FOUND);
	assert_contains(err.message, "/nonexistent/k.pub");
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_published_signature_holds),
	    TEST(what_was_changed_is_refused),
	    TEST(only_prehashed_signatures_count),
	    TEST(what_is_no_signature_is_refused),
	    TEST(what_is_signed_holds_and_its_comment_is_one_line),
	    TEST(a_public_key_is_a_file_or_its_line),
	};

	return cmocka_run_group_tests_name("minisign", tests, NULL, NULL);
}
