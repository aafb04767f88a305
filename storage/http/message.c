/* Requests and answers as values: no connection, no libcurl. */
#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/http/http.h"

#include <stdarg.h>
#include <string.h>

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

	/* Reserved at once, so that growing leaves no copy of a token behind.
	 */
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

int64_t http_retry_after_ms(const struct http_response *r, int64_t now_ms)
{
	const char *value = http_response_header(r, "retry-after");
	uint64_t seconds;
	int64_t date;

	if (!value)
		return -1;
	if (str_parse_u64(value, INT32_MAX, &seconds) == 0)
		return (int64_t)seconds * 1000;
	if (clock_parse_http_date(value, &date))
		return -1;
	return date * 1000 > now_ms ? date * 1000 - now_ms : 0;
}

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {{301, "Moved Permanently"}, {302, "Found"},
	    {307, "Temporary Redirect"}, {308, "Permanent Redirect"},
	    {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
	    {404, "Not Found"}, {405, "Method Not Allowed"},
	    {406, "Not Acceptable"}, {408, "Request Timeout"},
	    {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"},
	    {412, "Precondition Failed"}, {413, "Content Too Large"},
	    {415, "Unsupported Media Type"}, {422, "Unprocessable Content"},
	    {429, "Too Many Requests"}, {500, "Internal Server Error"},
	    {501, "Not Implemented"}, {502, "Bad Gateway"},
	    {503, "Service Unavailable"}, {504, "Gateway Timeout"},
	    {507, "Insufficient Storage"}};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return NULL;
}

void http_describe(const struct http_response *r, struct buf *out)
{
	enum { MAX_SHOWN = 200 };
	const char *reason = reason_of(r->status);
	const char *body = buf_str(&r->body);
	size_t skip = strspn(body, " \t\r\n");
	size_t line = strcspn(body + skip, "\r\n");

	buf_printf(out, "%d", r->status);
	if (reason)
		buf_printf(out, " %s", reason);
	if (!line)
		return;
	buf_add_str(out, ": ");
	str_add_printable(
	    out, body + skip, line < MAX_SHOWN ? line : MAX_SHOWN);
	if (line > MAX_SHOWN)
		buf_add_str(out, "...");
}
