#include "tests/support/script_tls.h"

#include "storage/base/mem.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct script_tls {
	SSL_CTX *context;
	char ca[sizeof("/tmp/backstay-script-ca-XXXXXX")];
};

static void must(int ok)
{
	if (!ok)
		abort();
}

static X509 *certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	const unsigned char common[] = "scripted server";

	must(X509_set_version(x, 2));
	must(ASN1_INTEGER_set(X509_get_serialNumber(x), 1));
	must(X509_gmtime_adj(X509_getm_notBefore(x), -3600) != NULL);
	must(X509_gmtime_adj(X509_getm_notAfter(x), 24 * 3600) != NULL);
	must(X509_set_pubkey(x, key));
	must(X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, common, -1, -1, 0));
	must(X509_set_issuer_name(x, name));
	X509_EXTENSION *alt = X509V3_EXT_conf_nid(
	    NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
	must(alt && X509_add_ext(x, alt, -1));
	X509_EXTENSION_free(alt);
	must(X509_sign(x, key, EVP_sha256()));
	return x;
}

struct script_tls *script_tls_new(void)
{
	struct script_tls *t = mem_new(struct script_tls);
	EVP_PKEY *key = EVP_EC_gen("P-256");

	must(key != NULL);
	X509 *x = certificate(key);
	t->context = SSL_CTX_new(TLS_server_method());
	must(SSL_CTX_use_certificate(t->context, x) == 1);
	must(SSL_CTX_use_PrivateKey(t->context, key) == 1);
	snprintf(t->ca, sizeof(t->ca), "/tmp/backstay-script-ca-XXXXXX");
	int fd = mkstemp(t->ca);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	must(f && PEM_write_X509(f, x) && fclose(f) == 0);
	X509_free(x);
	EVP_PKEY_free(key);
	return t;
}

void script_tls_free(struct script_tls *t)
{
	if (!t)
		return;
	unlink(t->ca);
	SSL_CTX_free(t->context);
	free(t);
}

const char *script_tls_ca(const struct script_tls *t)
{
	return t->ca;
}

struct script_stream {
	SSL *ssl;
};

struct script_stream *script_tls_accept(struct script_tls *t, int fd)
{
	struct script_stream *s = mem_new(struct script_stream);

	s->ssl = SSL_new(t->context);
	must(SSL_set_fd(s->ssl, fd));
	if (SSL_accept(s->ssl) == 1)
		return s;
	script_stream_free(s);
	return NULL;
}

void script_stream_free(struct script_stream *s)
{
	if (!s)
		return;
	SSL_free(s->ssl);
	free(s);
}

ssize_t script_stream_read(struct script_stream *s, void *data, size_t len)
{
	return SSL_read(s->ssl, data, (int)len);
}

ssize_t script_stream_write(
    struct script_stream *s, const void *data, size_t len)
{
	return SSL_write(s->ssl, data, (int)len);
}

int script_stream_pending(struct script_stream *s)
{
	return SSL_pending(s->ssl);
}
