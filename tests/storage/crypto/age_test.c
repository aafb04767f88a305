#include "storage/crypto/age.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/file.h"
#include "tests/support/sink.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define VECTORS "tests/data/age"
/* Made by ssh-keygen, and sealed by the age program (1.1.1). */
#define SSH "tests/data/age-ssh/"

/* Made by age-keygen -pq, and sealed by the age program (1.3.2). */
#define PQ "tests/data/age-pq/"

enum { MAX_VECTOR = 4 * 1024 * 1024, MAX_PLAIN = 32 * 1024 * 1024 };

/* One file of the published test vectors (C2SP/CCTV, age/testdata): lines
 * "key: value", an empty line, and the age file. */
struct vector {
	char *expect;
	char *payload; /* SHA-256 of what may come out, in hex */
	struct age_identities *identities;
	struct buf body;
};

static void vector_done(struct vector *v)
{
	free(v->expect);
	free(v->payload);
	age_identities_free(v->identities);
	buf_done(&v->body);
}

static void inflate_body(struct buf *body)
{
	struct buf plain = BUF_INIT;
	uLongf len = MAX_PLAIN;

	buf_reserve(&plain, MAX_PLAIN);
	assert_int_equal(uncompress((Bytef *)plain.data, &len,
			     (const Bytef *)body->data, body->len),
	    Z_OK);
	plain.len = len;
	buf_done(body);
	*body = plain;
}

static void parse_line(struct vector *v, const char *line, bool *compressed)
{
	struct err err = ERR_INIT;

	if (str_starts(line, "expect: ")) {
		v->expect = str_dup(line + 8);
	} else if (str_starts(line, "payload: ")) {
		v->payload = str_dup(line + 9);
	} else if (str_starts(line, "compressed: ")) {
		*compressed = true;
	} else if (str_starts(line, "identity: ")) {
		struct secret *s = secret_new(line + 10, strlen(line + 10));
		assert_ok(
		    age_identities_add(v->identities, s, "vector", &err), err);
		secret_free(s);
	} else if (str_starts(line, "passphrase: ")) {
		struct secret *s = secret_new(line + 12, strlen(line + 12));
		age_identities_add_passphrase(v->identities, s);
		secret_free(s);
	}
}

static void read_vector(const char *name, struct vector *v)
{
	autofree char *path = file_join(VECTORS, name);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;
	bool compressed = false;

	assert_ok(file_read(path, MAX_VECTOR, &text, &err), err);
	v->identities = age_identities_new();
	const char *at = text.data;
	while (*at != '\n') {
		size_t n = strcspn(at, "\n");
		autofree char *line = str_ndup(at, n);
		parse_line(v, line, &compressed);
		at += n + 1;
	}
	at++;
	buf_add(&v->body, at, text.len - (size_t)(at - text.data));
	if (compressed)
		inflate_body(&v->body);
}

/* What decrypting comes to, in the words of the vectors. */
static const char *decrypt(struct vector *v, struct buf *out)
{
	struct err err = ERR_INIT;
	char chunk[8192];
	struct source *s = age_decrypt(
	    source_from_memory(v->body.data, v->body.len), v->identities, &err);

	if (!s)
		return err.code == ERR_DENIED	   ? "no match"
		       : err.code == ERR_INTEGRITY ? "HMAC failure"
						   : "header failure";
	for (;;) {
		ssize_t n = source_read(s, chunk, sizeof(chunk), &err);
		if (n > 0) {
			buf_add(out, chunk, (size_t)n);
			continue;
		}
		source_free(s);
		return n == 0 ? "success" : "payload failure";
	}
}

static bool holds(const char *name)
{
	cleanup(vector_done) struct vector v = {.body = BUF_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;
	char hex[DIGEST_SHA256_HEX];

	read_vector(name, &v);
	const char *result = decrypt(&v, &out);
	digest_sha256_hex(out.data, out.len, hex);
	bool same =
	    str_eq(result, v.expect) ||
	    /* A payload without its nonce is refused when it is opened. */
	    (str_eq(v.expect, "payload failure") &&
		str_eq(result, "header failure"));
	/* The last chunk is held back until the file has ended, so that less
	 * than a vector allows may come out of a bad one: whole chunks. */
	if (same && v.payload && !str_eq(hex, v.payload))
		same = !str_eq(result, "success") && out.len % 65536 == 0;
	if (!same)
		print_error("%s: expected %s, got %s, %zu bytes\n", name,
		    v.expect, result, out.len);
	return same;
}

static void the_published_vectors(void **state)
{
	cleanup(strvec_done) struct strvec names = VEC_INIT;
	struct err err = ERR_INIT;
	int run = 0, failed = 0, skipped = 0;

	(void)state;
	assert_ok(file_list_dir(VECTORS, &names, &err), err);
	VEC_EACH (&names, name) {
		if (str_eq(*name, "LICENSE") || **name == '.')
			continue;
		/* Those of post-quantum recipients. */
		if (str_starts(*name, "hybrid") && !age_has_post_quantum()) {
			skipped++;
			continue;
		}
		run++;
		failed += !holds(*name);
	}
	printf("# %d vectors, %d failed, %d skipped for want of "
	       "ML-KEM\n",
	    run, failed, skipped);
	assert_in_range(run, 80, 1000);
	assert_in_range(run + skipped, 110, 1000);
	assert_int_equal(failed, 0);
}

static void round_trip(size_t len)
{
	struct test_random random;
	struct err err = ERR_INIT;
	cleanup(buf_done) struct buf plain = BUF_INIT, sealed = BUF_INIT;
	cleanup(buf_done) struct buf back = BUF_INIT;
	cleanup(strvec_done) struct strvec to = VEC_INIT;
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();

	test_random_init(&random, len + 1);
	for (int i = 0; i < 2; i++) {
		autofree char *recipient = NULL;
		struct secret *key = age_keygen(&random.random, 0, &recipient);
		strvec_add(&to, recipient);
		if (i == 1)
			assert_ok(
			    age_identities_add(ids, key, "key", &err), err);
		secret_free(key);
	}
	buf_reserve(&plain, len);
	random_fill(&random.random, plain.data, len);
	plain.len = len;
	struct sink *s =
	    age_encrypt(&to, &random.random, test_sink(&sealed), &err);
	assert_non_null(s);
	assert_ok(sink_write(s, plain.data, plain.len, &err), err);
	assert_ok(sink_finish(s, &err), err);
	sink_free(s);
	struct vector v = {.body = sealed, .identities = ids};
	assert_string_equal(decrypt(&v, &back), "success");
	assert_int_equal(back.len, len);
	if (len)
		assert_memory_equal(back.data, plain.data, len);
	/* Cut short anywhere, it does not pass for whole. */
	v.body.len--;
	buf_clear(&back);
	assert_string_not_equal(decrypt(&v, &back), "success");
}

static void what_is_sealed_opens_for_each_recipient(void **state)
{
	static const size_t lengths[] = {
	    0, 1, 65535, 65536, 65537, 131072, 200000};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		round_trip(lengths[i]);
}

static void an_ssh_key_opens_what_the_age_program_sealed(void **state)
{
	struct vector v = {.identities = age_identities_new()};
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(buf_done) struct buf public = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(age_identities_add_file(v.identities, SSH "key", &err), err);
	assert_ok(file_read(SSH "sealed", MAX_VECTOR, &v.body, &err), err);
	assert_string_equal(decrypt(&v, &out), "success");
	assert_string_equal(buf_str(&out), "sealed by the age program");
	assert_ok(file_read(SSH "key.pub", MAX_VECTOR, &public, &err), err);
	assert_ok(age_recipient_check(buf_str(&public), &err), err);
	vector_done(&v);
}

static void a_post_quantum_key_opens_what_the_age_program_sealed(void **state)
{
	struct vector v = {.identities = age_identities_new()};
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(age_identities_add_file(v.identities, PQ "key", &err), err);
	assert_ok(file_read(PQ "sealed", MAX_VECTOR, &v.body, &err), err);
	if (age_has_post_quantum()) {
		assert_string_equal(decrypt(&v, &out), "success");
		assert_string_equal(buf_str(&out), "sealed by the age program");
	} else {
		assert_null(
		    age_decrypt(source_from_memory(v.body.data, v.body.len),
			v.identities, &err));
		assert_int_equal(err.code, ERR_DENIED);
		assert_contains(err.message, "age-plugin-pq");
	}
	vector_done(&v);
}

/* By check, and whatever else asks. */
static void without_ml_kem_a_plugin_is_needed(void **state)
{
	cleanup(strvec_done) struct strvec to = VEC_INIT;
	cleanup(buf_done) struct buf public = BUF_INIT;
	struct test_random random;
	struct err err = ERR_INIT;

	(void)state;
	if (age_has_post_quantum())
		skip();
	/* A machine may have the plugin. */
	setenv("PATH", "", 1);
	test_random_init(&random, 1);
	assert_ok(file_read(PQ "key.pub", MAX_VECTOR, &public, &err), err);
	strvec_add(&to, buf_str(&public));
	assert_fails(
	    age_recipient_usable(to.items[0], &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "recipient 'age1pq1");
	assert_contains(err.message, "'age-plugin-pq' is not in PATH");
	assert_contains(err.message, "OpenSSL 3.5");
	assert_int_equal(age_recipients_try(&to, &random.random, &err), -1);
	assert_contains(err.message, "age-plugin-pq");
}

static void post_quantum_recipients_stand_alone(void **state)
{
	cleanup(strvec_done) struct strvec to = VEC_INIT;
	cleanup(buf_done) struct buf public = BUF_INIT, out = BUF_INIT;
	struct vector v = {.body = BUF_INIT};
	autofree char *classic = NULL;
	struct test_random random;
	struct err err = ERR_INIT;

	(void)state;
	if (!age_has_post_quantum())
		skip();
	v.identities = age_identities_new();
	test_random_init(&random, 1);
	assert_ok(file_read(PQ "key.pub", MAX_VECTOR, &public, &err), err);
	assert_ok(age_identities_add_file(v.identities, PQ "key", &err), err);
	strvec_add(&to, buf_str(&public));
	strvec_add(&to, buf_str(&public));
	assert_ok(age_recipient_usable(to.items[0], &err), err);
	struct sink *s =
	    age_encrypt(&to, &random.random, test_sink(&v.body), &err);
	assert_ok(sink_write(s, "content", 7, &err), err);
	assert_ok(sink_finish(s, &err), err);
	sink_free(s);
	assert_string_equal(decrypt(&v, &out), "success");
	assert_string_equal(buf_str(&out), "content");
	vector_done(&v);
	secret_free(age_keygen(&random.random, 0, &classic));
	strvec_add(&to, classic);
	assert_fails(
	    age_recipients_try(&to, &random.random, &err), err, ERR_USAGE);
	assert_contains(err.message, "postquantum and classic");
}

static void an_ssh_key_that_cannot_be_used_is_refused(void **state)
{
	cleanup(age_identities_freep) struct age_identities *ids =
	    age_identities_new();
	cleanup(buf_done) struct buf key = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_fails(
	    age_identities_add_file(ids, SSH "key-with-passphrase", &err), err,
	    ERR_FORMAT);
	assert_contains(err.message, "ssh-keygen -p");
	assert_fails(
	    age_recipient_check("ssh-rsa AAAA", &err), err, ERR_FORMAT);
	assert_contains(err.message, "ssh-ed25519");
	assert_fails(
	    age_recipient_check("ssh-ed25519 AAAA", &err), err, ERR_FORMAT);
	assert_fails(age_recipient_check("age1pq1qqqq", &err), err, ERR_FORMAT);
	/* Cut off anywhere, it is none. */
	assert_ok(file_read(SSH "key", MAX_VECTOR, &key, &err), err);
	for (size_t len = 40; len + 40 < key.len; len += 7) {
		struct secret *part = secret_new(key.data, len);
		assert_fails(age_identities_add(ids, part, "part", &err), err,
		    ERR_FORMAT);
		secret_free(part);
	}
}

static void a_recipient_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"", "age1", "age1qqqq",
	    ("AGE-SECRET-KEY-"
	     "1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX4"
	     "0Q2P2LM0")};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_fails(
		    age_recipient_check(bad[i], &err), err, ERR_FORMAT);
		assert_null(strstr(err.message, "EGTZVFFV"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_vectors),
	    cmocka_unit_test(what_is_sealed_opens_for_each_recipient),
	    cmocka_unit_test(an_ssh_key_opens_what_the_age_program_sealed),
	    cmocka_unit_test(
		a_post_quantum_key_opens_what_the_age_program_sealed),
	    cmocka_unit_test(without_ml_kem_a_plugin_is_needed),
	    cmocka_unit_test(post_quantum_recipients_stand_alone),
	    cmocka_unit_test(an_ssh_key_that_cannot_be_used_is_refused),
	    cmocka_unit_test(a_recipient_that_is_none_is_refused),
	};

	return cmocka_run_group_tests_name("age", tests, NULL, NULL);
}
