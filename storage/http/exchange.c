#include "storage/http/exchange.h"

#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"
#include "storage/base/pace.h"
#include "storage/http/handle.h"
#include "storage/http/url.h"

#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024,
	MAX_ERROR_BODY_BYTES = 64 * 1024,
};

/* One exchange under way. */
struct exchange {
	const struct http_options *options;
	const struct http_request *request;
	struct http_response *response;
	struct err *err;
	bool refused;	    /* err was set by a callback */
	int sent;	    /* how often libcurl sent the request */
	uint64_t body_sent; /* bytes, if body_at gives the body */
	struct pace pace;
};

static void add_header_line(struct exchange *x, const char *line, size_t len)
{
	struct http_response *r = x->response;

	while (len && strchr("\r\n \t", line[len - 1]))
		len--;
	if (len >= 5 && strncmp(line, "HTTP/", 5) == 0) {
		/* The header of a new answer begins: drop what an interim one
		 * (1xx) said. */
		strvec_done(&r->headers);
		if (!r->answered_ms)
			r->answered_ms = clock_now_ms(x->options->clock);
		return;
	}
	const char *colon = memchr(line, ':', len);
	if (!colon)
		return;
	char *copy = str_ndup(line, len);
	for (char *c = copy; *c && *c != ':'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	*vec_add(&r->headers) = copy;
}

static size_t on_header(char *line, size_t one, size_t len, void *arg)
{
	(void)one;
	add_header_line(arg, line, len);
	return len;
}

static CURLcode current_status(CURL *handle, int *status)
{
	long code = 0;
	CURLcode result =
	    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &code);

	*status = (int)code;
	return result;
}

struct receiver {
	struct exchange *x;
	CURL *handle;
};

static size_t refuse(struct exchange *x)
{
	x->refused = true;
	return CURL_WRITEFUNC_ERROR;
}

static size_t on_body(char *data, size_t one, size_t len, void *arg)
{
	struct receiver *to = arg;
	struct exchange *x = to->x;
	struct buf *body = &x->response->body;
	size_t max = x->request->max_body_bytes;
	int status = 0;

	(void)one;
	current_status(to->handle, &status);
	if (status < 200 || status > 299) {
		/* What is shown of an error fits into this; the rest is read
		 * and dropped. */
		size_t room = MAX_ERROR_BODY_BYTES - body->len;
		buf_add(body, data, len < room ? len : room);
		return len;
	}
	if (x->request->on_data) {
		pace_stop(&x->pace);
		int failed = x->request->on_data(
		    x->request->on_data_ctx, data, len, x->err);
		pace_go_on(&x->pace);
		return failed ? refuse(x) : len;
	}
	if (!max)
		max = DEFAULT_MAX_BODY_BYTES;
	if (len > max - body->len) {
		err_set(x->err, ERR_FORMAT,
		    "the answer is larger than the %zu bytes allowed for it",
		    max);
		return refuse(x);
	}
	buf_add(body, data, len);
	return len;
}

static const struct cancel *cancel_of(const struct exchange *x)
{
	return x->request->cancel ? x->request->cancel : x->options->cancel;
}

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down,
    curl_off_t up_total, curl_off_t up)
{
	struct exchange *x = arg;

	(void)down_total;
	(void)up_total;
	if (!x->request->even_if_stopped && cancel_requested(cancel_of(x)))
		return 1;
	x->pace.bytes = (uint64_t)down + (uint64_t)up;
	x->response->too_slow = pace_check(&x->pace, x->err) != 0;
	x->refused |= x->response->too_slow;
	return x->response->too_slow;
}

/* Called each time the request is sent: libcurl repeats it if a kept connection
 * turns out to be dead. */
static int on_send(
    void *arg, char *to_ip, char *from_ip, int to_port, int from_port)
{
	struct exchange *x = arg;

	(void)to_ip;
	(void)from_ip;
	(void)to_port;
	(void)from_port;
	x->sent++;
	return CURL_PREREQFUNC_OK;
}

static size_t on_more_body(char *data, size_t one, size_t len, void *arg)
{
	struct exchange *x = arg;
	const struct http_request *r = x->request;
	uint64_t left = r->body_len - x->body_sent;

	(void)one;
	if (len > left)
		len = (size_t)left;
	pace_stop(&x->pace);
	int failed =
	    len ? r->body_at(r->body_at_ctx, x->body_sent, data, len, x->err)
		: 0;
	pace_go_on(&x->pace);
	if (failed) {
		x->refused = true;
		return CURL_READFUNC_ABORT;
	}
	x->body_sent += len;
	return len;
}

/* That a kept connection is dead may show only while the body is sent. Then the
 * body is sent again on a new one. */
static int on_seek_body(void *arg, curl_off_t offset, int origin)
{
	struct exchange *x = arg;

	if (origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > x->request->body_len)
		return CURL_SEEKFUNC_FAIL;
	x->body_sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static enum err_code code_of(CURLcode result)
{
	switch (result) {
	case CURLE_ABORTED_BY_CALLBACK:
		return ERR_CANCELLED;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return ERR_USAGE;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return ERR_DENIED;
	default:
		return ERR_NETWORK;
	}
}

static const char *proxy_of(const struct exchange *x)
{
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY",
	    "http_proxy", "all_proxy", "ALL_PROXY"};
	const char *proxy = x->options->proxy;

	for (size_t i = 0; !proxy && i < sizeof(names) / sizeof(*names); i++)
		proxy = getenv(names[i]);
	return proxy;
}

/* libcurl names the host that it could not reach, but not that this is the
 * proxy. */
static void set_proxy(
    const struct exchange *x, CURLcode result, const char *detail)
{
	cleanup(buf_done) struct buf location = BUF_INIT;
	const char *proxy = proxy_of(x);

	if (!proxy || (result != CURLE_COULDNT_CONNECT &&
			  result != CURLE_COULDNT_RESOLVE_PROXY))
		return;
	http_url_location(proxy, &location);
	const char *colon = strrchr(buf_str(&location), ':');
	autofree char *reached = str_printf("%.*s%s%s ",
	    colon ? (int)(colon - location.data) : (int)location.len,
	    buf_str(&location), colon ? " port " : "", colon ? colon + 1 : "");
	if (result == CURLE_COULDNT_RESOLVE_PROXY || strstr(detail, reached))
		err_wrap(x->err, "the proxy '%s'", buf_str(&location));
}

/* Of a certificate that is too old, or is for another name, libcurl says all.
 * Of one that nobody vouches for it does not say what to do. The numbers are
 * OpenSSL's: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/ */
static bool is_unknown_authority(CURL *handle, CURLcode result)
{
	enum {
		NO_ISSUER = 2,
		SELF_SIGNED = 18,
		SELF_SIGNED_IN_CHAIN = 19,
		NO_LOCAL_ISSUER = 20,
		LEAF_ALONE = 21
	};
	long verified = 0;

	if (result != CURLE_PEER_FAILED_VERIFICATION)
		return false;
	curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &verified);
	return verified == NO_ISSUER || verified == SELF_SIGNED ||
	       verified == SELF_SIGNED_IN_CHAIN ||
	       verified == NO_LOCAL_ISSUER || verified == LEAF_ALONE;
}

static void add_authority(
    CURL *handle, const struct exchange *x, CURLcode result)
{
	const struct http_options *o = x->options;

	if (!is_unknown_authority(handle, result))
		return;
	autofree char *before = str_dup(x->err->message);
	if (!o->ca_pem && o->ca_file)
		err_set(x->err, x->err->code,
		    "%s: no authority in '%s' (ca_file) vouches for it", before,
		    o->ca_file);
	else if (!o->ca_pem)
		err_set(x->err, x->err->code,
		    "%s: if it is that of an authority of your own, name its "
		    "file by ca_file, or install it (update-ca-certificates)",
		    before);
}

static int fail(
    CURL *handle, struct exchange *x, CURLcode result, const char *detail)
{
	const char *url = x->request->url;

	if (!x->refused) {
		err_set(x->err, code_of(result), "%s",
		    result == CURLE_ABORTED_BY_CALLBACK ? "stopped on request"
		    : detail[0]				? detail
				: curl_easy_strerror(result));
		set_proxy(x, result, detail);
		add_authority(handle, x, result);
	}
	return err_wrap(x->err, "%s %.*s", x->request->method,
	    handle_url_shown(x->request), url);
}

/* The query of a URL is never shown: it may contain a signature. */
static void log_exchange(CURL *handle, const struct exchange *x)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;
	const char *url = x->request->url;
	int shown = handle_url_shown(x->request);
	curl_off_t up = 0, down = 0, us = 0;

	if (!log_is_shown(LOG_LEVEL_DEBUG))
		return;
	curl_easy_getinfo(handle, CURLINFO_SIZE_UPLOAD_T, &up);
	curl_easy_getinfo(handle, CURLINFO_SIZE_DOWNLOAD_T, &down);
	curl_easy_getinfo(handle, CURLINFO_TOTAL_TIME_T, &us);
	autofree char *location = str_ndup(url, (size_t)shown);
	json_text_str(&facts, "method", x->request->method);
	json_text_str(&facts, "url", location);
	json_text_int(&facts, "status", x->response->status);
	json_text_int(&facts, "sent_bytes", up);
	json_text_int(&facts, "received_bytes", down);
	json_text_int(&facts, "milliseconds", us / 1000);
	log_named(LOG_LEVEL_DEBUG, "request", &facts,
	    "%s %s: %d, %lld bytes out, %lld in, %lld ms", x->request->method,
	    location, x->response->status, (long long)up, (long long)down,
	    (long long)(us / 1000));
}

static int perform(CURL *handle, struct exchange *x)
{
	char detail[CURL_ERROR_SIZE] = "";
	struct receiver to = {.x = x, .handle = handle};

	curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(handle, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(handle, CURLOPT_WRITEDATA, &to);
	if (x->request->body_at) {
		curl_easy_setopt(handle, CURLOPT_READFUNCTION, on_more_body);
		curl_easy_setopt(handle, CURLOPT_READDATA, x);
		curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, on_seek_body);
		curl_easy_setopt(handle, CURLOPT_SEEKDATA, x);
	}
	curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(handle, CURLOPT_XFERINFODATA, x);
	curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, on_send);
	curl_easy_setopt(handle, CURLOPT_PREREQDATA, x);
	x->response->sent_ms = clock_now_ms(x->options->clock);
	CURLcode result = curl_easy_perform(handle);
	current_status(handle, &x->response->status);
	log_exchange(handle, x);
	curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, NULL);
	x->response->resent = x->sent > 1;
	return result == CURLE_OK ? 0 : fail(handle, x, result, detail);
}

int exchange_perform(CURL *handle, const struct http_options *o,
    const struct http_request *request, struct http_response *response,
    struct err *err)
{
	struct exchange x = {
	    .options = o, .request = request, .response = response, .err = err};
	cleanup(handle_lists_done) struct handle_lists lists = {0};

	if (!request->even_if_stopped && cancel_check(cancel_of(&x), err))
		return -1;
	if (handle_set(handle, o, request, &lists, err))
		return -1;
	/* A proxy of the environment is for what crosses a network, as Go's
	 * ProxyFromEnvironment has it; "" is none. */
	if (!o->proxy && http_url_is_local(request->url))
		curl_easy_setopt(handle, CURLOPT_PROXY, "");
	/* What cleans up behind a run is asked of any server. */
	pace_begin(&x.pace, o->clock, handle_grace_ms(o),
	    request->even_if_stopped ? NULL : o->pace);
	response->too_slow = pace_check(&x.pace, err) != 0;
	if (response->too_slow)
		return -1;
	int result = perform(handle, &x);
	pace_end(&x.pace);
	return result;
}
