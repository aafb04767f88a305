#include "storage/crypto/age_stream.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/crypto/age_crypto.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

enum { SEALED_CHUNK = AGE_CHUNK + AGE_TAG_LEN };

static const uint8_t file_key[] = "YELLOW SUBMARINE";
static const uint8_t nonce[AGE_PAYLOAD_NONCE_LEN] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* What follows the nonce of a file with `len` bytes in it, written `piece` at a
 * time. */
static void seal(const void *data, size_t len, size_t piece, struct buf *out)
{
	cleanup(sink_freep) struct sink *s =
	    age_stream_seal(file_key, nonce, test_sink(out));
	struct err err = ERR_INIT;

	for (size_t at = 0; at < len; at += piece)
		assert_ok(sink_write(s, (const char *)data + at,
			      len - at < piece ? len - at : piece, &err),
		    err);
	assert_ok(sink_finish(s, &err), err);
}

static int unseal(const void *sealed, size_t len, uint64_t first,
    struct buf *out, struct err *err)
{
	cleanup(source_freep) struct source *s = age_stream_open_at(
	    file_key, nonce, first, test_source(sealed, len, 7000, false));
	cleanup(sink_freep) struct sink *to = test_sink(out);

	return stream_copy(s, to, err) < 0 ? -1 : 0;
}

static void fill(struct buf *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add_char(b, (char)(i * 31 >> 3));
}

/* Computed with Python's cryptography (HKDF, ChaCha20Poly1305), after
 * https://c2sp.org/age. */
static void the_bytes_are_those_of_the_specification(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(buf_done) struct buf two = BUF_INIT;
	char hex[200];

	(void)state;
	seal("", 0, 1, &out);
	digest_hex((uint8_t *)out.data, out.len, hex);
	assert_string_equal(hex, "61dc7e0b63ff973e4249c49aa09f5353");
	buf_clear(&out);
	seal("age", 3, 1, &out);
	digest_hex((uint8_t *)out.data, out.len, hex);
	assert_string_equal(hex, "2c8cfa55ab4be9d1fe34313d57608128731670");
	/* Two chunks: of 65,536 bytes, and of one under the counter 1. */
	buf_clear(&out);
	for (size_t i = 0; i < AGE_CHUNK; i++)
		buf_add_char(&two, 'x');
	buf_add_char(&two, 'y');
	seal(two.data, two.len, 10000, &out);
	digest_sha256_hex(out.data, out.len, hex);
	assert_string_equal(hex,
	    "9b9d8204de6f1c10fd7919600a001733a15125e155b13554a959333594693550");
}

static void a_chunk_ends_where_the_next_begins(void **state)
{
	static const struct {
		size_t len;
		size_t chunks;
	} cases[] = {{0, 1}, {1, 1}, {AGE_CHUNK - 1, 1}, {AGE_CHUNK, 1},
	    {AGE_CHUNK + 1, 2}, {2 * AGE_CHUNK, 2}, {2 * AGE_CHUNK + 1, 3}};
	static const size_t pieces[] = {999, AGE_CHUNK, AGE_CHUNK + 1, 1 << 20};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t k = 0; k < sizeof(pieces) / sizeof(*pieces); k++) {
			cleanup(buf_done) struct buf plain = BUF_INIT;
			cleanup(buf_done) struct buf sealed = BUF_INIT;
			cleanup(buf_done) struct buf back = BUF_INIT;
			struct err err = ERR_INIT;
			fill(&plain, cases[i].len);
			seal(plain.data, plain.len, pieces[k], &sealed);
			assert_int_equal(sealed.len,
			    cases[i].len + cases[i].chunks * AGE_TAG_LEN);
			assert_ok(
			    unseal(sealed.data, sealed.len, 0, &back, &err),
			    err);
			assert_int_equal(back.len, plain.len);
			assert_memory_equal(
			    buf_str(&back), buf_str(&plain), plain.len);
		}
}

static void a_chunk_opens_by_itself_under_its_number_alone(void **state)
{
	cleanup(buf_done) struct buf plain = BUF_INIT;
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	cleanup(buf_done) struct buf back = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	fill(&plain, 2 * AGE_CHUNK + 5);
	seal(plain.data, plain.len, 1 << 20, &sealed);
	const char *second = sealed.data + SEALED_CHUNK;
	size_t rest = sealed.len - SEALED_CHUNK;
	assert_ok(unseal(second, rest, 1, &back, &err), err);
	assert_int_equal(back.len, AGE_CHUNK + 5);
	assert_memory_equal(back.data, plain.data + AGE_CHUNK, back.len);
	assert_fails(unseal(second, rest, 0, &back, &err), err, ERR_INTEGRITY);
	assert_fails(unseal(second, rest, 2, &back, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "at chunk 2");
}

/* Nothing of a chunk is given out before its tag was right. */
static void what_is_not_as_it_was_sealed_is_refused(void **state)
{
	static const size_t cuts[] = {0, 1, AGE_TAG_LEN - 1, AGE_TAG_LEN,
	    SEALED_CHUNK - 1, SEALED_CHUNK, SEALED_CHUNK + 1,
	    SEALED_CHUNK + AGE_TAG_LEN};
	cleanup(buf_done) struct buf plain = BUF_INIT;
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	fill(&plain, AGE_CHUNK + 100);
	seal(plain.data, plain.len, 1 << 20, &sealed);
	for (size_t i = 0; i < sizeof(cuts) / sizeof(*cuts); i++) {
		cleanup(buf_done) struct buf back = BUF_INIT;
		assert_fails(unseal(sealed.data, cuts[i], 0, &back, &err), err,
		    ERR_INTEGRITY);
		assert_contains(err.message, "cut short");
		assert_int_equal(
		    back.len, cuts[i] < SEALED_CHUNK ? 0 : AGE_CHUNK);
	}
	static const size_t flips[] = {0, AGE_CHUNK - 1, AGE_CHUNK,
	    SEALED_CHUNK - 1, SEALED_CHUNK, SEALED_CHUNK + 99};
	for (size_t i = 0; i < sizeof(flips) / sizeof(*flips); i++) {
		cleanup(buf_done) struct buf back = BUF_INIT;
		sealed.data[flips[i]] ^= 1;
		assert_fails(unseal(sealed.data, sealed.len, 0, &back, &err),
		    err, ERR_INTEGRITY);
		assert_int_equal(
		    back.len, flips[i] < SEALED_CHUNK ? 0 : AGE_CHUNK);
		sealed.data[flips[i]] ^= 1;
	}
}

static void the_last_chunk_is_the_last_and_not_empty(void **state)
{
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	cleanup(buf_done) struct buf plain = BUF_INIT;
	cleanup(buf_done) struct buf back = BUF_INIT;
	uint8_t key[AGE_KEY_LEN];
	uint8_t empty[AGE_TAG_LEN], at_1[AGE_NONCE_LEN] = {0};
	struct err err = ERR_INIT;

	(void)state;
	/* Of exactly one chunk: a whole file, behind which nothing may come. */
	fill(&plain, AGE_CHUNK);
	seal(plain.data, plain.len, 1 << 20, &sealed);
	buf_add_char(&sealed, 'x');
	assert_fails(unseal(sealed.data, sealed.len, 0, &back, &err), err,
	    ERR_INTEGRITY);
	assert_contains(err.message, "goes on after its last chunk");
	/* A last chunk with nothing in it, rightly sealed, behind a full one
	 * that says that more follows. */
	buf_clear(&sealed);
	buf_clear(&back);
	fill(&plain, 1);
	seal(plain.data, plain.len, 1 << 20, &sealed);
	buf_truncate(&sealed, SEALED_CHUNK);
	age_hkdf(
	    file_key, AGE_FILE_KEY_LEN, nonce, sizeof(nonce), "payload", key);
	at_1[10] = 1;
	at_1[11] = 1;
	struct age_aead *a = age_aead_new(key, true);
	age_aead_seal(a, at_1, "", 0, empty);
	age_aead_free(a);
	buf_add(&sealed, empty, sizeof(empty));
	assert_fails(unseal(sealed.data, sealed.len, 0, &back, &err), err,
	    ERR_INTEGRITY);
	assert_contains(err.message, "empty chunk");
}

static void errors_of_both_ends_come_through(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(buf_done) struct buf plain = BUF_INIT;
	cleanup(buf_done) struct buf sealed = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	fill(&plain, 2 * AGE_CHUNK);
	/* A disk with room for one chunk: the second fails at the end. */
	cleanup(sink_freep) struct sink *s = age_stream_seal(
	    file_key, nonce, test_sink_full(&out, SEALED_CHUNK));
	assert_ok(sink_write(s, plain.data, plain.len, &err), err);
	assert_fails(sink_finish(s, &err), err, ERR_SYSTEM);
	assert_int_equal(err.sys_errno, ENOSPC);
	assert_int_equal(out.len, SEALED_CHUNK);
	/* A connection that breaks is not a file that was cut short. */
	seal(plain.data, plain.len, 1 << 20, &sealed);
	cleanup(buf_done) struct buf back = BUF_INIT;
	cleanup(sink_freep) struct sink *to = test_sink(&back);
	cleanup(source_freep) struct source *from = age_stream_open(file_key,
	    nonce, test_source(sealed.data, SEALED_CHUNK + 9, 4000, true));
	err = (struct err)ERR_INIT;
	assert_int_equal(stream_copy(from, to, &err), -1);
	assert_int_equal(err.code, ERR_NETWORK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_bytes_are_those_of_the_specification),
	    cmocka_unit_test(a_chunk_ends_where_the_next_begins),
	    cmocka_unit_test(a_chunk_opens_by_itself_under_its_number_alone),
	    cmocka_unit_test(what_is_not_as_it_was_sealed_is_refused),
	    cmocka_unit_test(the_last_chunk_is_the_last_and_not_empty),
	    cmocka_unit_test(errors_of_both_ends_come_through),
	};

	return cmocka_run_group_tests_name("age_stream", tests, NULL, NULL);
}
