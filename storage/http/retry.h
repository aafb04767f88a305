/*
 * Exchanges that are tried again after a failure that may pass, with full
 * jitter.
 */
#ifndef STORAGE_HTTP_RETRY_H
#define STORAGE_HTTP_RETRY_H

#include "storage/http/http.h"

enum http_retry_verdict { HTTP_RETRY_DONE, HTTP_RETRY_AGAIN };

/* An exchange that is tried again. Each attempt is prepared anew (signed again,
 * and with a new receiver of data) and judged: `failure` is NULL if there was
 * an answer. Retry-After is honoured up to a minute. */
struct http_retry {
	int max_attempts; /* default 6 */
	int base_ms;	  /* default 200; doubles each time */
	int cap_ms;	  /* default 20,000 */
	int (*prepare)(void *ctx, int attempt, struct http_request *request,
	    struct err *err);
	enum http_retry_verdict (*judge)(void *ctx,
	    const struct http_response *response, const struct err *failure);
	void *ctx;
	const struct cancel *cancel; /* these two as in the request */
	bool even_if_stopped;
};

/* As http_send, with the answer or the error of the last attempt. */
int http_retry_send(struct http *h, const struct http_retry *attempts,
    struct http_response *response, struct err *err);

/* The usual judgement: no answer (ERR_NETWORK), 408, 429, 500, 502, 503 and 504
 * are worth another attempt. */
enum http_retry_verdict http_retry_judge(
    void *ctx, const struct http_response *response, const struct err *failure);

#endif
