/*
 * Requests to a Kubernetes API server, following its rules: a 429 is repeated
 * after Retry-After, 5xx and lost connections are tried again with jitter, a
 * 401 renews the credentials once, and a Status body becomes an error that
 * reads as the server meant it. It knows paths and verbs, not kinds.
 *
 * One client serves many threads.
 */
#ifndef STORAGE_KUBE_CLIENT_H
#define STORAGE_KUBE_CLIENT_H

#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/random.h"
#include "storage/base/str.h"
#include "storage/http/http.h"
#include "storage/kube/kubeconfig.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

/* The field manager of all our server-side applies. */
#define KUBE_FIELD_MANAGER "backstay"

/* Whether answers are requested compressed. AUTO: not if the server runs on
 * this machine; else once a large answer has shown that the network is what
 * limits (kube_client_note_rate). */
enum kube_gzip { KUBE_GZIP_OFF, KUBE_GZIP_ON, KUBE_GZIP_AUTO };

struct kube_client_options {
	const struct kube_access *access; /* borrowed for its life */
	enum kube_gzip gzip;
	int max_attempts;	   /* 0: the default of http.h */
	const struct clock *clock; /* these three borrowed too */
	const struct random *random;
	const struct cancel *cancel;
	/* Writes that are no dry runs go into these namespaces alone
	 * (confine.h); NULL: anywhere. Borrowed, and may grow while nothing is
	 * sent. */
	const struct strvec *confined_to;
};

struct kube_client;
struct kube_client *kube_client_new(
    const struct kube_client_options *o, struct err *err);
void kube_client_free(struct kube_client *c); /* takes NULL */
void kube_client_freep(struct kube_client **c);
const char *kube_client_server(const struct kube_client *c); /* the URL */
const struct cancel *kube_client_cancel(const struct kube_client *c);

/* An attempt ends if no byte arrives for so long; 0: the default of http.h. To
 * be set before the first request. */
void kube_client_set_stall_timeout(struct kube_client *c, int timeout_ms);
/* Ends the run's dealings with a server that lets request after request drip
 * (pace.h). To be set before the first request. */
void kube_client_keep_pace(struct kube_client *c, int64_t grace_ms);
/* Reports that so many bytes of a body took so long to arrive. The first report
 * of enough bytes decides whether KUBE_GZIP_AUTO compresses. Safe at any time.
 */
void kube_client_note_rate(struct kube_client *c, uint64_t bytes, int64_t ms);
/* Whether that is not decided yet. */
bool kube_client_weighs(const struct kube_client *c);

struct kube_request {
	const char *method;	  /* default GET */
	const char *path;	  /* "/api/v1/...", already encoded */
	const char *query;	  /* "limit=500&...", encoded, or NULL */
	const char *accept;	  /* default application/json */
	const char *content_type; /* of the body; default application/json */
	const void *body;
	size_t body_len;
	size_t max_body_bytes; /* of a collected answer; default 64 MiB */
	int max_attempts;      /* 0: the client's */
	/* Not ended by a cancellation: for a write whose outcome must be known.
	 */
	bool see_through;
	/* Borrowed; used instead of the client's if it is not NULL. */
	const struct cancel *cancel;
	/* As in http.h: receives a 2xx as it arrives. on_attempt is called
	 * before each attempt, so that the caller can drop what a broken one
	 * delivered. */
	int (*on_data)(
	    void *ctx, const void *data, size_t len, struct err *err);
	int (*on_attempt)(void *ctx, struct err *err);
	void *ctx;
};

struct kube_answer {
	int status;		/* of HTTP; 0 where there was no answer */
	char *reason;		/* of the Status: "AlreadyExists"; or NULL */
	char *message;		/* of the Status, or NULL */
	char *content_type;	/* or NULL */
	struct buf body;	/* of a 2xx without on_data, and of a Status */
	struct strvec warnings; /* texts of the Warning headers */
};
#define KUBE_ANSWER_INIT                                                       \
	{                                                                      \
		.status = 0                                                    \
	}
void kube_answer_done(struct kube_answer *a); /* wipes the body */

/*
 * 0 on a 2xx. -1 on anything else, the answer filled as far as there was one,
 * and the message "<METHOD> <path>: 403 Forbidden: <the Status's message>":
 *   ERR_DENIED     401, 403, or a certificate that does not hold; or not sent,
 *                  since the client is confined to other namespaces
 *   ERR_NOT_FOUND  404
 *   ERR_EXISTS     409 (AlreadyExists or Conflict: see answer.reason)
 *   ERR_FORMAT     400, 406, 413, 415, 422: the request is not acceptable; 410:
 *                  gone (see answer.status); or a body over its cap
 *   ERR_NETWORK    no answer, 429 or 5xx after all attempts
 *   and what on_data or on_attempt set.
 * The answer is reset first.
 */
int kube_client_send(struct kube_client *c, const struct kube_request *r,
    struct kube_answer *answer, struct err *err);

/* For a failure with that HTTP status: keeps ERR_DENIED only for a missing
 * right, which a caller may do without. Credentials that the server does not
 * accept, or that a plugin could not get, become ERR_NETWORK. */
void kube_answer_denied_for_rights_alone(int status, struct err *err);

/* GET of one JSON document; NULL as for kube_client_send, or ERR_FORMAT. The
 * caller frees. */
struct json_object *kube_client_get(
    struct kube_client *c, const char *path, struct err *err);

#endif
