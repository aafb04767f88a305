#include "storage/base/json_text.h"

#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

/* How many bytes at the start can be copied as they are. */
static size_t plain_len(const char *s, size_t len)
{
	size_t n = 0;

	while (n < len && (unsigned char)s[n] >= 0x20 &&
	       (unsigned char)s[n] < 0x80 && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

void json_text_quoted(struct buf *out, const char *s, size_t len)
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

/* No value ends in one of these characters, so the last byte tells whether a
 * value was written before the next one. */
static void separate(struct buf *out, const char *key)
{
	if (out->len && !strchr("{[:\n", out->data[out->len - 1]))
		buf_add_char(out, ',');
	if (!key)
		return;
	json_text_quoted(out, key, strlen(key));
	buf_add_char(out, ':');
}

void json_text_object(struct buf *out, const char *key)
{
	separate(out, key);
	buf_add_char(out, '{');
}

void json_text_object_end(struct buf *out)
{
	buf_add_char(out, '}');
}

void json_text_array(struct buf *out, const char *key)
{
	separate(out, key);
	buf_add_char(out, '[');
}

void json_text_array_end(struct buf *out)
{
	buf_add_char(out, ']');
}

void json_text_line(struct buf *out)
{
	separate(out, NULL);
	buf_add_char(out, '\n');
}

void json_text_str(struct buf *out, const char *key, const char *s)
{
	separate(out, key);
	json_text_quoted(out, s, strlen(s));
}

void json_text_str_if(struct buf *out, const char *key, const char *s)
{
	if (s)
		json_text_str(out, key, s);
}

void json_text_str_or_null(struct buf *out, const char *key, const char *s)
{
	if (s)
		json_text_str(out, key, s);
	else
		json_text_raw(out, key, "null");
}

void json_text_int(struct buf *out, const char *key, int64_t i)
{
	separate(out, key);
	buf_printf(out, "%lld", (long long)i);
}

void json_text_bool(struct buf *out, const char *key, bool b)
{
	json_text_raw(out, key, b ? "true" : "false");
}

void json_text_strs(struct buf *out, const char *key, const struct strvec *v)
{
	json_text_array(out, key);
	VEC_EACH (v, s)
		json_text_str(out, NULL, *s);
	json_text_array_end(out);
}

void json_text_raw(struct buf *out, const char *key, const char *text)
{
	separate(out, key);
	buf_add_str(out, text);
}

void json_text_tree(
    struct buf *out, const char *key, const struct json_object *value)
{
	separate(out, key);
	json_write(out, value, JSON_COMPACT);
}
