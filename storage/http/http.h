/*
 * HTTP, through libcurl: time limits, size caps, TLS that is always verified,
 * proxies, kept-alive connections. It knows no service: what a status means is
 * for the caller. Redirects are not followed; the caller sees the 3xx and
 * decides which host may get its credentials.
 *
 * One `struct http` serves many threads; each request takes an idle
 * connection or opens one.
 */
#ifndef STORAGE_HTTP_HTTP_H
#define STORAGE_HTTP_HTTP_H

#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/pace.h"
#include "storage/base/random.h"
#include "storage/base/secret.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All borrowed for the life of the client; zero or NULL means the default. */
struct http_options {
	const char *ca_file; /* PEM; default: the system's */
	const char *ca_pem;  /* the same, in memory; used instead of ca_file */
	const char *client_cert_pem;
	const struct secret *client_key_pem;
	bool insecure_skip_verify; /* only if the user configured it twice */
	const char
	    *tls_server_name; /* the name that the certificate must have */
	const char *proxy;    /* URL; default: the environment's, which is
				 not asked about this machine itself */
	const char *unix_socket;
	int connect_timeout_ms; /* default 10 s */
	int stall_timeout_ms;	/* hardly a byte for so long; default 60 s */
	/* The server may think for long before it answers, and sends a few
	 * bytes now and then meanwhile, as Git's do: it is let. */
	bool thinks;
	bool gzip;	       /* ask for it, and unpack */
	struct pace_sum *pace; /* judges all exchanges together (pace.h) */
	const struct clock *clock;
	const struct random *random;
	const struct cancel *cancel;
};

struct http;
struct http *http_new(const struct http_options *o, struct err *err);
void http_free(struct http *h); /* takes NULL */

/* The options that it was made with, with the defaults filled in; borrowed. */
const struct http_options *http_options_of(const struct http *h);

struct http_request {
	const char *method;    /* borrowed; default GET */
	const char *url;       /* http or https; holds no credentials */
	bool url_is_secret;    /* its path opens something: never shown */
	struct strvec headers; /* "Name: value", owned; wiped on release */
	const void *body;      /* borrowed */
	size_t body_len;
	/* Instead of a body in memory: returns len bytes of it from an offset.
	 * Called as they are sent, and perhaps again for a repeated request. */
	int (*body_at)(void *ctx, uint64_t offset, void *data, size_t len,
	    struct err *err);
	void *body_at_ctx;
	/* Receives the body of a 2xx as it arrives; -1 ends the transfer with
	 * the error that it set. Without it, the body is stored in the
	 * response. */
	int (*on_data)(
	    void *ctx, const void *data, size_t len, struct err *err);
	void *on_data_ctx;
	size_t max_body_bytes; /* of a body that is stored; default 16 MiB */
	int total_timeout_ms;  /* of the whole exchange; 0: none */
	/* Borrowed; used instead of the client's if it is not NULL. */
	const struct cancel *cancel;
	/* Sent even after a cancellation: for what cleans up behind a run that
	 * was stopped. */
	bool even_if_stopped;
};
#define HTTP_REQUEST_INIT                                                      \
	{                                                                      \
		.method = "GET"                                                \
	}

void http_request_done(struct http_request *r);
void http_request_header(struct http_request *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

struct http_response {
	int status;
	struct strvec headers; /* "name: value", the name in lower case */
	struct buf body;       /* of an error, at most 64 KiB */
	/* It was sent twice, over a kept connection that was dead and then over
	 * a new one: the server may have acted on the first. */
	bool resent;
	/* It failed since on the whole hardly anything came (pace.h): another
	 * attempt would hold the run up again. */
	bool too_slow;
	/* When the request was sent and the first header came, by the
	 * client's clock: for the store's clock skew. */
	int64_t sent_ms;
	int64_t answered_ms;
};
#define HTTP_RESPONSE_INIT                                                     \
	{                                                                      \
		.status = 0                                                    \
	}

void http_response_done(struct http_response *r); /* wipes */
/* The value of the first header of that (lower case) name, or NULL. */
const char *http_response_header(
    const struct http_response *r, const char *name);
/* Retry-After in ms, from seconds or from a date compared with now_ms; or -1.
 */
int64_t http_retry_after_ms(const struct http_response *r, int64_t now_ms);

/* One exchange. 0 as soon as there is an answer, whatever its status; -1 with
 * ERR_NETWORK, ERR_CANCELLED, ERR_FORMAT (over a cap), ERR_USAGE (not a URL, or
 * not a name), ERR_DENIED (the certificate is not trusted) or what on_data set.
 * The response is reset first. */
int http_send(struct http *h, const struct http_request *request,
    struct http_response *response, struct err *err);

/* "503 Service Unavailable" and the first line of the body, printable. */
void http_describe(const struct http_response *r, struct buf *out);

#endif
