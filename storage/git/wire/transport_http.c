#include "storage/git/wire/transport.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/mem.h"
#include "storage/git/wire/auth.h"
#include "storage/http/retry.h"
#include "storage/http/url.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_ADVERT_BYTES = 256 * 1024 * 1024,
	MAX_REDIRECTS = 5,
};

struct transport_http {
	struct transport transport;
	const struct location *where;
	const struct git_access *access;
	const char *service;
	struct http *http;
	char *base; /* the URL, after redirects */
	char *host; /* its host, in http_url_host's form */
};

/* The credentials are for the host and scheme of the configured URL only. */
static bool is_own_host(const struct transport_http *l)
{
	bool was_tls = str_starts(l->where->url, "https:");

	return str_eq(l->host, l->where->host) &&
	       (!was_tls || str_starts(l->base, "https:"));
}

static void add_authorization(
    const struct transport_http *l, struct http_request *r)
{
	if (is_own_host(l))
		auth_add_basic(r, l->access);
}

static int denied(const struct transport_http *l, int status, struct err *err)
{
	const char *refusal =
	    status == 401 ? "401 Unauthorized" : "403 Forbidden";

	if (!is_own_host(l))
		return err_set(err, ERR_DENIED,
		    "%s: %s, and the configured credentials are not sent to "
		    "another host than %s",
		    l->base, refusal, l->where->host);
	if (l->access->password)
		return err_set(err, ERR_DENIED,
		    "%s: %s: the server refuses the user and password or "
		    "token (user '%s'); not tried again",
		    l->base, refusal,
		    l->access->user ? l->access->user : "git");
	return err_set(err, ERR_DENIED,
	    "%s: %s: the server wants credentials: give user and "
	    "password_file",
	    l->base, refusal);
}

static int check_status(const struct transport_http *l,
    const struct http_response *r, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (r->status >= 200 && r->status <= 299)
		return 0;
	if (r->status == 401 || r->status == 403)
		return denied(l, r->status, err);
	http_describe(r, &text);
	if (r->status == 404 || r->status == 410)
		return err_set(err, ERR_NOT_FOUND,
		    "%s: %s (a host may also hide a repository that the "
		    "credentials do not open)",
		    l->base, buf_str(&text));
	return err_set(err, ERR_NETWORK, "%s: %s", l->base, buf_str(&text));
}

/* "application/x-git-upload-pack-advertisement" and its like. */
static int check_type(const struct transport_http *l,
    const struct http_response *r, const char *suffix, struct err *err)
{
	autofree char *want =
	    str_printf("application/x-%s-%s", l->service, suffix);
	const char *type = http_response_header(r, "content-type");

	if (type && strncmp(type, want, strlen(want)) == 0)
		return 0;
	return err_set(err, ERR_FORMAT,
	    "%s: no Git server that speaks the smart protocol answers there "
	    "(Content-Type '%.80s')",
	    l->base, type ? type : "");
}

static bool redirect_allowed(
    const struct transport_http *l, const char *host, const char *base)
{
	const struct strvec *more = l->access->redirect_hosts;
	bool downgrade =
	    str_starts(l->base, "https:") && !str_starts(base, "https:");

	/* From http to https, both with their usual ports, is the same host. */
	return !downgrade &&
	       (str_eq(host, l->host) || (more && strvec_has(more, host)));
}

/* A relative redirect is resolved against the current base. */
static char *absolute(const struct transport_http *l, const char *target)
{
	if (str_starts(target, "http://") || str_starts(target, "https://"))
		return str_dup(target);
	if (target[0] != '/' || target[1] == '/')
		return NULL;
	const char *path = strchr(strstr(l->base, "://") + 3, '/');
	size_t authority = path ? (size_t)(path - l->base) : strlen(l->base);
	return str_printf("%.*s%s", (int)authority, l->base, target);
}

static int follow(struct transport_http *l, const struct http_response *r,
    const char *suffix, struct err *err)
{
	const char *target = http_response_header(r, "location");
	autofree char *url = target ? absolute(l, target) : NULL;
	cleanup(buf_done) struct buf host = BUF_INIT;

	/* A redirect has to keep what git appended to the URL. */
	if (!url || !str_ends(url, suffix) || http_url_host(url, &host))
		return err_set(err, ERR_NETWORK,
		    "%s: redirected (%d) to what is not a repository; give the "
		    "repository's own URL",
		    l->base, r->status);
	autofree char *base = str_ndup(url, strlen(url) - strlen(suffix));
	if (!redirect_allowed(l, buf_str(&host), base))
		return err_set(err, ERR_DENIED,
		    "%s: the server redirects to %s, which is another host or "
		    "not encrypted; not followed: give that URL, or name the "
		    "host in redirect_hosts",
		    l->base, base);
	free(l->base);
	free(l->host);
	l->base = steal(base);
	l->host = buf_steal(&host);
	return 1;
}

struct greeting {
	struct transport_http *l;
	char *url;
};

static int prepare_greeting(
    void *ctx, int attempt, struct http_request *r, struct err *err)
{
	const struct greeting *g = ctx;

	(void)attempt;
	(void)err;
	r->url = g->url;
	r->max_body_bytes = MAX_ADVERT_BYTES;
	http_request_header(r, "Accept: */*");
	if (str_eq(g->l->service, "git-upload-pack"))
		http_request_header(r, "Git-Protocol: version=2");
	add_authorization(g->l, r);
	return 0;
}

/* One answer to the greeting: 0, 1 after a redirect, or -1. */
static int greet_once(
    struct transport_http *l, struct http_response *response, struct err *err)
{
	autofree char *suffix = str_printf("/info/refs?service=%s", l->service);
	autofree char *url = str_printf("%s%s", l->base, suffix);
	struct greeting g = {.l = l, .url = url};
	const struct http_retry attempts = {.max_attempts = 3,
	    .prepare = prepare_greeting,
	    .judge = http_retry_judge,
	    .ctx = &g};

	if (http_retry_send(l->http, &attempts, response, err))
		return -1;
	if (response->status >= 300 && response->status <= 399)
		return follow(l, response, suffix, err);
	if (check_status(l, response, err))
		return -1;
	return check_type(l, response, "advertisement", err);
}

static int incomplete(const struct transport_http *l, struct err *err)
{
	return err_set(err, ERR_NETWORK,
	    "%s: the server's answer ends before it is complete", l->base);
}

static int http_greet(struct transport *transport, transport_fn *on_data,
    void *ctx, struct err *err)
{
	struct transport_http *l = (struct transport_http *)transport;
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	int result = 1;

	for (int i = 0; result == 1; i++) {
		if (i > MAX_REDIRECTS)
			return err_set(err, ERR_NETWORK,
			    "%s: redirected more than %d times", l->base,
			    MAX_REDIRECTS);
		result = greet_once(l, &response, err);
	}
	if (result)
		return -1;
	result = on_data(ctx, buf_str(&response.body), response.body.len, err);
	if (result < 0)
		return err_wrap(err, "%s", l->base);
	return result == 1 ? 0 : incomplete(l, err);
}

static int read_body(
    void *ctx, uint64_t offset, void *data, size_t len, struct err *err)
{
	const struct transport_body *b = ctx;

	return file_pread_all(
	    b->fd, data, len, offset, "what is to be sent", err);
}

struct answer {
	transport_fn *on_data;
	void *ctx;
	bool ended;
};

static int on_answer(void *ctx, const void *data, size_t len, struct err *err)
{
	struct answer *a = ctx;

	int result = a->on_data(a->ctx, data, len, err);
	if (result > 0)
		a->ended = true;
	return result < 0 ? -1 : 0;
}

static int http_ask(struct transport *transport,
    const struct transport_body *body, transport_fn *on_data, void *ctx,
    struct err *err)
{
	struct transport_http *l = (struct transport_http *)transport;
	cleanup(http_request_done) struct http_request r = HTTP_REQUEST_INIT;
	cleanup(http_response_done) struct http_response response =
	    HTTP_RESPONSE_INIT;
	autofree char *url = str_printf("%s/%s", l->base, l->service);
	struct answer answer = {.on_data = on_data, .ctx = ctx};

	r.method = "POST";
	r.url = url;
	r.body = body->data;
	r.body_len = (size_t)body->len;
	if (!body->data) {
		r.body_at = read_body;
		r.body_at_ctx = (void *)(uintptr_t)body;
	}
	r.on_data = on_answer;
	r.on_data_ctx = &answer;
	http_request_header(
	    &r, "Content-Type: application/x-%s-request", l->service);
	http_request_header(&r, "Accept: application/x-%s-result", l->service);
	if (str_eq(l->service, "git-upload-pack"))
		http_request_header(&r, "Git-Protocol: version=2");
	add_authorization(l, &r);
	if (http_send(l->http, &r, &response, err))
		return -1;
	if (response.status >= 300 && response.status <= 399)
		return err_set(err, ERR_NETWORK,
		    "%s: redirected (%d) in the middle of an exchange", url,
		    response.status);
	if (check_status(l, &response, err))
		return -1;
	return answer.ended ? 0 : incomplete(l, err);
}

static void http_release(struct transport *transport)
{
	struct transport_http *l = (struct transport_http *)transport;

	http_free(l->http);
	free(l->base);
	free(l->host);
	free(l);
}

static const struct transport_ops ops = {
    .greet = http_greet, .request = http_ask, .release = http_release};

struct transport *transport_http_new(const struct location *where,
    const struct git_access *access, const char *service, struct err *err)
{
	struct http *http = auth_http_new(access, err);

	if (!http)
		return NULL;
	struct transport_http *l = mem_new(struct transport_http);
	l->transport.ops = &ops;
	l->where = where;
	l->access = access;
	l->service = service;
	l->http = http;
	l->base = str_dup(where->url);
	l->host = str_dup(where->host);
	return &l->transport;
}
