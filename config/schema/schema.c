#include "config/schema/schema.h"

#include "config/schema/value.h"
#include "storage/base/cleanup.h"
#include "storage/base/closest.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 64 };

static const struct field *find(const struct section *s, const char *key)
{
	for (const struct field *f = s->fields; f->key; f++) {
		if (str_eq(f->key, key))
			return f;
		size_t n = strlen(f->key);
		if (f->kind == FIELD_SECRET && str_starts(key, f->key) &&
		    str_eq(key + n, "_file"))
			return f;
	}
	return NULL;
}

/* All that a key may be. */
static void add_keys(const struct section *s, struct strvec *keys)
{
	for (const struct field *f = s->fields; f->key; f++) {
		strvec_add(keys, f->key);
		if (f->kind == FIELD_SECRET)
			*vec_add(keys) = str_printf("%s_file", f->key);
	}
}

static int unknown_key(const struct section *s,
    const struct schema_location *where, const struct yaml_node *node,
    const struct yaml_node *key, struct err *err)
{
	cleanup(strvec_done) struct strvec keys = VEC_INIT;
	cleanup(buf_done) struct buf known = BUF_INIT;
	const char *words[2 * MAX_KEYS + 1] = {NULL};

	add_keys(s, &keys);
	for (size_t i = 0; i < keys.len && i < 2 * MAX_KEYS; i++) {
		words[i] = keys.items[i];
		buf_printf(&known, "%s%s", known.len ? ", " : "", words[i]);
	}
	const char *meant = closest_word(key->text, words);
	if (meant)
		return schema_location_refuse(where, node, key->text, err,
		    "unknown key; did you mean '%s'?", meant);
	return schema_location_refuse(where, node, key->text, err,
	    "unknown key; known here: %s", known.data);
}

static int read_list(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, void *at, struct err *err)
{
	if (node->kind != YAML_SEQUENCE)
		return field_refuse(f, node, where, err);
	for (size_t i = 0; i < node->items.len; i++) {
		struct schema_location item = {.up = where, .index = i};
		struct schema_list v;
		/* Counted before it is read: what a failure leaves half read
		 * is released with the rest. */
		memcpy(&v, at, sizeof(v));
		v.items = mem_resize(v.items, v.len + 1, f->item_size);
		v.cap = ++v.len;
		char *data = (char *)v.items + (v.len - 1) * f->item_size;
		memset(data, 0, f->item_size);
		memcpy(at, &v, sizeof(v));
		if (schema_read(
			f->section, node->items.items[i], &item, data, err))
			return -1;
	}
	return 0;
}

static int read_field(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, char *data, struct err *err)
{
	void *at = data + f->offset;

	if ((f->flags & FIELD_OR_NONE) && node->text &&
	    str_eq(node->text, "none")) {
		*(bool *)(data + f->none_offset) = true;
		return 0;
	}
	if (node->kind == YAML_NULL)
		return schema_location_refuse(where, node, NULL, err,
		    "has no value; it takes %s", field_expected(f));
	switch (f->kind) {
	case FIELD_SECTION:
		if (f->present_offset)
			*(bool *)(data + f->present_offset) = true;
		return schema_read(f->section, node, where, at, err);
	case FIELD_LIST:
		return read_list(f, node, where, at, err);
	default:
		return value_read(f, node, where, at, err);
	}
}

static int read_fallback(
    const struct field *f, const struct schema_location *where, char *data)
{
	struct err err = ERR_INIT;
	cleanup(yaml_node_freep) struct yaml_node *node =
	    yaml_load(f->fallback, strlen(f->fallback), "default", &err);

	/* A default that does not read is a mistake in the table. */
	if (!node || read_field(f, node, where, data, &err))
		abort();
	return 0;
}

/* Sections that are left out still have their fields' defaults. */
static void read_defaults(const struct section *s,
    const struct schema_location *where, char *data, const bool *seen)
{
	for (const struct field *f = s->fields; f->key; f++) {
		if (seen && seen[f - s->fields])
			continue;
		if (f->kind == FIELD_SECTION)
			read_defaults(
			    f->section, where, data + f->offset, NULL);
		else if (f->fallback)
			read_fallback(f, where, data);
	}
}

static int read_members(const struct section *s, const struct yaml_node *node,
    const struct schema_location *where, char *data, bool *seen,
    struct err *err)
{
	for (size_t i = 0; i < node->keys.len; i++) {
		const struct yaml_node *key = node->keys.items[i];
		const struct yaml_node *value = node->items.items[i];
		const struct field *f = find(s, key->text);
		if (!f)
			return unknown_key(s, where, node, key, err);
		struct schema_location below = {.up = where, .key = key->text};
		struct yaml_node at = *value;
		if (at.kind == YAML_NULL) {
			at.line = key->line;
			at.column = key->column;
		}
		seen[f - s->fields] = true;
		if (read_field(f, &at, &below, data, err))
			return -1;
	}
	return 0;
}

int schema_read(const struct section *s, const struct yaml_node *node,
    const struct schema_location *where, void *data, struct err *err)
{
	bool seen[MAX_KEYS] = {false};

	if (node->kind != YAML_MAPPING)
		return schema_location_refuse(where, node, NULL, err,
		    "is %s; it takes a mapping of keys to values",
		    yaml_describe(node));
	if (read_members(s, node, where, data, seen, err))
		return -1;
	for (const struct field *f = s->fields; f->key; f++) {
		if ((f->flags & FIELD_REQUIRED) && !seen[f - s->fields])
			return schema_location_refuse(where, node, NULL, err,
			    "lacks '%s', which takes %s", f->key,
			    field_expected(f));
	}
	read_defaults(s, where, data, seen);
	return s->check ? s->check(data, node, where, err) : 0;
}

static void done_list(const struct field *f, void *at)
{
	struct schema_list v;

	memcpy(&v, at, sizeof(v));
	for (size_t i = 0; i < v.len; i++)
		schema_done(f->section, (char *)v.items + i * f->item_size);
	free(v.items);
	memset(at, 0, sizeof(v));
}

void schema_done(const struct section *s, void *data)
{
	for (const struct field *f = s->fields; f->key; f++) {
		void *at = (char *)data + f->offset;
		if (f->kind == FIELD_SECTION)
			schema_done(f->section, at);
		else if (f->kind == FIELD_LIST)
			done_list(f, at);
		else
			value_done(f, at);
	}
}

/* A section that lacks what it must have was left out. */
static bool section_is_absent(const struct section *s, const void *data)
{
	bool alternatives = false, some = false;

	for (const struct field *f = s->fields; f->key; f++) {
		bool empty = value_is_empty(f, (const char *)data + f->offset);
		if ((f->flags & FIELD_REQUIRED) && empty)
			return true;
		alternatives |= (f->flags & FIELD_ALTERNATIVE) != 0;
		some |= (f->flags & FIELD_ALTERNATIVE) && !empty;
	}
	return alternatives && !some;
}

static void write_list(
    const struct field *f, const void *at, int indent, struct buf *out)
{
	struct schema_list v;

	memcpy(&v, at, sizeof(v));
	buf_add_char(out, '\n');
	for (size_t i = 0; i < v.len; i++) {
		buf_printf(out, "%*s-\n", indent + 2, "");
		schema_write(f->section,
		    (const char *)v.items + i * f->item_size, indent + 4, out);
	}
}

static void write_section(
    const struct field *f, const void *at, int indent, struct buf *out)
{
	cleanup(buf_done) struct buf members = BUF_INIT;

	if (section_is_absent(f->section, at))
		return;
	schema_write(f->section, at, indent + 2, &members);
	if (members.len)
		buf_printf(out, "\n%s", members.data);
}

static void write_field(
    const struct field *f, const void *at, int indent, struct buf *out)
{
	if (f->kind == FIELD_SECTION)
		write_section(f, at, indent, out);
	else if (f->kind != FIELD_INT && value_is_empty(f, at))
		return;
	else if (f->kind == FIELD_LIST)
		write_list(f, at, indent, out);
	else
		value_write(f, at, indent, out);
}

void schema_write(
    const struct section *s, const void *data, int indent, struct buf *out)
{
	for (const struct field *f = s->fields; f->key; f++) {
		const void *at = (const char *)data + f->offset;
		cleanup(buf_done) struct buf value = BUF_INIT;
		const bool *flags = data;
		if (f->present_offset && !flags[f->present_offset])
			continue;
		if ((f->flags & FIELD_OR_NONE) && flags[f->none_offset])
			buf_add_str(&value, " none\n");
		else
			write_field(f, at, indent, &value);
		if (!value.len)
			continue;
		buf_printf(out, "%*s%s", indent, "", f->key);
		if (f->kind == FIELD_SECRET)
			value_write_secret(at, out);
		buf_add_char(out, ':');
		buf_add(out, value.data, value.len);
	}
}
