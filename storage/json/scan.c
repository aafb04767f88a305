#include "storage/json/scan.h"

#include "storage/base/hex.h"
#include "storage/base/str.h"

#include <stdint.h>
#include <string.h>

void json_scan_init(struct json_scan *s, const char *text, size_t len)
{
	*s = (struct json_scan){.text = text, .at = text, .end = text + len};
}

static bool wrong(struct json_scan *s, const char *what)
{
	if (!s->wrong)
		s->wrong = s->at == s->end ? "it ends too early" : what;
	return false;
}

void json_scan_space(struct json_scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' ||
				     *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

bool json_scan_next_is(struct json_scan *s, char c)
{
	json_scan_space(s);
	return !s->wrong && s->at < s->end && *s->at == c;
}

static bool expect(struct json_scan *s, char c, const char *otherwise)
{
	if (!json_scan_next_is(s, c))
		return wrong(s, otherwise);
	s->at++;
	return true;
}

static bool escape(struct json_scan *s)
{
	s->at++;
	if (s->at == s->end || !*s->at || !strchr("\"\\/bfnrtu", *s->at))
		return wrong(s, "an escape that JSON does not have");
	if (*s->at++ != 'u')
		return true;
	for (int i = 0; i < 4; i++, s->at++)
		if (s->at == s->end || hex_value(*s->at) < 0)
			return wrong(s, "a broken \\u escape");
	return true;
}

#define EACH_BYTE(c) (0x0101010101010101ULL * (c))
/* Not zero where one of the eight bytes of w is zero; exact. */
#define HAS_ZERO(w) (((w)-EACH_BYTE(1)) & ~(w)&EACH_BYTE(0x80))

/* Skips what is plain text in a string, up to a quote, an escape, a control
 * character or the end; *high becomes true if a byte was not ASCII. Eight bytes
 * at a time: most of a cluster's content is in long strings. */
static const char *plain(const char *at, const char *end, bool *high)
{
	uint64_t seen = 0;
	uint64_t w;

	for (; (size_t)(end - at) >= sizeof(w); at += sizeof(w)) {
		memcpy(&w, at, sizeof(w));
		/* The last term: bytes below 0x20 have none of these bits. */
		if (HAS_ZERO(w ^ EACH_BYTE('"')) ||
		    HAS_ZERO(w ^ EACH_BYTE('\\')) ||
		    HAS_ZERO(w & EACH_BYTE(0xe0)))
			break;
		seen |= w;
	}
	for (; at < end && *at != '"' && *at != '\\' &&
	       (unsigned char)*at >= 0x20;
	     at++)
		seen |= (unsigned char)*at;
	*high |= (seen & EACH_BYTE(0x80)) != 0;
	return at;
}

bool json_range_is(struct json_range string, const char *text)
{
	return strlen(text) == string.len &&
	       memcmp(string.at, text, string.len) == 0;
}

bool json_scan_string(struct json_scan *s, struct json_range *out)
{
	bool high = false;

	if (!expect(s, '"', "a string was expected"))
		return false;
	const char *start = s->at;
	for (;;) {
		const char *p = s->at = plain(s->at, s->end, &high);
		if (p == s->end)
			return wrong(s, "");
		if (*p == '"')
			break;
		if (*p != '\\')
			return wrong(s, "a control character in a string");
		if (!escape(s))
			return false;
	}
	size_t len = (size_t)(s->at - start);
	if (high && !str_utf8_valid(start, len))
		return wrong(s, "a string that is not UTF-8");
	if (out)
		*out = (struct json_range){start, len};
	s->at++;
	return true;
}

static size_t digits(struct json_scan *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return (size_t)(s->at - start);
}

static bool number(struct json_scan *s)
{
	if (s->at < s->end && *s->at == '-')
		s->at++;
	bool zero = s->at < s->end && *s->at == '0';
	size_t n = digits(s);
	if (n == 0 || (zero && n > 1))
		return wrong(s, "no JSON value");
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (!digits(s))
			return wrong(s, "a broken number");
	}
	if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		if (!digits(s))
			return wrong(s, "a broken number");
	}
	return true;
}

static bool word(struct json_scan *s, const char *w)
{
	size_t n = strlen(w);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, w, n) != 0)
		return wrong(s, "no JSON value");
	s->at += n;
	return true;
}

static bool enter(struct json_scan *s)
{
	return ++s->depth <= JSON_SCAN_MAX_DEPTH ||
	       wrong(s, "nesting that is too deep");
}

bool json_scan_open(struct json_scan *s)
{
	return expect(s, '{', "an object was expected") && enter(s);
}

bool json_scan_member(struct json_scan *s, bool *first, struct json_range *key)
{
	if (s->wrong)
		return false;
	if (json_scan_next_is(s, '}')) {
		s->at++;
		s->depth--;
		return false;
	}
	if (!*first && !expect(s, ',', "',' or '}' was expected"))
		return false;
	*first = false;
	return json_scan_string(s, key) &&
	       expect(s, ':', "':' was expected after a key");
}

static void report_watched(
    struct json_scan *s, struct json_range key, struct json_range value)
{
	for (size_t i = 0; s->watched[i]; i++)
		if (json_range_is(key, s->watched[i]))
			s->on_watched(s->ctx, i, value);
}

static bool object(struct json_scan *s)
{
	struct json_range key;
	struct json_range value;
	bool first = true;

	if (!json_scan_open(s))
		return false;
	while (json_scan_member(s, &first, &key)) {
		if (!s->watched || !json_scan_next_is(s, '"')) {
			json_scan_value(s);
			continue;
		}
		if (json_scan_string(s, &value))
			report_watched(s, key, value);
	}
	return !s->wrong;
}

static bool array(struct json_scan *s)
{
	s->at++;
	if (!enter(s))
		return false;
	if (!json_scan_next_is(s, ']')) {
		do {
			if (!json_scan_value(s))
				return false;
		} while (json_scan_next_is(s, ',') && s->at++);
	}
	s->depth--;
	return expect(s, ']', "',' or ']' was expected");
}

bool json_scan_value(struct json_scan *s)
{
	json_scan_space(s);
	if (s->wrong || s->at == s->end)
		return wrong(s, "");
	switch (*s->at) {
	case '{':
		return object(s);
	case '[':
		return array(s);
	case '"':
		return json_scan_string(s, NULL);
	case 't':
		return word(s, "true");
	case 'f':
		return word(s, "false");
	case 'n':
		return word(s, "null");
	default:
		return number(s);
	}
}

bool json_scan_end(struct json_scan *s)
{
	json_scan_space(s);
	if (s->wrong || s->at == s->end)
		return !s->wrong;
	return wrong(s, "something after the end");
}
