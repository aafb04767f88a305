#include "config/schema/value_text.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <stdlib.h>
#include <string.h>

static bool is_name(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			c == '_' || (i && c >= '0' && c <= '9')))
			return false;
	}
	return len > 0;
}

/* ${NAME} becomes what the environment says; $${ stands for ${. */
static int expand(const struct yaml_node *node,
    const struct schema_location *where, struct buf *out, struct err *err)
{
	const char *s = node->text;

	while (*s) {
		if (str_starts(s, "$${")) {
			buf_add_str(out, "${");
			s += 3;
			continue;
		}
		if (!str_starts(s, "${")) {
			buf_add_char(out, *s++);
			continue;
		}
		const char *end = strchr(s, '}');
		size_t len = end ? (size_t)(end - s - 2) : 0;
		if (!end || !is_name(s + 2, len))
			return schema_location_refuse(where, node, NULL, err,
			    "has a '${' that is not a ${NAME}; write $${ for "
			    "the characters themselves");
		autofree char *name = str_ndup(s + 2, len);
		const char *value = getenv(name);
		if (!value)
			return schema_location_refuse(where, node, NULL, err,
			    "the environment variable %s is not set", name);
		buf_add_str(out, value);
		s = end + 1;
	}
	return 0;
}

static char *beside(const struct schema_location *where, const char *path)
{
	while (where->up)
		where = where->up;
	const char *slash = strrchr(where->file, '/');
	if (*path == '/' || !slash)
		return str_dup(path);
	autofree char *dir =
	    str_ndup(where->file, (size_t)(slash - where->file));
	return file_join(*dir ? dir : "/", path);
}

int value_read_text(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, char **out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (node->kind != YAML_SCALAR)
		return field_refuse(f, node, where, err);
	if (expand(node, where, &text, err))
		return -1;
	if (!text.len)
		return schema_location_refuse(where, node, NULL, err,
		    "is empty; it takes %s", field_expected(f));
	/* The file is; a variable need not be. */
	if (!str_utf8_valid(text.data, text.len))
		return schema_location_refuse(where, node, NULL, err,
		    "is not UTF-8 once its variables are put in");
	bool path = f->kind == FIELD_PATH || f->kind == FIELD_PATHS;
	free(*out);
	*out = path ? beside(where, text.data) : buf_steal(&text);
	return 0;
}

int value_read_texts(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, struct strvec *out, struct err *err)
{
	if (node->kind != YAML_SEQUENCE)
		return field_refuse(f, node, where, err);
	for (size_t i = 0; i < node->items.len; i++) {
		struct schema_location item = {.up = where, .index = i};
		struct field one = *f;
		one.right = f->right ? f->right : "text";
		if (value_read_text(
			&one, node->items.items[i], &item, vec_add(out), err))
			return -1;
	}
	return 0;
}

int value_read_pairs(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, struct pair_vec *out, struct err *err)
{
	if (node->kind != YAML_MAPPING)
		return field_refuse(f, node, where, err);
	for (size_t i = 0; i < node->items.len; i++) {
		const char *key = node->keys.items[i]->text;
		struct schema_location item = {.up = where, .key = key};
		struct field one = *f;
		one.right = "text";
		struct pair *p = vec_add(out);
		p->from = str_dup(key);
		if (value_read_text(
			&one, node->items.items[i], &item, &p->to, err))
			return -1;
	}
	return 0;
}

int value_read_secret(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, struct secret_ref *at, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (node->kind != YAML_SCALAR)
		return field_refuse(f, node, where, err);
	if (at->location)
		return schema_location_refuse(where, node, NULL, err,
		    "'%s' and '%s_file' exclude each other; leave one out",
		    f->key, f->key);
	schema_location_add(where, node, NULL, &text);
	at->location = buf_steal(&text);
	if (str_ends(where->key, "_file")) {
		struct field path = {.kind = FIELD_PATH, .right = "a path"};
		return value_read_text(&path, node, where, &at->file, err);
	}
	size_t len = node->len;
	if (len < 4 || !str_starts(node->text, "${") ||
	    node->text[len - 1] != '}' || !is_name(node->text + 2, len - 3))
		return schema_location_refuse(where, node, NULL, err,
		    "a secret does not stand in the configuration itself; use "
		    "'%s_file' with a path, or ${NAME} of an environment "
		    "variable",
		    f->key);
	at->variable = str_ndup(node->text + 2, len - 3);
	return 0;
}
