#include "storage/kube/scan.h"

#include "storage/base/str.h"

#include <string.h>

void kube_scan_init(struct kube_scan *s, const char *text, size_t len)
{
	*s = (struct kube_scan){.text = text, .at = text, .end = text + len};
}

static bool wrong(struct kube_scan *s, const char *what)
{
	if (!s->wrong)
		s->wrong = s->at == s->end ? "it ends too early" : what;
	return false;
}

static void skip_space(struct kube_scan *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' ||
				     *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

bool kube_scan_next_is(struct kube_scan *s, char c)
{
	skip_space(s);
	return !s->wrong && s->at < s->end && *s->at == c;
}

static bool expect(struct kube_scan *s, char c, const char *otherwise)
{
	if (!kube_scan_next_is(s, c))
		return wrong(s, otherwise);
	s->at++;
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool escape(struct kube_scan *s)
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

bool kube_scan_string(struct kube_scan *s, struct kube_range *out)
{
	bool high = false;

	if (!expect(s, '"', "a string was expected"))
		return false;
	const char *start = s->at;
	for (;;) {
		const char *p = s->at;
		unsigned char seen = 0;
		while (p < s->end && *p != '"' && *p != '\\' &&
		       (unsigned char)*p >= 0x20)
			seen |= (unsigned char)*p++;
		high |= seen >= 0x80;
		s->at = p;
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
		return wrong(s, "a string that is no UTF-8");
	if (out)
		*out = (struct kube_range){start, len};
	s->at++;
	return true;
}

static size_t digits(struct kube_scan *s)
{
	const char *start = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return (size_t)(s->at - start);
}

static bool number(struct kube_scan *s)
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

static bool word(struct kube_scan *s, const char *w)
{
	size_t n = strlen(w);

	if ((size_t)(s->end - s->at) < n || memcmp(s->at, w, n) != 0)
		return wrong(s, "no JSON value");
	s->at += n;
	return true;
}

static bool enter(struct kube_scan *s)
{
	return ++s->depth <= KUBE_SCAN_MAX_DEPTH ||
	       wrong(s, "nesting that is too deep");
}

bool kube_scan_open(struct kube_scan *s)
{
	return expect(s, '{', "an object was expected") && enter(s);
}

bool kube_scan_member(struct kube_scan *s, bool *first, struct kube_range *key)
{
	if (s->wrong)
		return false;
	if (kube_scan_next_is(s, '}')) {
		s->at++;
		s->depth--;
		return false;
	}
	if (!*first && !expect(s, ',', "',' or '}' was expected"))
		return false;
	*first = false;
	return kube_scan_string(s, key) &&
	       expect(s, ':', "':' was expected after a key");
}

static void tell_watched(
    struct kube_scan *s, struct kube_range key, struct kube_range value)
{
	for (size_t i = 0; s->watched[i]; i++)
		if (kube_range_is(key, s->watched[i]))
			s->on_watched(s->ctx, i, value);
}

static bool object(struct kube_scan *s)
{
	struct kube_range key;
	struct kube_range value;
	bool first = true;

	if (!kube_scan_open(s))
		return false;
	while (kube_scan_member(s, &first, &key)) {
		if (!s->watched || !kube_scan_next_is(s, '"')) {
			kube_scan_value(s);
			continue;
		}
		if (kube_scan_string(s, &value))
			tell_watched(s, key, value);
	}
	return !s->wrong;
}

static bool array(struct kube_scan *s)
{
	s->at++;
	if (!enter(s))
		return false;
	if (!kube_scan_next_is(s, ']')) {
		do {
			if (!kube_scan_value(s))
				return false;
		} while (kube_scan_next_is(s, ',') && s->at++);
	}
	s->depth--;
	return expect(s, ']', "',' or ']' was expected");
}

bool kube_scan_value(struct kube_scan *s)
{
	skip_space(s);
	if (s->wrong || s->at == s->end)
		return wrong(s, "");
	switch (*s->at) {
	case '{':
		return object(s);
	case '[':
		return array(s);
	case '"':
		return kube_scan_string(s, NULL);
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

bool kube_scan_end(struct kube_scan *s)
{
	skip_space(s);
	if (s->wrong || s->at == s->end)
		return !s->wrong;
	return wrong(s, "something after the end");
}

static unsigned hex4(const char *at)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 4 | (unsigned)hex_value(at[i]);
	return v;
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

void kube_range_decode(struct kube_range string, struct buf *out)
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

bool kube_range_is(struct kube_range string, const char *text)
{
	return strlen(text) == string.len &&
	       memcmp(string.at, text, string.len) == 0;
}

bool kube_range_get(
    struct kube_range object, const char *key, struct kube_range *value)
{
	struct kube_range at;
	struct kube_scan s;
	bool first = true;

	if (!object.at)
		return false;
	kube_scan_init(&s, object.at, object.len);
	if (!kube_scan_next_is(&s, '{') || !kube_scan_open(&s))
		return false;
	while (kube_scan_member(&s, &first, &at)) {
		skip_space(&s);
		const char *start = s.at;
		if (!kube_scan_value(&s) || !kube_range_is(at, key))
			continue;
		*value = (struct kube_range){start, (size_t)(s.at - start)};
		return true;
	}
	return false;
}

bool kube_range_next(
    struct kube_range array, size_t *at, struct kube_range *value)
{
	struct kube_scan s;

	if (!array.at || *at >= array.len)
		return false;
	kube_scan_init(&s, array.at + *at, array.len - *at);
	if (*at == 0 && !expect(&s, '[', ""))
		return false;
	if (kube_scan_next_is(&s, ']'))
		return false;
	const char *start = s.at;
	if (!kube_scan_value(&s))
		return false;
	*value = (struct kube_range){start, (size_t)(s.at - start)};
	if (kube_scan_next_is(&s, ','))
		s.at++;
	*at = (size_t)(s.at - array.at);
	return true;
}

bool kube_range_get_text(
    struct kube_range object, const char *key, struct buf *out)
{
	struct kube_range value;

	if (!kube_range_get(object, key, &value) || value.len < 2 ||
	    *value.at != '"')
		return false;
	kube_range_decode(
	    (struct kube_range){value.at + 1, value.len - 2}, out);
	return true;
}
