#include "storage/archive/facts.h"

#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"
#include "storage/json/range.h"

#include <string.h>

/* Integers of so many digits fit into 63 bits. */
enum { DIGITS_MAX = 18 };

void facts_done(struct facts *f)
{
	buf_done(&f->texts);
	vec_done(&f->members);
}

void facts_copy(struct facts *to, const struct facts *from)
{
	buf_add(&to->texts, from->texts.data, from->texts.len);
	VEC_EACH (&from->members, m)
		*vec_add(&to->members) = *m;
}

static void clear(struct facts *f)
{
	buf_clear(&f->texts);
	f->members.len = 0;
}

/* Ends the text that was added from `at` on; returns its length. */
static size_t end_text(struct facts *f, size_t at)
{
	size_t len = f->texts.len - at;

	buf_add_char(&f->texts, '\0');
	return len;
}

/* ---- from a tree ---- */

static void add_member(
    struct facts *f, const char *key, const struct json_object *value)
{
	struct facts_member *m = vec_add(&f->members);

	m->kind = json_kind(value);
	m->key = f->texts.len;
	buf_add_str(&f->texts, key);
	end_text(f, m->key);
	m->value = f->texts.len;
	if (m->kind == JSON_STRING)
		buf_add(&f->texts, json_str(value), json_str_len(value));
	else
		json_write(&f->texts, value, JSON_COMPACT);
	m->value_len = end_text(f, m->value);
}

void facts_from_tree(struct facts *f, const struct json_object *object)
{
	clear(f);
	for (struct json_iter it = json_iter(object); json_next(&it);)
		add_member(f, it.key, it.value);
}

/* ---- from text ---- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* An integer that is in every way what it looks like. */
static bool is_plain_int(struct json_range value)
{
	size_t sign = *value.at == '-' ? 1 : 0;

	if (value.len > sign + DIGITS_MAX || (sign && value.at[1] == '0'))
		return false;
	for (size_t i = sign; i < value.len; i++)
		if (!is_digit(value.at[i]))
			return false;
	return true;
}

/* Whether json-c could refuse a number in it, which a scan does not. */
static bool has_long_number(struct json_range value)
{
	size_t digits = 0;

	for (size_t i = 0; i < value.len; i++) {
		digits = is_digit(value.at[i]) ? digits + 1 : 0;
		if (digits > DIGITS_MAX)
			return true;
	}
	return false;
}

static bool scan_text(
    struct facts *f, struct json_scan *s, struct facts_member *m)
{
	struct json_range text;

	m->kind = JSON_STRING;
	if (!json_scan_string(s, &text))
		return false;
	json_range_decode(text, &f->texts);
	return true;
}

/* A value that is no string is known by its first byte. */
static bool scan_other(
    struct facts *f, struct json_scan *s, struct facts_member *m)
{
	struct json_range value = {.at = s->at};

	if (!json_scan_value(s))
		return false;
	value.len = (size_t)(s->at - value.at);
	switch (*value.at) {
	case '{':
	case '[':
		m->kind = *value.at == '{' ? JSON_OBJECT : JSON_ARRAY;
		if (has_long_number(value))
			return false;
		break;
	case 't':
	case 'f':
		m->kind = JSON_BOOL;
		break;
	case 'n':
		m->kind = JSON_NULL;
		break;
	default:
		m->kind = JSON_INT;
		if (!is_plain_int(value))
			return false;
	}
	buf_add(&f->texts, value.at, value.len);
	return true;
}

static bool scan_member(
    struct facts *f, struct json_scan *s, struct json_range key)
{
	struct facts_member *m = vec_add(&f->members);

	m->key = f->texts.len;
	json_range_decode(key, &f->texts);
	end_text(f, m->key);
	m->value = f->texts.len;
	if (json_scan_next_is(s, '"') ? !scan_text(f, s, m)
				      : !scan_other(f, s, m))
		return false;
	m->value_len = end_text(f, m->value);
	return true;
}

bool facts_scan(struct facts *f, struct json_scan *s)
{
	struct json_range key;
	bool first = true;

	clear(f);
	if (!json_scan_next_is(s, '{') || !json_scan_open(s))
		return false;
	while (json_scan_member(s, &first, &key))
		if (!scan_member(f, s, key))
			return false;
	return !s->wrong;
}

/* ---- read ---- */

/* Where a key comes twice, its last value counts, as in a tree. */
static const struct facts_member *find(const struct facts *f, const char *key)
{
	for (size_t i = f ? f->members.len : 0; i-- > 0;)
		if (str_eq(f->texts.data + f->members.items[i].key, key))
			return &f->members.items[i];
	return NULL;
}

static struct json_object *tree_of(
    const struct facts *f, const struct facts_member *m)
{
	const char *value = f->texts.data + m->value;
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err impossible = ERR_INIT;

	if (m->kind == JSON_STRING)
		return json_new_str_len(value, m->value_len);
	/* Only a collection can be parsed alone. */
	buf_printf(&text, "[%s]", value);
	cleanup(json_freep) struct json_object *one =
	    json_parse(text.data, text.len, &impossible);
	return json_share(json_at(one, 0));
}

bool facts_has(const struct facts *f, const char *key)
{
	const struct facts_member *m = find(f, key);

	return m && m->kind != JSON_NULL;
}

const char *facts_str(const struct facts *f, const char *key)
{
	const struct facts_member *m = find(f, key);

	return m && m->kind == JSON_STRING ? f->texts.data + m->value : NULL;
}

bool facts_is_true(const struct facts *f, const char *key)
{
	const struct facts_member *m = find(f, key);

	return m && m->kind == JSON_BOOL &&
	       str_eq(f->texts.data + m->value, "true");
}

struct json_object *facts_get(const struct facts *f, const char *key)
{
	const struct facts_member *m = find(f, key);

	return m ? tree_of(f, m) : NULL;
}

struct json_object *facts_tree(const struct facts *f)
{
	struct json_object *tree = NULL;

	if (f) {
		tree = json_new_object();
		VEC_EACH (&f->members, m)
			json_set(tree, f->texts.data + m->key, tree_of(f, m));
	}
	return tree;
}

void facts_write(const struct facts *f, struct buf *out)
{
	json_text_object(out, NULL);
	VEC_EACH (&f->members, m) {
		const char *key = f->texts.data + m->key;
		const char *value = f->texts.data + m->value;
		json_text_raw(out, key, "");
		if (m->kind == JSON_STRING)
			json_text_quoted(out, value, m->value_len);
		else
			buf_add(out, value, m->value_len);
	}
	json_text_object_end(out);
}
