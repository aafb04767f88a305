#include "storage/http/http.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_CONNECT_TIMEOUT_MS = 10 * 1000,
	DEFAULT_STALL_TIMEOUT_MS = 60 * 1000,
	DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024,
	MAX_ERROR_BODY_BYTES = 64 * 1024,
	TRANSFER_BUFFER_BYTES = 256 * 1024,
};

VEC_DEFINE(handlevec, CURL *);

struct http {
	struct http_options o;
	pthread_mutex_t lock;
	struct handlevec idle; /* each keeps its connections alive */
};

/* One exchange under way. */
struct exchange {
	struct http *http;
	const struct http_request *request;
	struct http_response *response;
	struct err *err;
	bool refused; /* err was set by a callback */
};

static void global_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		abort();
}

struct http *http_new(const struct http_options *o, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, global_init);
	if (o->client_cert_pem && !o->client_key_pem) {
		err_set(err, ERR_USAGE,
		    "a client certificate needs its private key beside it");
		return NULL;
	}
	struct http *h = mem_new(struct http);
	h->o = *o;
	if (!h->o.clock)
		h->o.clock = clock_system();
	if (!h->o.random)
		h->o.random = random_system();
	pthread_mutex_init(&h->lock, NULL);
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	VEC_EACH (&h->idle, handle)
		curl_easy_cleanup(*handle);
	vec_done(&h->idle);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

void http_freep(struct http **h)
{
	http_free(*h);
}

const struct http_options *http_options_of(const struct http *h)
{
	return &h->o;
}

void http_request_done(struct http_request *r)
{
	/* A header may hold a token or a signature. */
	VEC_EACH (&r->headers, header)
		mem_wipe(*header, strlen(*header));
	strvec_done(&r->headers);
	*r = (struct http_request)HTTP_REQUEST_INIT;
}

void http_request_header(struct http_request *r, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	/* Grown at once, so that no copy of a token is left behind. */
	buf_reserve(&text, 8192);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	*vec_add(&r->headers) = buf_steal(&text);
}

void http_response_done(struct http_response *r)
{
	strvec_done(&r->headers);
	buf_wipe(&r->body);
	*r = (struct http_response)HTTP_RESPONSE_INIT;
}

const char *http_response_header(
    const struct http_response *r, const char *name)
{
	size_t n = strlen(name);

	VEC_EACH (&r->headers, h) {
		if (strncmp(*h, name, n) == 0 && (*h)[n] == ':')
			return *h + n + 1 + strspn(*h + n + 1, " \t");
	}
	return NULL;
}

static CURL *take_handle(struct http *h)
{
	CURL *handle = NULL;

	pthread_mutex_lock(&h->lock);
	if (h->idle.len)
		handle = h->idle.items[--h->idle.len];
	pthread_mutex_unlock(&h->lock);
	if (handle)
		curl_easy_reset(handle); /* keeps the connections */
	else if (!(handle = curl_easy_init()))
		abort();
	return handle;
}

static void give_handle_back(struct http *h, CURL *handle)
{
	pthread_mutex_lock(&h->lock);
	*vec_add(&h->idle) = handle;
	pthread_mutex_unlock(&h->lock);
}

static void add_header_line(struct exchange *x, const char *line, size_t len)
{
	struct http_response *r = x->response;

	while (len && strchr("\r\n \t", line[len - 1]))
		len--;
	if (len >= 5 && strncmp(line, "HTTP/", 5) == 0) {
		/* The header of an answer to come: forget an interim one. */
		strvec_done(&r->headers);
		if (!r->answered_ms)
			r->answered_ms = clock_now_ms(x->http->o.clock);
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
		/* Enough to say what went wrong; the rest is read past. */
		size_t room = MAX_ERROR_BODY_BYTES - body->len;
		buf_add(body, data, len < room ? len : room);
		return len;
	}
	if (x->request->on_data) {
		if (x->request->on_data(
			x->request->on_data_ctx, data, len, x->err))
			return refuse(x);
		return len;
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

static int on_progress(void *arg, curl_off_t down_total, curl_off_t down,
    curl_off_t up_total, curl_off_t up)
{
	const struct exchange *x = arg;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return cancel_requested(x->http->o.cancel);
}

static struct curl_blob blob(const char *data, size_t len)
{
	struct curl_blob b = {.len = len, .flags = CURL_BLOB_COPY};

	memcpy(&b.data, &data, sizeof(b.data));
	return b;
}

static void set_blob(CURL *handle, CURLoption option, const char *text)
{
	struct curl_blob b = blob(text, strlen(text));

	curl_easy_setopt(handle, option, &b);
}

static void set_tls(CURL *handle, const struct http_options *o)
{
	curl_easy_setopt(
	    handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (o->ca_pem)
		set_blob(handle, CURLOPT_CAINFO_BLOB, o->ca_pem);
	else if (o->ca_file)
		curl_easy_setopt(handle, CURLOPT_CAINFO, o->ca_file);
	if (o->client_cert_pem) {
		set_blob(handle, CURLOPT_SSLCERT_BLOB, o->client_cert_pem);
		struct curl_blob key = blob(secret_reveal(o->client_key_pem),
		    secret_len(o->client_key_pem));
		/* The secret outlives the handle's use of it. */
		key.flags = CURL_BLOB_NOCOPY;
		curl_easy_setopt(handle, CURLOPT_SSLKEY_BLOB, &key);
	}
	if (o->insecure_skip_verify) {
		curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void set_transport(CURL *handle, const struct http_options *o)
{
	long connect_ms = o->connect_timeout_ms ? o->connect_timeout_ms
						: DEFAULT_CONNECT_TIMEOUT_MS;
	long stall_ms = o->stall_timeout_ms ? o->stall_timeout_ms
					    : DEFAULT_STALL_TIMEOUT_MS;

	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(
	    handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	/* Whole seconds; never 0, which would mean no limit. */
	curl_easy_setopt(
	    handle, CURLOPT_LOW_SPEED_TIME, (stall_ms + 999) / 1000);
	curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(
	    handle, CURLOPT_BUFFERSIZE, (long)TRANSFER_BUFFER_BYTES);
	curl_easy_setopt(
	    handle, CURLOPT_UPLOAD_BUFFERSIZE, (long)TRANSFER_BUFFER_BYTES);
	curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (o->proxy)
		curl_easy_setopt(handle, CURLOPT_PROXY, o->proxy);
	if (o->unix_socket)
		curl_easy_setopt(
		    handle, CURLOPT_UNIX_SOCKET_PATH, o->unix_socket);
	if (o->gzip)
		curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
	set_tls(handle, o);
}

static bool has_header(const struct http_request *r, const char *name)
{
	size_t n = strlen(name);

	VEC_EACH (&r->headers, h) {
		if (strncasecmp(*h, name, n) == 0 && (*h)[n] == ':')
			return true;
	}
	return false;
}

static struct curl_slist *append(struct curl_slist *list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(list, text);

	if (!longer)
		abort();
	return longer;
}

static struct curl_slist *header_list(const struct http_request *r)
{
	struct curl_slist *list = NULL;

	VEC_EACH (&r->headers, h)
		list = append(list, *h);
	/* What curl would add of itself and nobody asked for. */
	list = append(list, "Expect:");
	if (!has_header(r, "Content-Type"))
		list = append(list, "Content-Type:");
	if (!has_header(r, "User-Agent"))
		list = append(list, "User-Agent: backstay/" BACKSTAY_VERSION);
	return list;
}

static void free_header_list(struct curl_slist *list)
{
	for (struct curl_slist *at = list; at; at = at->next)
		mem_wipe(at->data, strlen(at->data));
	curl_slist_free_all(list);
}

static void set_request(CURL *handle, const struct http_request *r)
{
	bool head = str_eq(r->method, "HEAD");
	bool wants_body = str_eq(r->method, "POST") ||
			  str_eq(r->method, "PUT") ||
			  str_eq(r->method, "PATCH");

	curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)r->total_timeout_ms);
	if (r->body || wants_body) {
		curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)r->body_len);
		curl_easy_setopt(
		    handle, CURLOPT_POSTFIELDS, r->body ? r->body : "");
	}
	if (head)
		curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, r->method);
}

static void curl_url_freep(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void curl_text_freep(char **text)
{
	curl_free(*text);
}

static CURLU *parse_url(const char *url)
{
	CURLU *u = curl_url();

	if (!u)
		abort();
	if (curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS) == CURLUE_OK)
		return u;
	curl_url_cleanup(u);
	return NULL;
}

/*
 * A certificate in another name than the one in the URL: the URL is asked
 * under that name, and the connection goes to where the URL pointed.
 */
static struct curl_slist *redirect_to_name(
    CURL *handle, CURLU *u, const char *name)
{
	cleanup(curl_text_freep) char *host = NULL;
	cleanup(curl_text_freep) char *port = NULL;
	cleanup(curl_text_freep) char *url = NULL;

	if (curl_url_get(u, CURLUPART_HOST, &host, 0) ||
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ||
	    curl_url_set(u, CURLUPART_HOST, name, 0) ||
	    curl_url_get(u, CURLUPART_URL, &url, 0))
		return NULL;
	autofree char *map = str_printf("%s:%s:%s:%s", name, port, host, port);
	struct curl_slist *list = append(NULL, map);
	curl_easy_setopt(handle, CURLOPT_URL, url);
	curl_easy_setopt(handle, CURLOPT_CONNECT_TO, list);
	return list;
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

/* Where a URL points, without its query: that may hold a signature. */
static int url_length_shown(const char *url)
{
	return (int)strcspn(url, "?#");
}

static int fail(struct exchange *x, CURLcode result, const char *detail)
{
	const char *url = x->request->url;

	if (!x->refused)
		err_set(x->err, code_of(result), "%s",
		    result == CURLE_ABORTED_BY_CALLBACK ? "stopped on request"
		    : detail[0]				? detail
				: curl_easy_strerror(result));
	return err_wrap(
	    x->err, "%s %.*s", x->request->method, url_length_shown(url), url);
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
	curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(handle, CURLOPT_XFERINFODATA, x);
	curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
	x->response->sent_ms = clock_now_ms(x->http->o.clock);
	CURLcode result = curl_easy_perform(handle);
	current_status(handle, &x->response->status);
	curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, NULL);
	return result == CURLE_OK ? 0 : fail(x, result, detail);
}

int http_send(struct http *h, const struct http_request *request,
    struct http_response *response, struct err *err)
{
	struct exchange x = {
	    .http = h, .request = request, .response = response, .err = err};
	struct curl_slist *names = NULL;

	http_response_done(response);
	if (cancel_check(h->o.cancel, err))
		return -1;
	cleanup(curl_url_freep) CURLU *u = parse_url(request->url);
	if (!u)
		return err_set(err, ERR_USAGE, "'%.*s' is no http(s) URL",
		    url_length_shown(request->url), request->url);
	CURL *handle = take_handle(h);
	struct curl_slist *headers = header_list(request);
	set_transport(handle, &h->o);
	set_request(handle, request);
	curl_easy_setopt(handle, CURLOPT_URL, request->url);
	curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
	if (h->o.tls_server_name)
		names = redirect_to_name(handle, u, h->o.tls_server_name);
	int result = perform(handle, &x);
	free_header_list(headers);
	curl_slist_free_all(names);
	give_handle_back(h, handle);
	return result;
}

int http_url_host(const char *url, struct buf *out)
{
	cleanup(curl_url_freep) CURLU *u = parse_url(url);
	cleanup(curl_text_freep) char *scheme = NULL;
	cleanup(curl_text_freep) char *host = NULL;
	cleanup(curl_text_freep) char *port = NULL;

	if (!u || curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
	    (!str_eq(scheme, "http") && !str_eq(scheme, "https")) ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0))
		return -1;
	for (const char *c = host; *c; c++)
		buf_add_char(
		    out, *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c);
	if (!curl_url_get(u, CURLUPART_PORT, &port, 0))
		buf_printf(out, ":%s", port);
	return 0;
}
