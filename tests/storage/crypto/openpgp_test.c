/*
 * Fingerprints of private keys, as GnuPG and RFC 9580 give them.
 */
#include "storage/crypto/openpgp.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/hex.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#define DATA "tests/data/openpgp/"
#define ECC "3EBFB3DA0373D835BE6532D0EFDCB76118AFFC54"
#define ECC_SUBKEY "B8D25C2F0F6361BFCD9B33B236EEDDA9A8C0A3F9"
#define V6 "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9"

static void read_file(const char *path, struct buf *text)
{
	struct err err = ERR_INIT;

	assert_ok(file_read(path, 1 << 16, text, &err), err);
}

/* The fingerprints that a text holds, a line each; the caller frees. */
static char *keys_of(const char *text, size_t len)
{
	struct openpgp_keys keys = VEC_INIT;
	struct buf out = BUF_INIT;

	openpgp_read_private(text, len, &keys);
	VEC_EACH (&keys, key) {
		hex_add(&out, key->fingerprint, key->len);
		buf_add_char(&out, '\n');
	}
	vec_done(&keys);
	return out.len ? buf_steal(&out) : str_dup("");
}

static void assert_keys(const char *path, const char *want)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	read_file(path, &text);
	autofree char *got = keys_of(buf_str(&text), text.len);
	assert_string_equal(got, want);
}

static void fingerprints_are_those_that_gnupg_prints(void **state)
{
	(void)state;
	assert_keys(DATA "ecc.asc",
	    "3ebfb3da0373d835be6532d0efdcb76118affc54\n"
	    "b8d25c2f0f6361bfcd9b33b236eedda9a8c0a3f9\n");
	assert_keys(
	    DATA "rsa.asc", "09cb60071e2a8d60c037e7c01d09ce784512f2f7\n");
	assert_keys(DATA "dsa-elgamal.asc",
	    "64a19cf2961f299a7f9bb53b0a4a901f81896818\n"
	    "b6c426653e09cc3b96eea955a491c81d662658fa\n");
}

static void version_6_has_longer_ones(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	read_file(DATA "v6.asc", &text);
	autofree char *got = keys_of(buf_str(&text), text.len);
	assert_int_equal(strlen(got), 130);
	got[64] = '\0';
	assert_string_equal(got,
	    "cb186c4f0609a697e4d52dfa6c722b0c1f1e27c18a56708f6525ec27bad9acc9");
}

/* The primary key may lie elsewhere, as long as the subkey decrypts. */
static void keys_that_cannot_decrypt_are_none(void **state)
{
	(void)state;
	assert_keys(DATA "ecc-subkey.asc",
	    "3ebfb3da0373d835be6532d0efdcb76118affc54\n"
	    "b8d25c2f0f6361bfcd9b33b236eedda9a8c0a3f9\n");
	assert_keys(DATA "ecc-primary.asc", "");
	assert_keys(DATA "sign-only.asc", "");
}

/* A key of that algorithm, or a subkey, with this behind its public part. */
static void add_key(struct buf *raw, bool sub, uint8_t version,
    uint8_t algorithm, const uint8_t *secret, size_t secret_len)
{
	const uint8_t fixed[] = {version, 0, 0, 0, 1, algorithm};
	const uint8_t public[] = {0, 0, 0, 2, 7, 7};
	/* Of version 4 the algorithm says how long it is: of ECDH. */
	const uint8_t public4[] = {1, 7, 0, 1, 1, 1, 7};
	size_t len = version == 4 ? sizeof(public4) : sizeof(public);

	buf_add_char(raw, sub ? '\xc7' : '\xc5');
	buf_add_char(raw, (char)(sizeof(fixed) + len + secret_len));
	buf_add(raw, fixed, sizeof(fixed));
	buf_add(raw, version == 4 ? public4 : public, len);
	buf_add(raw, secret, secret_len);
}

static void read_raw(const struct buf *raw, struct openpgp_keys *keys)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	buf_add_str(&text, "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n");
	base64_add(&text, raw->data, raw->len, true);
	buf_add_str(&text, "\n-----END PGP PRIVATE KEY BLOCK-----\n");
	openpgp_read_private(buf_str(&text), text.len, keys);
}

/* How many keys there are in a certificate of one key of ECDH. */
static size_t keys_with(
    uint8_t version, const uint8_t *secret, size_t secret_len)
{
	cleanup(buf_done) struct buf raw = BUF_INIT;
	struct openpgp_keys keys = VEC_INIT;

	add_key(&raw, false, version, 18, secret, secret_len);
	read_raw(&raw, &keys);
	size_t len = keys.len;
	vec_done(&keys);
	return len;
}

/* The "unknown" of each of the keys of a certificate whose primary key is of
 * one algorithm, and its subkey of another. */
static char *unknown_of(uint8_t version, uint8_t primary, uint8_t subkey)
{
	static const uint8_t secret[] = {0, 1, 2};
	cleanup(buf_done) struct buf raw = BUF_INIT;
	struct openpgp_keys keys = VEC_INIT;
	struct buf out = BUF_INIT;

	add_key(&raw, false, version, primary, secret, sizeof(secret));
	if (subkey)
		add_key(&raw, true, version, subkey, secret, sizeof(secret));
	read_raw(&raw, &keys);
	VEC_EACH (&keys, key)
		buf_printf(&out, "%d ", key->unknown);
	vec_done(&keys);
	return out.len ? buf_steal(&out) : str_dup("");
}

/* Whether one of these decrypts nobody can say; any other part of its
 * certificate may. */
static void an_algorithm_that_is_not_known_is_said_to_be(void **state)
{
	static const struct {
		uint8_t version, primary, subkey;
		const char *unknown;
	} rows[] = {
	    {5, 99, 0, "99 "},
	    {6, 99, 0, "99 "},
	    {6, 27, 99, "99 99 "},
	    {6, 99, 25, "0 0 "},
	    {6, 25, 99, "0 0 "},
	    {6, 27, 28, ""},
	    /* Post-quantum ones: of LibrePGP, then of the IETF. */
	    {5, 22, 8, "0 0 "},
	    {6, 30, 35, "0 0 "},
	    {6, 31, 36, "0 0 "},
	    {6, 30, 34, ""},
	    /* Where it ends is not known in version 4. */
	    {4, 99, 0, ""},
	    {4, 18, 99, "0 "},
	    {4, 19, 99, "99 "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *got = unknown_of(
		    rows[i].version, rows[i].primary, rows[i].subkey);
		if (!str_eq(got, rows[i].unknown))
			fail_msg("row %zu: '%s'", i, got);
	}
}

/* The kind stands behind more fields in each version. */
static void a_stub_is_none_in_any_version(void **state)
{
	static const struct {
		uint8_t version, secret[10];
		size_t len, kind;
	} rows[] = {
	    {5, {254, 6, 9, 3, 'G', 'N', 'U', 1}, 8, 3},
	    {5, {255, 6, 9, 3, 'G', 'N', 'U', 1}, 8, 3},
	    {5, {253, 7, 9, 2, 3, 'G', 'N', 'U', 1}, 9, 4},
	    {6, {254, 7, 9, 5, 3, 'G', 'N', 'U', 1}, 9, 4},
	    {6, {253, 8, 9, 2, 5, 3, 'G', 'N', 'U', 1}, 10, 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t secret[sizeof(rows[i].secret)];
		memcpy(secret, rows[i].secret, sizeof(secret));
		assert_int_equal(
		    keys_with(rows[i].version, secret, rows[i].len), 1);
		/* Cut before the kind, or without any. */
		assert_int_equal(
		    keys_with(rows[i].version, secret, rows[i].kind), 0);
		assert_int_equal(keys_with(rows[i].version, secret, 0), 0);
		secret[rows[i].kind] = 101;
		assert_int_equal(
		    keys_with(rows[i].version, secret, rows[i].len), 0);
		/* Of a version that nobody knows yet. */
		secret[rows[i].kind] = 3;
		assert_int_equal(keys_with(7, secret, rows[i].len), 0);
	}
}

static void several_blocks_may_stand_in_one_text(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT, more = BUF_INIT;

	(void)state;
	read_file(DATA "sign-only.asc", &text);
	buf_add_str(&text, "a line of text\n");
	/* Indented, and with the line ends of another system. */
	read_file(DATA "rsa.asc", &more);
	for (const char *at = buf_str(&more); *at; at++) {
		if (at == buf_str(&more) || at[-1] == '\n')
			buf_add_str(&text, "    ");
		buf_add_str(&text, *at == '\n' ? "\r" : "");
		buf_add_char(&text, *at);
	}
	autofree char *got = keys_of(buf_str(&text), text.len);
	assert_string_equal(got, "09cb60071e2a8d60c037e7c01d09ce784512f2f7\n");
}

/* Wherever it is cut, what is there of it is read and no more. */
static void a_cut_block_has_fewer_keys(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	(void)state;
	read_file(DATA "ecc.asc", &text);
	for (size_t len = 0; len < text.len; len++) {
		autofree char *cut = str_ndup(buf_str(&text), len);
		autofree char *got = keys_of(cut, len);
		assert_true(strlen(got) <= 82);
	}
}

static void a_key_goes_by_several_names(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	static const char *const names[] = {ECC, "0x" ECC,
	    "3ebfb3da0373d835be6532d0efdcb76118affc54", ECC "!",
	    "3EBF B3DA 0373 D835 BE65  32D0 EFDC B761 18AF FC54",
	    "EFDCB76118AFFC54"};
	static const char *const others[] = {"", "0x", "!", ECC_SUBKEY,
	    "EFDCB76118AFFC55", "18AFFC54", "3EBFB3DA0373D835", ECC "00",
	    "a@example.com", "E", V6 V6};
	struct openpgp_keys keys = VEC_INIT;

	(void)state;
	read_file(DATA "ecc.asc", &text);
	openpgp_read_private(buf_str(&text), text.len, &keys);
	assert_int_equal(keys.len, 2);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_true(openpgp_is_named(&keys.items[0], names[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_false(openpgp_is_named(&keys.items[0], others[i]));
	assert_true(openpgp_is_named(&keys.items[1], ECC_SUBKEY));
	vec_done(&keys);
}

static void the_key_id_of_version_6_is_its_beginning(void **state)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct openpgp_keys keys = VEC_INIT;

	(void)state;
	read_file(DATA "v6.asc", &text);
	openpgp_read_private(buf_str(&text), text.len, &keys);
	assert_int_equal(keys.len, 2);
	assert_true(openpgp_is_named(&keys.items[0], V6));
	assert_true(openpgp_is_named(&keys.items[0], "CB186C4F0609A697"));
	assert_false(openpgp_is_named(&keys.items[0], "6525EC27BAD9ACC9"));
	vec_done(&keys);
}

static void a_fingerprint_is_enough_to_know_a_key_by(void **state)
{
	static const char *const none[] = {"", "3EBF", ECC "0", ECC "00",
	    V6 "00", "GEBFB3DA0373D835BE6532D0EFDCB76118AFFC54"};
	struct openpgp_key key;

	(void)state;
	assert_true(openpgp_key_parse(ECC, &key));
	assert_true(openpgp_is_named(&key, "EFDCB76118AFFC54"));
	assert_true(openpgp_key_parse(V6, &key));
	assert_true(openpgp_is_named(&key, "CB186C4F0609A697"));
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_false(openpgp_key_parse(none[i], &key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(fingerprints_are_those_that_gnupg_prints),
	    cmocka_unit_test(version_6_has_longer_ones),
	    cmocka_unit_test(keys_that_cannot_decrypt_are_none),
	    cmocka_unit_test(a_stub_is_none_in_any_version),
	    cmocka_unit_test(an_algorithm_that_is_not_known_is_said_to_be),
	    cmocka_unit_test(several_blocks_may_stand_in_one_text),
	    cmocka_unit_test(a_cut_block_has_fewer_keys),
	    cmocka_unit_test(a_key_goes_by_several_names),
	    cmocka_unit_test(the_key_id_of_version_6_is_its_beginning),
	    cmocka_unit_test(a_fingerprint_is_enough_to_know_a_key_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
