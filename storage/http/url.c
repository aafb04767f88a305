#include "storage/http/url.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/http/handle.h"

#include <string.h>

int http_url_host(const char *url, struct buf *out)
{
	cleanup(handle_url_freep) CURLU *u = handle_url_parse(url);
	cleanup(handle_text_freep) char *scheme = NULL;
	cleanup(handle_text_freep) char *host = NULL;
	cleanup(handle_text_freep) char *port = NULL;

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

bool http_url_is_local(const char *url)
{
	cleanup(buf_done) struct buf host = BUF_INIT;

	if (http_url_host(url, &host))
		return false;
	const char *port = strrchr(buf_str(&host), ':');
	if (port && !strchr(port, ']'))
		buf_truncate(&host, (size_t)(port - host.data));
	if (str_eq(buf_str(&host), "localhost") ||
	    str_eq(buf_str(&host), "[::1]"))
		return true;
	/* All of 127/8, but not a name that begins like it. */
	return str_starts(buf_str(&host), "127.") &&
	       strspn(buf_str(&host), "0123456789.") == host.len;
}

void http_url_location(const char *url, struct buf *out)
{
	const char *scheme = strstr(url, "://");
	const char *at = scheme ? scheme + strlen("://") : url;
	const char *end = at + strcspn(at, "/?#");

	for (const char *c = at; c < end; c++)
		if (*c == '@')
			at = c + 1;
	buf_add(out, at, (size_t)(end - at));
}
