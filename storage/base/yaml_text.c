#include "storage/base/yaml_text.h"

#include "storage/base/json.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"

#include <ctype.h>
#include <string.h>

static void add_value(
    struct buf *out, const struct json_object *value, int depth);

/* Words that some reader takes for a truth value or for nothing, in any case:
 * those of YAML 1.1 too. */
static bool is_reserved(const char *s)
{
	static const char *const words[] = {
	    "true", "false", "yes", "no", "on", "off", "y", "n", "null"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasecmp(words[i], s) == 0)
			return true;
	return false;
}

/* A letter first rules out numbers, dates and every sign that means something;
 * within, only what means nothing. */
static bool is_plain(const char *s, size_t len)
{
	if (!len || !isalpha((unsigned char)*s) || is_reserved(s))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_-./", s[i]))
			return false;
	return true;
}

/* Lines as they stand, where none begins or ends in what would be lost. */
static bool is_block(const char *s, size_t len)
{
	const char *newline = memchr(s, '\n', len);

	if (!newline || *s == ' ' || *s == '\n' || !str_utf8_valid(s, len) ||
	    s[len - 1] != '\n' || (len > 1 && s[len - 2] == '\n'))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if ((c < 0x20 && c != '\n') || c >= 0x7f)
			return false;
	}
	return true;
}

static void indent(struct buf *out, int depth)
{
	for (int i = 0; i < depth; i++)
		buf_add_str(out, "  ");
}

static void add_block(struct buf *out, const char *s, size_t len, int depth)
{
	buf_add_str(out, "|\n");
	while (len) {
		const char *newline = memchr(s, '\n', len);
		size_t n = (size_t)(newline - s) + 1;
		if (n > 1)
			indent(out, depth);
		buf_add(out, s, n);
		s += n;
		len -= n;
	}
}

static void add_str(struct buf *out, const char *s, size_t len, int depth)
{
	if (is_plain(s, len))
		buf_add(out, s, len);
	else if (len && is_block(s, len)) {
		add_block(out, s, len, depth);
		return;
	} else
		json_text_quoted(out, s, len);
	buf_add_char(out, '\n');
}

static bool is_empty(const struct json_object *value)
{
	return json_len(value) == 0;
}

/* `first` is where the first of them stands on a line that was begun. */
static void add_object(
    struct buf *out, const struct json_object *object, int depth, bool first)
{
	for (struct json_iter it = json_iter(object); json_next(&it);) {
		enum json_kind kind = json_kind(it.value);
		size_t len = strlen(it.key);
		if (!first)
			indent(out, depth);
		first = false;
		if (is_plain(it.key, len))
			buf_add(out, it.key, len);
		else
			json_text_quoted(out, it.key, len);
		buf_add_char(out, ':');
		if ((kind == JSON_OBJECT || kind == JSON_ARRAY) &&
		    !is_empty(it.value)) {
			buf_add_char(out, '\n');
			/* A list stands below its key. */
			add_value(out, it.value,
			    kind == JSON_ARRAY ? depth : depth + 1);
			continue;
		}
		buf_add_char(out, ' ');
		add_value(out, it.value, depth + 1);
	}
}

static void add_array(
    struct buf *out, const struct json_object *array, int depth)
{
	for (size_t i = 0; i < json_len(array); i++) {
		const struct json_object *item = json_at(array, i);
		enum json_kind kind = json_kind(item);
		indent(out, depth);
		buf_add_char(out, '-');
		if (kind == JSON_ARRAY && !is_empty(item)) {
			buf_add_char(out, '\n');
			add_array(out, item, depth + 1);
			continue;
		}
		buf_add_char(out, ' ');
		if (kind == JSON_OBJECT && !is_empty(item))
			add_object(out, item, depth + 1, true);
		else
			add_value(out, item, depth + 1);
	}
}

static void add_value(
    struct buf *out, const struct json_object *value, int depth)
{
	switch (json_kind(value)) {
	case JSON_OBJECT:
		if (!is_empty(value)) {
			add_object(out, value, depth, false);
			return;
		}
		buf_add_str(out, "{}\n");
		return;
	case JSON_ARRAY:
		if (!is_empty(value)) {
			add_array(out, value, depth);
			return;
		}
		buf_add_str(out, "[]\n");
		return;
	case JSON_STRING:
		add_str(out, json_str(value), json_str_len(value), depth);
		return;
	default:
		json_write(out, value, JSON_COMPACT);
		buf_add_char(out, '\n');
	}
}

void yaml_text_add(struct buf *out, const struct json_object *value)
{
	add_value(out, value, 0);
}
