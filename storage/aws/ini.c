#include "storage/aws/ini.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

void ini_done(struct ini *i)
{
	VEC_EACH (i, e) {
		free(e->section);
		free(e->key);
		if (e->value)
			mem_wipe(e->value, strlen(e->value));
		free(e->value);
	}
	vec_done(i);
}

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **text, size_t *len)
{
	while (*len && is_white(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len && is_white((*text)[*len - 1]))
		(*len)--;
}

/* A comment starts at # or ; after white space. */
static size_t without_comment(const char *text, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if ((text[i] == '#' || text[i] == ';') && is_white(text[i - 1]))
			return i;
	return len;
}

static int read_section(struct ini *ini, char **section, const char *text,
    size_t len, size_t line, struct err *err)
{
	const char *end = memchr(text, ']', len);

	if (!end)
		return err_set(
		    err, ERR_FORMAT, "line %zu: a section without ']'", line);
	text++;
	len = (size_t)(end - text);
	trim(&text, &len);
	free(*section);
	*section = str_ndup(text, len);
	struct ini_entry *e = vec_add(ini);
	e->section = str_dup(*section);
	return 0;
}

static int read_pair(struct ini *ini, const char *section, const char *text,
    size_t len, size_t line, struct err *err)
{
	const char *equals = memchr(text, '=', len);

	if (!equals)
		return err_set(err, ERR_FORMAT,
		    "line %zu: neither [section] nor "
		    "key = value",
		    line);
	if (!section)
		return err_set(err, ERR_FORMAT,
		    "line %zu: a value before the first [section]", line);
	const char *value = equals + 1;
	size_t key_len = (size_t)(equals - text);
	size_t value_len = len - key_len - 1;
	trim(&text, &key_len);
	value_len = without_comment(value, value_len);
	trim(&value, &value_len);
	struct ini_entry *e = vec_add(ini);
	e->section = str_dup(section);
	e->key = str_ndup(text, key_len);
	for (char *c = e->key; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	e->value = str_ndup(value, value_len);
	return 0;
}

int ini_parse(struct ini *ini, const char *text, size_t len, struct err *err)
{
	autofree char *section = NULL;
	size_t line = 0;

	if (len && memchr(text, '\0', len))
		return err_set(err, ERR_FORMAT, "it holds a NUL byte");
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t all = end ? (size_t)(end - text) : len;
		const char *at = text;
		size_t n = all;
		bool indented = n && is_white(*at);

		line++;
		trim(&at, &n);
		if (n && *at != '#' && *at != ';' && !indented) {
			int bad =
			    *at == '['
				? read_section(ini, &section, at, n, line, err)
				: read_pair(ini, section, at, n, line, err);
			if (bad)
				return -1;
		}
		text += all;
		len -= all;
		if (len) {
			text++;
			len--;
		}
	}
	return 0;
}

const char *ini_get(const struct ini *i, const char *section, const char *key)
{
	const char *value = NULL;

	VEC_EACH (i, e) {
		if (e->key && str_eq(e->section, section) &&
		    str_eq(e->key, key))
			value = e->value;
	}
	return value;
}

int ini_has(const struct ini *i, const char *section)
{
	VEC_EACH (i, e) {
		if (str_eq(e->section, section))
			return 1;
	}
	return 0;
}
