#include "storage/json/stretch.h"

#include <string.h>

/* The next c from `at` on, or the end. */
static const char *find(const char *at, const char *end, char c)
{
	const char *found = memchr(at, c, (size_t)(end - at));

	return found ? found : end;
}

size_t json_stretch_string(struct json_stretch *s, const char *data, size_t len)
{
	const char *end = data + len;
	const char *at = data;
	const char *quote = NULL;

	while (at < end && s->in_string) {
		if (s->escaped) {
			s->escaped = false;
			at++;
			continue;
		}
		/* Searched for once, however many escapes come before it. */
		if (!quote || quote < at)
			quote = find(at, end, '"');
		at = find(at, quote, '\\');
		if (at == end)
			break;
		s->escaped = *at == '\\';
		s->in_string = s->escaped;
		at++;
	}
	return (size_t)(at - data);
}

size_t json_stretch_collection(
    struct json_stretch *s, const char *data, size_t len)
{
	size_t i = 0;

	while (i < len) {
		if (s->in_string) {
			i += json_stretch_string(s, data + i, len - i);
			continue;
		}
		switch (data[i++]) {
		case '"':
			s->in_string = true;
			break;
		case '{':
		case '[':
			s->depth++;
			break;
		case '}':
		case ']':
			if (--s->depth == 0)
				return i;
			break;
		default:
			break;
		}
	}
	return i;
}

size_t json_stretch_scalar(const char *data, size_t len)
{
	size_t i = 0;

	while (i < len && data[i] && !strchr(",]} \t\r\n", data[i]))
		i++;
	return i;
}
