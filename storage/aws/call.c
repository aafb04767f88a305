#include "storage/aws/call.h"

#include "storage/aws/error.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/http/retry.h"
#include "storage/http/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_ATTEMPTS = 6,
	CLEANUP_ATTEMPTS =
	    3, /* for requests that would delay a run that is to stop */
	MAX_SKEW_UNSEEN_MS = 1000,
};

void aws_call_header(struct aws_call *c, const char *name, const char *fmt, ...)
{
	struct buf value = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&value, fmt, ap);
	va_end(ap);
	struct aws_header *h = NULL;
	VEC_EACH (&c->headers, old) {
		if (str_eq(old->name, name))
			h = old;
	}
	if (!h) {
		h = vec_add(&c->headers);
		h->name = str_dup(name);
	}
	free(h->value);
	h->value = buf_steal(&value);
}

/* A value may be a secret: a customer's key. */
static void header_done(struct aws_header *h)
{
	free(h->name);
	mem_wipe(h->value, strlen(h->value));
	free(h->value);
}

void aws_call_drop_header(struct aws_call *c, const char *name)
{
	for (size_t i = 0; i < c->headers.len; i++) {
		if (!str_eq(c->headers.items[i].name, name))
			continue;
		header_done(&c->headers.items[i]);
		c->headers.items[i] = c->headers.items[--c->headers.len];
		return;
	}
}

void aws_call_done(struct aws_call *c)
{
	VEC_EACH (&c->headers, h)
		header_done(h);
	vec_done(&c->headers);
	free(c->message);
	c->message = NULL;
}

/* ---- an attempt ---- */

VEC_DEFINE(pairs, struct sigv4_pair);

static void pairs_done(struct pairs *p)
{
	vec_done(p);
}

static void add_pair(struct pairs *p, const char *name, const char *value)
{
	struct sigv4_pair *pair = vec_add(p);

	pair->name = name;
	pair->value = value;
}

static void sign(struct aws_call *c, const struct aws_keys *keys,
    const char *host, const char *path, const char *region,
    struct http_request *request)
{
	cleanup(pairs_done) struct pairs all = VEC_INIT;
	cleanup(buf_done) struct buf value = BUF_INIT;
	char stamp[CLOCK_TEXT_MAX];
	struct sigv4_scope scope = {stamp, region, c->service};

	clock_stamp(aws_now_ms(c->aws) / 1000, stamp);
	add_pair(&all, "Host", host);
	add_pair(&all, "X-Amz-Date", stamp);
	add_pair(&all, "X-Amz-Content-Sha256", c->payload_sha256);
	if (keys->session_token)
		add_pair(&all, "X-Amz-Security-Token",
		    secret_reveal(keys->session_token));
	size_t own = all.len;
	VEC_EACH (&c->headers, h)
		add_pair(&all, h->name, h->value);
	struct sigv4_request r = {
	    .method = c->method,
	    .path = path,
	    .query = c->query,
	    .query_count = c->query_count,
	    .headers = all.items,
	    .header_count = all.len,
	    .payload_sha256 = c->payload_sha256,
	};
	sigv4_add_authorization(&value, &r, &scope, keys->access_key_id,
	    secret_reveal(keys->secret_access_key));
	for (size_t i = 0; i < own; i++)
		http_request_header(
		    request, "%s: %s", all.items[i].name, all.items[i].value);
	http_request_header(request, "Authorization: %s", buf_str(&value));
}

static char *url_of(
    const struct aws_call *c, const char *base, const char *path)
{
	struct buf url = BUF_INIT;

	buf_printf(&url, "%s%s", base, path);
	if (c->query_count) {
		buf_add_char(&url, '?');
		sigv4_add_query(&url, c->query, c->query_count);
	}
	return buf_steal(&url);
}

struct attempt {
	struct aws_call *call;
	char *url; /* of the latest attempt */
};

static int prepare(
    void *ctx, int number, struct http_request *request, struct err *err)
{
	struct attempt *at = ctx;
	struct aws_call *c = at->call;
	cleanup(aws_keys_done) struct aws_keys keys = AWS_KEYS_INIT;
	cleanup(buf_done) struct buf host = BUF_INIT;
	autofree char *base = NULL;
	autofree char *path = NULL;
	autofree char *region = NULL;

	c->attempts = number;
	if (c->before && c->before(c->ctx, c, err))
		return -1;
	c->where(c->ctx, &base, &path, &region);
	if (http_url_host(base, &host))
		return err_set(
		    err, ERR_USAGE, "'%s' is not an http(s) URL", base);
	free(at->url);
	at->url = url_of(c, base, path);
	if (c->unsigned_call)
		http_request_header(request, "Host: %s", buf_str(&host));
	else {
		if (c->keys)
			aws_keys_copy(&keys, c->keys);
		else if (aws_keys_current(c->aws, c->stale_keys, &keys,
			     &c->keys_serial, err))
			return -1;
		sign(c, &keys, buf_str(&host), path, region, request);
	}
	VEC_EACH (&c->headers, h)
		http_request_header(request, "%s: %s", h->name, h->value);
	http_request_header(request, "Accept-Encoding: %s",
	    c->accept_encoding ? c->accept_encoding : "identity");
	request->method = c->method;
	request->url = at->url;
	request->body = c->body;
	request->body_len = c->body_len;
	request->body_at = c->body_at;
	request->body_at_ctx = c->body_at_ctx;
	request->on_data = c->on_data;
	request->on_data_ctx = c->ctx;
	request->max_body_bytes = c->max_body_bytes;
	return 0;
}

/* ---- what came of it ---- */

/* The store's clock minus ours, as exactly as its Date shows it: in seconds,
 * compared with the middle of the round trip. */
static int64_t measure_skew(
    const struct aws *a, const struct http_response *r, int64_t fallback)
{
	const char *date = http_response_header(r, "date");
	int64_t seconds = 0;

	(void)a;
	if (!date || clock_parse_http_date(date, &seconds))
		return fallback;
	int64_t middle = r->sent_ms + (r->answered_ms - r->sent_ms) / 2;
	int64_t skew = seconds * 1000 + 500 - middle;
	return skew > -MAX_SKEW_UNSEEN_MS && skew < MAX_SKEW_UNSEEN_MS ? 0
								       : skew;
}

/* A HEAD has no body that explains its 400. It may be a RequestTimeout or an
 * expired token, both of which deserve another attempt. */
static bool status_is_bare(struct aws_call *c, const struct http_response *r)
{
	if (r->status != 400 || *c->code || !str_eq(c->method, "HEAD"))
		return false;
	if (!c->keys && !c->renewed) {
		c->renewed = true;
		c->stale_keys = c->keys_serial;
	}
	return true;
}

static enum http_retry_verdict judge_answer(
    struct aws_call *c, const struct http_response *r)
{
	int64_t before = atomic_load(&c->aws->skew_ms);
	int64_t skew = measure_skew(c->aws, r, before);

	atomic_store(&c->aws->skew_ms, skew);
	aws_error_read(c, r);
	if (r->status < 300 && !*c->code)
		return HTTP_RETRY_DONE;
	if (aws_error_expired(c) && !c->keys && !c->renewed) {
		c->renewed = true;
		c->stale_keys = c->keys_serial;
		return HTTP_RETRY_AGAIN;
	}
	/* A 403 whose Date shows that our clock was wrong: signed for the
	 * store's time it may succeed, whatever reason the refusal gave. */
	if (!c->skew_fixed && (r->status == 403 || aws_error_skewed(c)) &&
	    llabs(skew - before) > 60 * 1000) {
		c->skew_fixed = true;
		return HTTP_RETRY_AGAIN;
	}
	if (c->again && c->again(c->ctx, r, c->code))
		return HTTP_RETRY_AGAIN;
	if (aws_error_passes(c) || status_is_bare(c, r))
		return HTTP_RETRY_AGAIN;
	return r->status >= 300 ? http_retry_judge(NULL, r, NULL)
				: HTTP_RETRY_DONE;
}

static enum http_retry_verdict judge(
    void *ctx, const struct http_response *response, const struct err *failure)
{
	struct attempt *at = ctx;

	if (failure) {
		aws_error_set(at->call, NULL, NULL);
		return http_retry_judge(NULL, response, failure);
	}
	return judge_answer(at->call, response);
}

int aws_call(
    struct aws_call *c, struct http_response *response, struct err *err)
{
	struct attempt at = {.call = c};
	struct http_retry attempts = {
	    .max_attempts = c->aws->s.max_attempts ? c->aws->s.max_attempts
						   : DEFAULT_ATTEMPTS,
	    .prepare = prepare,
	    .judge = judge,
	    .ctx = &at,
	    .even_if_stopped = atomic_load(&c->aws->cleaning) > 0,
	};

	if (attempts.even_if_stopped && cancel_requested(c->aws->s.cancel) &&
	    attempts.max_attempts > CLEANUP_ATTEMPTS)
		attempts.max_attempts = CLEANUP_ATTEMPTS;
	if (c->body_at)
		digest_hex(
		    c->body_sha256, DIGEST_SHA256_LEN, c->payload_sha256);
	else if (!c->unsigned_call)
		digest_sha256_hex(
		    c->body ? c->body : "", c->body_len, c->payload_sha256);
	c->renewed = c->skew_fixed = false;
	int result = http_retry_send(c->aws->http, &attempts, response, err);
	c->repeated = c->attempts > 1 || response->resent;
	if (!result && (response->status >= 300 || *c->code))
		result = aws_error_report(c, response, at.url, err);
	free(at.url);
	return result;
}
