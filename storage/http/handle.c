#include "storage/http/handle.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	DEFAULT_CONNECT_TIMEOUT_MS = 10 * 1000,
	DEFAULT_STALL_TIMEOUT_MS = 60 * 1000,
	TRANSFER_BUFFER_BYTES = 256 * 1024,
	/* A second, over the whole of the stall timeout. */
	SLOWEST_BYTES = 64,
	SLOWEST_THINKING = 1, /* Git's keep-alive is 5 bytes each 5 s */
	/* Stall timeouts that an exchange may take before its pace counts. */
	GRACE = 10,
	GRACE_THINKING = 60,
};

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
		/* Not copied: the secret outlives the handle. */
		key.flags = CURL_BLOB_NOCOPY;
		curl_easy_setopt(handle, CURLOPT_SSLKEY_BLOB, &key);
	}
	if (o->insecure_skip_verify) {
		curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static long stall_ms(const struct http_options *o)
{
	return o->stall_timeout_ms ? o->stall_timeout_ms
				   : DEFAULT_STALL_TIMEOUT_MS;
}

int64_t handle_grace_ms(const struct http_options *o)
{
	return (int64_t)stall_ms(o) * (o->thinks ? GRACE_THINKING : GRACE);
}

static void set_transport(CURL *handle, const struct http_options *o)
{
	long connect_ms = o->connect_timeout_ms ? o->connect_timeout_ms
						: DEFAULT_CONNECT_TIMEOUT_MS;

	curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(
	    handle, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	/* libcurl counts whole seconds, and 0 would mean no limit. */
	curl_easy_setopt(
	    handle, CURLOPT_LOW_SPEED_TIME, (stall_ms(o) + 999) / 1000);
	curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT,
	    o->thinks ? (long)SLOWEST_THINKING : (long)SLOWEST_BYTES);
	curl_easy_setopt(
	    handle, CURLOPT_BUFFERSIZE, (long)TRANSFER_BUFFER_BYTES);
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
	/* Headers that curl would add by itself. */
	list = append(list, "Expect:");
	if (!has_header(r, "Content-Type"))
		list = append(list, "Content-Type:");
	if (!has_header(r, "User-Agent"))
		list = append(list, "User-Agent: backstay/" BACKSTAY_VERSION);
	return list;
}

void handle_lists_done(struct handle_lists *lists)
{
	for (struct curl_slist *at = lists->headers; at; at = at->next)
		mem_wipe(at->data, strlen(at->data));
	curl_slist_free_all(lists->headers);
	curl_slist_free_all(lists->names);
	*lists = (struct handle_lists){0};
}

static void set_request(CURL *handle, const struct http_request *r)
{
	bool head = str_eq(r->method, "HEAD");
	bool wants_body = str_eq(r->method, "POST") ||
			  str_eq(r->method, "PUT") ||
			  str_eq(r->method, "PATCH");

	curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)r->total_timeout_ms);
	if (r->body || r->body_at || wants_body)
		curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)r->body_len);
	if (r->body_at)
		curl_easy_setopt(handle, CURLOPT_POST, 1L);
	else if (r->body || wants_body)
		curl_easy_setopt(
		    handle, CURLOPT_POSTFIELDS, r->body ? r->body : "");
	if (head)
		curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, r->method);
}

void handle_url_freep(CURLU **u)
{
	curl_url_cleanup(*u);
}

void handle_text_freep(char **text)
{
	curl_free(*text);
}

CURLU *handle_url_parse(const char *url)
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
 * The certificate is expected to have another name than the URL. So the request
 * is made under that name, and connects to where the URL points. NULL if it is
 * no name of a host.
 */
static struct curl_slist *redirect_to_name(
    CURL *handle, CURLU *u, const char *name)
{
	cleanup(handle_text_freep) char *host = NULL;
	cleanup(handle_text_freep) char *port = NULL;
	cleanup(handle_text_freep) char *url = NULL;

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

int handle_url_shown(const struct http_request *r)
{
	const char *host = strstr(r->url, "://");

	if (!r->url_is_secret)
		return (int)strcspn(r->url, "?#");
	return host ? (int)(host - r->url) + 3 + (int)strcspn(host + 3, "/?#")
		    : 0;
}

int handle_set(CURL *handle, const struct http_options *o,
    const struct http_request *r, struct handle_lists *lists, struct err *err)
{
	cleanup(handle_url_freep) CURLU *u = handle_url_parse(r->url);

	if (!u)
		return err_set(err, ERR_USAGE, "'%.*s' is not an http(s) URL",
		    handle_url_shown(r), r->url);
	set_transport(handle, o);
	set_request(handle, r);
	lists->headers = header_list(r);
	curl_easy_setopt(handle, CURLOPT_URL, r->url);
	curl_easy_setopt(handle, CURLOPT_HTTPHEADER, lists->headers);
	if (!o->tls_server_name)
		return 0;
	lists->names = redirect_to_name(handle, u, o->tls_server_name);
	/* Without it, the certificate would be compared with the URL. */
	if (!lists->names)
		return err_set(err, ERR_USAGE,
		    "'%s' (tls-server-name) is not a name that the certificate "
		    "of a server can have",
		    o->tls_server_name);
	return 0;
}
