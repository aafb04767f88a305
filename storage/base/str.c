#include "storage/base/str.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void strvec_done(struct strvec *v)
{
	VEC_EACH (v, s)
		free(*s);
	vec_done(v);
}

void strvec_add(struct strvec *v, const char *s)
{
	*vec_add(v) = str_dup(s);
}

bool strvec_has(const struct strvec *v, const char *s)
{
	VEC_EACH (v, it)
		if (strcmp(*it, s) == 0)
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strvec_sort(struct strvec *v)
{
	vec_sort(v, compare);
}

char *str_dup(const char *s)
{
	return s ? str_ndup(s, strlen(s)) : NULL;
}

char *str_ndup(const char *s, size_t len)
{
	char *copy = mem_alloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *str_printf(const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	return buf_steal(&b);
}

bool str_eq(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool str_starts(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = s ? strlen(s) : 0, m = strlen(suffix);

	return s && n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool str_glob(const char *pattern, const char *s)
{
	return str_glob_n(pattern, strlen(pattern), s);
}

bool str_glob_n(const char *pattern, size_t len, const char *s)
{
	const char *end = pattern + len;
	/* On a mismatch, go back to the last star and let it match one
	 * character more: linear in practice, never exponential. */
	const char *star = NULL, *resume = NULL;

	while (*s) {
		if (pattern < end && *pattern == '*') {
			star = pattern++;
			resume = s;
		} else if (pattern < end &&
			   (*pattern == '?' || *pattern == *s)) {
			pattern++;
			s++;
		} else if (star) {
			pattern = star + 1;
			s = ++resume;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool str_is_glob(const char *s)
{
	return strpbrk(s, "*?") != NULL;
}

bool str_glob_any(const struct strvec *patterns, const char *s)
{
	VEC_EACH (patterns, p)
		if (str_glob(*p, s))
			return true;
	return false;
}

/* Length of the valid sequence at s, 0 where there is none (RFC 3629). */
static size_t utf8_sequence(const unsigned char *s, size_t left)
{
	if (s[0] < 0x80)
		return 1;
	size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || left < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

bool str_utf8_valid(const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence((const unsigned char *)s + i, len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

void str_add_utf8(struct buf *b, const char *s, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence((const unsigned char *)s + i, len - i);
		if (n)
			buf_add(b, s + i, n);
		else
			buf_add_str(b, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
}

int str_parse_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		uint64_t digit = (uint64_t)(*s - '0');
		if (value > (UINT64_MAX - digit) / 10)
			return -1;
		value = value * 10 + digit;
	}
	if (value > max)
		return -1;
	*out = value;
	return 0;
}

void str_add_bytes(struct buf *b, uint64_t bytes)
{
	static const char *const units[] = {
	    "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1024;
		unit++;
	}
	if (unit == 0)
		buf_printf(b, "%u B", (unsigned)bytes);
	else
		buf_printf(b, "%.1f %s", value, units[unit]);
}

void str_add_count(
    struct buf *b, uint64_t count, const char *one, const char *many)
{
	buf_printf(
	    b, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

/* n bytes, one character of UTF-8. Unsafe is what moves a terminal (C1
 * controls, U+0080 to U+009F), ends a line (U+2028, U+2029), or shows text in
 * another order than it has or not at all (U+061C, U+200B to U+200F, U+202A to
 * U+202E, U+2060 to U+206F, U+FEFF): a name must not look like another. */
static bool is_hidden(const unsigned char *s, size_t n)
{
	if (n == 2)
		return (s[0] == 0xc2 && s[1] < 0xa0) ||
		       (s[0] == 0xd8 && s[1] == 0x9c);
	if (n != 3)
		return false;
	return (s[0] == 0xe2 && s[1] == 0x80 &&
		   ((s[2] >= 0x8b && s[2] <= 0x8f) ||
		       (s[2] >= 0xa8 && s[2] <= 0xae))) ||
	       (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf) ||
	       (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf);
}

void str_add_printable(struct buf *b, const char *s, size_t len)
{
	size_t added = 0; /* of what is shown as it is */

	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)s[i];
		size_t n = utf8_sequence((const unsigned char *)s + i, len - i);
		bool control = c < 0x20 || c == 0x7f ||
			       is_hidden((const unsigned char *)s + i, n);
		if (n && !control) {
			i += n;
			continue;
		}
		buf_add(b, s + added, i - added);
		buf_printf(b, "\\x%02x", c);
		added = ++i;
	}
	buf_add(b, s + added, len - added);
}

size_t str_fit(const char *s, size_t columns)
{
	size_t at = 0;

	for (size_t n = 0; s[at]; at++) {
		/* A byte that begins a character, not one that continues it. */
		n += ((unsigned char)s[at] & 0xc0) != 0x80;
		if (n > columns)
			break;
	}
	return at;
}

size_t str_columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}
