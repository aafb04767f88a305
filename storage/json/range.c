#include "storage/json/range.h"

#include "storage/base/hex.h"
#include "storage/base/str.h"

#include <string.h>

static unsigned hex4(const char *at)
{
	uint8_t raw[2] = {0, 0};

	hex_decode(at, 4, raw); /* the scan saw that they are hex digits */
	return (unsigned)raw[0] << 8 | raw[1];
}

static void add_utf8(struct buf *out, unsigned c)
{
	if (c < 0x80) {
		buf_add_char(out, (char)c);
	} else if (c < 0x800) {
		buf_add_char(out, (char)(0xc0 | c >> 6));
		buf_add_char(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_add_char(out, (char)(0xe0 | c >> 12));
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_add_char(out, (char)(0xf0 | c >> 18));
		buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* `at` stands on the four digits; yields what follows them. */
static const char *add_unicode(struct buf *out, const char *at, const char *end)
{
	unsigned c = hex4(at);

	at += 4;
	if (c >= 0xd800 && c < 0xdc00 && end - at >= 6 && at[0] == '\\' &&
	    at[1] == 'u') {
		unsigned low = hex4(at + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			add_utf8(out,
			    0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
			return at + 6;
		}
	}
	add_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return at;
}

void json_range_decode(struct json_range string, struct buf *out)
{
	static const char from[] = "bfnrt";
	static const char to[] = "\b\f\n\r\t";
	const char *end = string.at + string.len;

	for (const char *at = string.at; at < end;) {
		const char *slash = memchr(at, '\\', (size_t)(end - at));
		size_t n = slash ? (size_t)(slash - at) : (size_t)(end - at);
		buf_add(out, at, n);
		at += n;
		if (!slash)
			break;
		char c = at[1];
		at += 2;
		const char *which = strchr(from, c);
		if (c == 'u')
			at = add_unicode(out, at, end);
		else
			buf_add_char(out, which ? to[which - from] : c);
	}
}

bool json_range_get(
    struct json_range object, const char *key, struct json_range *value)
{
	struct json_range at;
	struct json_scan s;
	bool first = true;

	if (!object.at)
		return false;
	json_scan_init(&s, object.at, object.len);
	if (!json_scan_next_is(&s, '{') || !json_scan_open(&s))
		return false;
	while (json_scan_member(&s, &first, &at)) {
		json_scan_space(&s);
		const char *start = s.at;
		if (!json_scan_value(&s) || !json_range_is(at, key))
			continue;
		*value = (struct json_range){start, (size_t)(s.at - start)};
		return true;
	}
	return false;
}

bool json_range_next(
    struct json_range array, size_t *at, struct json_range *value)
{
	struct json_scan s;

	if (!array.at || *at >= array.len)
		return false;
	json_scan_init(&s, array.at + *at, array.len - *at);
	if (*at == 0) {
		if (!json_scan_next_is(&s, '['))
			return false;
		s.at++;
	}
	if (json_scan_next_is(&s, ']'))
		return false;
	const char *start = s.at;
	if (!json_scan_value(&s))
		return false;
	*value = (struct json_range){start, (size_t)(s.at - start)};
	if (json_scan_next_is(&s, ','))
		s.at++;
	*at = (size_t)(s.at - array.at);
	return true;
}

bool json_range_text(struct json_range value, struct buf *out)
{
	if (value.len < 2 || *value.at != '"')
		return false;
	json_range_decode(
	    (struct json_range){value.at + 1, value.len - 2}, out);
	return true;
}

bool json_range_get_text(
    struct json_range object, const char *key, struct buf *out)
{
	struct json_range value;

	return json_range_get(object, key, &value) &&
	       json_range_text(value, out);
}
