/* Certificates of one run: whom they speak of, and who believes them. */
#include "storage/crypto/certificate.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { NOW = 1790000000 };

static X509 *parse(const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(x);
	return x;
}

/* As a server (or client) at that moment, by that authority. */
static int believed(X509 *x, X509 *ca, int purpose, int64_t when)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(ctx, store, x, NULL);
	X509_STORE_CTX_set_purpose(ctx, purpose);
	X509_VERIFY_PARAM_set_time(
	    X509_STORE_CTX_get0_param(ctx), (time_t)when);
	int ok = X509_verify_cert(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

struct issued {
	struct buf ca, certificate, key;
	X509 *authority, *x;
};

static void issued_done(struct issued *i)
{
	X509_free(i->authority);
	X509_free(i->x);
	buf_done(&i->ca);
	buf_done(&i->certificate);
	buf_wipe(&i->key);
}

static void issue(struct issued *i, const struct certificate_subject *s)
{
	struct err err = ERR_INIT;
	cleanup(certificate_authority_freep) struct certificate_authority *a =
	    certificate_authority_new(NOW, &err);

	assert_non_null(a);
	assert_ok(certificate_authority_pem(a, &i->ca, &err), err);
	assert_ok(certificate_issue(a, s, &i->certificate, &i->key, &err), err);
	i->authority = parse(&i->ca);
	i->x = parse(&i->certificate);
}

static void a_server_is_believed_for_a_day(void **state)
{
	static const struct certificate_subject s = {
	    .common_name = "server", .server = true};
	cleanup(issued_done) struct issued i = {.ca = BUF_INIT};
	cleanup(issued_done) struct issued other = {.ca = BUF_INIT};

	(void)state;
	issue(&i, &s);
	issue(&other, &s);
	assert_int_equal(
	    believed(i.x, i.authority, X509_PURPOSE_SSL_SERVER, NOW), 1);
	assert_int_equal(X509_check_ip_asc(i.x, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(i.x, "127.0.0.2", 0), 0);
	assert_int_equal(believed(i.x, i.authority, X509_PURPOSE_SSL_SERVER,
			     NOW + 2 * 86400),
	    0);
	assert_int_equal(
	    believed(i.x, other.authority, X509_PURPOSE_SSL_SERVER, NOW), 0);
}

static void a_client_is_no_server(void **state)
{
	static const struct certificate_subject s = {
	    .common_name = "admin", .organization = "system:masters"};
	cleanup(issued_done) struct issued i = {.ca = BUF_INIT};
	char organization[64] = "";

	(void)state;
	issue(&i, &s);
	assert_int_equal(
	    believed(i.x, i.authority, X509_PURPOSE_SSL_CLIENT, NOW), 1);
	assert_int_equal(
	    believed(i.x, i.authority, X509_PURPOSE_SSL_SERVER, NOW), 0);
	X509_NAME_get_text_by_NID(X509_get_subject_name(i.x),
	    NID_organizationName, organization, sizeof(organization));
	assert_string_equal(organization, "system:masters");
}

/* The form that Kubernetes reads keys of accounts in. */
static void a_key_is_one_on_a_curve(void **state)
{
	cleanup(buf_wipe) struct buf key = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(certificate_key(&key, &err), err);
	assert_non_null(strstr(buf_str(&key), "BEGIN EC PRIVATE KEY"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_server_is_believed_for_a_day),
	    cmocka_unit_test(a_client_is_no_server),
	    cmocka_unit_test(a_key_is_one_on_a_curve),
	};

	return cmocka_run_group_tests_name("certificate", tests, NULL, NULL);
}
