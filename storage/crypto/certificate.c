#include "storage/crypto/certificate.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

enum { SERIAL_BITS = 127, BEFORE_S = 3600, AFTER_S = 86400 };

struct certificate_authority {
	EVP_PKEY *key;
	X509 *certificate;
	int64_t now;
};

static void key_freep(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void x509_freep(X509 **certificate)
{
	X509_free(*certificate);
}

static void bio_freep(BIO **bio)
{
	BIO_free(*bio);
}

static int failed(const char *what, struct err *err)
{
	return err_set(err, ERR_SYSTEM, "OpenSSL could not make %s", what);
}

static int set_serial(X509 *x)
{
	BIGNUM *n = BN_new();
	int ok = n &&
		 BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
		 BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));

	BN_free(n);
	return ok;
}

static int set_name(X509 *x, const char *field, const char *text)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(x), field,
	    MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0);
}

static int add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	int ok = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

/* All but the issuer, the extensions and the signature. */
static X509 *begin(
    const struct certificate_subject *s, EVP_PKEY *key, int64_t now)
{
	cleanup(x509_freep) X509 *x = X509_new();
	time_t at = (time_t)now;

	if (!x || !X509_set_version(x, X509_VERSION_3) || !set_serial(x) ||
	    !X509_time_adj(X509_getm_notBefore(x), -BEFORE_S, &at) ||
	    !X509_time_adj(X509_getm_notAfter(x), AFTER_S, &at) ||
	    !X509_set_pubkey(x, key) ||
	    (s->organization && !set_name(x, "O", s->organization)) ||
	    !set_name(x, "CN", s->common_name))
		return NULL;
	return steal(x);
}

struct certificate_authority *certificate_authority_new(
    int64_t now, struct err *err)
{
	static const struct certificate_subject subject = {
	    .common_name = "backstay drill"};
	cleanup(key_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
	cleanup(x509_freep) X509 *x = key ? begin(&subject, key, now) : NULL;

	if (!x || !X509_set_issuer_name(x, X509_get_subject_name(x)) ||
	    !add_extension(
		x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
	    !add_extension(
		x, x, NID_key_usage, "critical,keyCertSign,cRLSign") ||
	    !add_extension(x, x, NID_subject_key_identifier, "hash") ||
	    !X509_sign(x, key, EVP_sha256())) {
		failed("a certificate authority", err);
		return NULL;
	}
	struct certificate_authority *a = mem_new(struct certificate_authority);
	a->key = steal(key);
	a->certificate = steal(x);
	a->now = now;
	return a;
}

void certificate_authority_free(struct certificate_authority *a)
{
	if (!a)
		return;
	EVP_PKEY_free(a->key);
	X509_free(a->certificate);
	free(a);
}

void certificate_authority_freep(struct certificate_authority **a)
{
	certificate_authority_free(*a);
}

/* The memory of the BIO is wiped: it may have held a key. */
static void take_text(BIO *from, struct buf *out)
{
	char *text;
	long len = BIO_get_mem_data(from, &text);

	if (len <= 0)
		return;
	buf_add(out, text, (size_t)len);
	mem_wipe(text, (size_t)len);
}

static int add_certificate(X509 *x, struct buf *out, struct err *err)
{
	cleanup(bio_freep) BIO *bio = BIO_new(BIO_s_mem());

	if (!bio || !PEM_write_bio_X509(bio, x))
		return failed("the text of a certificate", err);
	take_text(bio, out);
	return 0;
}

static int add_key(EVP_PKEY *key, struct buf *out, struct err *err)
{
	cleanup(bio_freep) BIO *bio = BIO_new(BIO_s_secmem());

	if (!bio || !PEM_write_bio_PrivateKey_traditional(
			bio, key, NULL, NULL, 0, NULL, NULL))
		return failed("the text of a key", err);
	take_text(bio, out);
	return 0;
}

int certificate_authority_pem(
    const struct certificate_authority *a, struct buf *out, struct err *err)
{
	return add_certificate(a->certificate, out, err);
}

int certificate_issue(const struct certificate_authority *a,
    const struct certificate_subject *s, struct buf *certificate,
    struct buf *key_text, struct err *err)
{
	cleanup(key_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
	cleanup(x509_freep) X509 *x = key ? begin(s, key, a->now) : NULL;
	X509 *issuer = a->certificate;

	if (!x || !X509_set_issuer_name(x, X509_get_subject_name(issuer)) ||
	    !add_extension(
		x, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_extension(
		x, issuer, NID_key_usage, "critical,digitalSignature") ||
	    !add_extension(x, issuer, NID_ext_key_usage,
		s->server ? "serverAuth,clientAuth" : "clientAuth") ||
	    !add_extension(x, issuer, NID_authority_key_identifier, "keyid") ||
	    (s->server && !add_extension(x, issuer, NID_subject_alt_name,
			      "IP:127.0.0.1,DNS:localhost")) ||
	    !X509_sign(x, a->key, EVP_sha256()))
		return failed("a certificate", err);
	return add_certificate(x, certificate, err) ||
		       add_key(key, key_text, err)
		   ? -1
		   : 0;
}

int certificate_key(struct buf *out, struct err *err)
{
	cleanup(key_freep) EVP_PKEY *key = EVP_EC_gen("P-256");

	return key ? add_key(key, out, err) : failed("a key", err);
}
