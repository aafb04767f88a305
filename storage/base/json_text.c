/* JSON that is written as text, without a tree. */
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

/* How much at the start needs nothing done to it. */
static size_t plain_len(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && (unsigned char)s[n] >= 0x20 &&
	       (unsigned char)s[n] < 0x80 && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

void json_add_quoted(struct buf *out, const char *s, size_t len)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		size_t run = plain_len(s + i, len - i);
		buf_add(out, s + i, run);
		i += run;
		if (i == len)
			break;
		unsigned char c = (unsigned char)s[i];
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
		if (c == '"' || c == '\\') {
			buf_add_char(out, '\\');
			buf_add_char(out, (char)c);
		} else if (c < 0x20) {
			buf_printf(out, "\\u%04x", c);
		} else if (n <= len - i && str_utf8_valid(s + i, n)) {
			buf_add(out, s + i, n);
			i += n - 1;
		} else {
			buf_add_str(out, "\xef\xbf\xbd");
		}
	}
	buf_add_char(out, '"');
}

void json_add_str(struct buf *out, const char *key, const char *s)
{
	if (!s)
		return;
	buf_add_str(out, ",\"");
	buf_add_str(out, key);
	buf_add_str(out, "\":");
	json_add_quoted(out, s, strlen(s));
}
