#include "storage/git/host/call.h"

#include "storage/base/cleanup.h"
#include "storage/git/host/answer.h"
#include "storage/http/retry.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_MOVES = 3, MAX_ANSWER = 16 * 1024 * 1024, SECOND_MS = 1000 };

void host_call_done(struct host_call *c)
{
	json_free(c->json);
	free(c->next);
	*c = (struct host_call){.json = NULL};
}

struct exchange {
	const struct host_api *api;
	const char *method;
	char *url;
	const struct buf *body; /* NULL: none */
};

static int prepare(
    void *ctx, int attempt, struct http_request *r, struct err *err)
{
	const struct exchange *e = ctx;

	(void)attempt;
	(void)err;
	r->method = e->method;
	r->url = e->url;
	r->max_body_bytes = MAX_ANSWER;
	http_request_header(r, "Accept: %s", e->api->accept);
	if (e->api->more_header)
		http_request_header(r, "%s", e->api->more_header);
	if (e->api->access->password)
		http_request_header(r, "Authorization: Bearer %s",
		    secret_reveal(e->api->access->password));
	if (!e->body)
		return 0;
	http_request_header(r, "Content-Type: application/json");
	r->body = e->body->data;
	r->body_len = e->body->len;
	return 0;
}

/* GitHub answers 403 as well as 429 where requests are too many, and tells them
 * apart from a refusal by these headers. https://docs.github.com/en/rest/
 * using-the-rest-api/rate-limits-for-the-rest-api */
static bool is_limited(const struct http_response *r)
{
	const char *left = http_response_header(r, "x-ratelimit-remaining");

	return r->status == 429 ||
	       (r->status == 403 && (http_response_header(r, "retry-after") ||
					(left && str_eq(left, "0"))));
}

/* How long the host wants to be left alone, in ms; -1 where it does not say. */
static int64_t wait_asked_ms(const struct http_response *r, int64_t now_ms)
{
	const char *reset = http_response_header(r, "x-ratelimit-reset");
	int64_t after = http_retry_after_ms(r, now_ms);
	uint64_t at = 0;

	if (after >= 0 || !reset || str_parse_u64(reset, INT32_MAX, &at))
		return after;
	int64_t left = (int64_t)at * SECOND_MS - now_ms;
	return left > 0 ? left : 0;
}

/* Whoever asks on in spite of a limit may be locked out, so it is asked again
 * only after a wait that the host named and that is short. What changes
 * something is not repeated after a failure: it may have been done. */
static enum http_retry_verdict judge(
    void *ctx, const struct http_response *r, const struct err *failure)
{
	enum { LONGEST_WAIT_MS = 60 * SECOND_MS };
	const struct exchange *e = ctx;

	if (!failure && is_limited(r)) {
		int64_t wait =
		    http_retry_after_ms(r, clock_now_ms(e->api->access->clock));
		return wait >= 0 && wait <= LONGEST_WAIT_MS ? HTTP_RETRY_AGAIN
							    : HTTP_RETRY_DONE;
	}
	if (!str_eq(e->method, "GET"))
		return HTTP_RETRY_DONE;
	return http_retry_judge(NULL, r, failure);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 307 || status == 308;
}

/* The scheme and host of a URL, as a length of it. */
static size_t origin_len(const char *url)
{
	const char *host = strstr(url, "://") + 3;

	return (size_t)(host - url) + strcspn(host, "/");
}

/* https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-
 * the-rest-api: redirections are to be followed; a token goes to no other host.
 */
static int move(
    struct exchange *e, const struct http_response *r, struct err *err)
{
	const char *to = http_response_header(r, "location");
	size_t len = origin_len(e->url);
	bool same_host = to && (*to == '/' ? to[1] != '/'
					   : strncmp(to, e->url, len) == 0 &&
						 to[len] == '/');
	cleanup(buf_done) struct buf shown = BUF_INIT;

	str_add_printable(
	    &shown, to ? to : "nowhere", strlen(to ? to : "nowhere"));
	bool may_repeat = str_eq(e->method, "GET") || r->status >= 307;
	if (!same_host || !may_repeat)
		return err_set(err, ERR_NETWORK,
		    "%s %s: the host sends it on to %s; %s", e->method, e->url,
		    buf_str(&shown),
		    same_host ? "if it was renamed, use the new name"
			      : "that is another place, which gets no token; "
				"use its URL if it is the right one");
	autofree char *path =
	    *to == '/' ? str_dup(to) : host_answer_path(to, strlen(to));
	if (!path)
		return err_set(err, ERR_FORMAT,
		    "%s %s: the host sends it on to %s, which is no URL",
		    e->method, e->url, buf_str(&shown));
	char *url = str_printf("%.*s%s", (int)len, e->url, path);
	free(e->url);
	e->url = url;
	return 0;
}

static int limited(
    const struct exchange *e, const struct http_response *r, struct err *err)
{
	int64_t wait = wait_asked_ms(r, clock_now_ms(e->api->access->clock));
	cleanup(buf_done) struct buf when = BUF_INIT, why = BUF_INIT;

	host_answer_add_reason(buf_str(&r->body), r->body.len, &why);
	if (wait >= 0)
		buf_printf(&when, "in %lld seconds",
		    (long long)((wait + SECOND_MS - 1) / SECOND_MS));
	return err_set(err, ERR_NETWORK,
	    "%s %s: %s limits how many requests it answers (%d%s%s); ask again "
	    "%s, or let fewer programs use this token",
	    e->method, e->url, e->api->kind, r->status, why.len ? ": " : "",
	    buf_str(&why), when.len ? buf_str(&when) : "later");
}

static enum err_code code_of(int status)
{
	switch (status) {
	case 401:
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOT_FOUND;
	case 409:
	case 422:
		return ERR_EXISTS;
	default:
		return ERR_NETWORK;
	}
}

static const char *advice_of(const struct exchange *e, int status)
{
	if (status == 401 && !e->api->access->password)
		return "; it needs a token: add one to git.credentials";
	if (status == 401)
		return "; the token of git.credentials is wrong or has expired";
	if (status == 403)
		return "; the token of git.credentials may not do that";
	return "";
}

static int check_status(
    const struct exchange *e, const struct http_response *r, struct err *err)
{
	cleanup(buf_done) struct buf why = BUF_INIT, text = BUF_INIT;

	if (r->status >= 200 && r->status <= 299)
		return 0;
	if (is_limited(r))
		return limited(e, r, err);
	host_answer_add_reason(buf_str(&r->body), r->body.len, &why);
	if (why.len)
		buf_printf(&text, "%d: %s", r->status, buf_str(&why));
	else
		http_describe(r, &text);
	return err_set(err, code_of(r->status), "%s %s: %s answered %s%s",
	    e->method, e->url, e->api->kind, buf_str(&text),
	    advice_of(e, r->status));
}

static int send(
    struct exchange *e, struct http_response *response, struct err *err)
{
	const struct http_retry attempts = {
	    .prepare = prepare, .judge = judge, .ctx = e};

	for (int moves = 0;; moves++) {
		if (http_retry_send(e->api->http, &attempts, response, err))
			return err_wrap(err, "%s %s", e->method, e->url);
		if (!is_redirect(response->status))
			return check_status(e, response, err);
		if (moves == MAX_MOVES)
			return err_set(err, ERR_NETWORK,
			    "%s %s: the host sent it on %d times", e->method,
			    e->url, MAX_MOVES + 1);
		if (move(e, response, err))
			return -1;
	}
}

static int read_answer(const struct exchange *e, const struct http_response *r,
    struct host_call *out, struct err *err)
{
	const char *link = http_response_header(r, "link");

	if (r->body.len) {
		out->json = json_parse(buf_str(&r->body), r->body.len, err);
		if (!out->json)
			return err_wrap(err,
			    "%s %s: the answer is no JSON; is that a %s?",
			    e->method, e->url, e->api->kind);
	}
	out->next = link ? host_answer_next(link) : NULL;
	return 0;
}

int host_call(const struct host_api *api, const char *method, const char *path,
    bool absolute, const struct json_object *body, struct host_call *out,
    struct err *err)
{
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	cleanup(buf_done) struct buf text = BUF_INIT;
	size_t root = absolute ? origin_len(api->root) : strlen(api->root);
	struct exchange e = {.api = api,
	    .method = method,
	    .url = str_printf("%.*s%s", (int)root, api->root, path)};

	*out = (struct host_call){.json = NULL};
	if (body) {
		json_write(&text, body, JSON_COMPACT);
		e.body = &text;
	}
	int failed =
	    send(&e, &response, err) || read_answer(&e, &response, out, err);
	free(e.url);
	if (failed)
		host_call_done(out);
	return failed ? -1 : 0;
}
