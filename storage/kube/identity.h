/*
 * The current credentials for an API server: the token or certificate that a
 * kube_access leads to, kept fresh. Token and certificate files are read again
 * when they change; an exec plugin runs again when its credentials expire or
 * the server refuses them.
 *
 * One identity serves many threads.
 */
#ifndef STORAGE_KUBE_IDENTITY_H
#define STORAGE_KUBE_IDENTITY_H

#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/http/http.h"
#include "storage/kube/kubeconfig.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_identity;

/* All borrowed for its life. Nothing is read or run yet. */
struct kube_identity *kube_identity_new(const struct kube_access *a,
    const struct clock *clock, const struct cancel *cancel);
void kube_identity_free(struct kube_identity *i); /* takes NULL */

/* The current credentials, renewed if needed. */
struct kube_credentials {
	struct secret *token; /* owned, or NULL */
	char *cert_pem;	      /* owned, or NULL */
	struct secret *key_pem;
	uint64_t serial;      /* changes with any of it */
	uint64_t cert_serial; /* changes with the certificate */
};
int kube_identity_get(
    struct kube_identity *i, struct kube_credentials *out, struct err *err);
void kube_credentials_done(struct kube_credentials *c);

/* The server refused the credentials with this serial. True if there are, or
 * may be, newer ones, so that another attempt is worth it. */
bool kube_identity_refused(struct kube_identity *i, uint64_t serial);

/* What an exec plugin printed; pure. */
struct kube_exec_result {
	struct secret *token;
	char *cert_pem;
	struct secret *key_pem;
	int64_t expires_ms; /* INT64_MAX: not said */
};
int kube_exec_parse(const char *text, size_t len, const char *api_version,
    struct kube_exec_result *out, struct err *err);
void kube_exec_result_done(struct kube_exec_result *r);

/* Runs the plugin of an access (up to a minute) and reads what it prints. */
int kube_exec_run(const struct kube_access *a, const struct clock *clock,
    const struct cancel *cancel, struct kube_exec_result *out, struct err *err);

#endif
