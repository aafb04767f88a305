#include "storage/base/json.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* json-c takes the objects it only reads as non-const. */
static struct json_object *mutable(const struct json_object *j)
{
	struct json_object *p;

	memcpy(&p, &j, sizeof(p));
	return p;
}

/* The text need not end in a NUL. */
static bool only_space(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!text[i] || !strchr(" \t\r\n", text[i]))
			return false;
	return true;
}

/* What a parse came to; the tree is the caller's. */
struct parsed {
	struct json_object *tree;
	enum json_tokener_error status;
	size_t end;
};

static struct parsed parse(const char *text, size_t len, int depth)
{
	struct parsed p;
	struct json_tokener *t = json_tokener_new_ex(depth);

	if (!t)
		abort();
	json_tokener_set_flags(t, JSON_TOKENER_STRICT |
				      JSON_TOKENER_VALIDATE_UTF8 |
				      JSON_TOKENER_ALLOW_TRAILING_CHARS);
	p.tree = json_tokener_parse_ex(t, text, (int)len);
	p.status = json_tokener_get_error(t);
	p.end = json_tokener_get_parse_end(t);
	json_tokener_free(t);
	return p;
}

struct json_object *json_parse(const char *text, size_t len, struct err *err)
{
	/* A parser has room for all levels from its start, and to clear that
	 * for the deepest tree takes longer than to read a usual one. */
	enum { USUAL_DEPTH = 32 };

	if (len > INT_MAX) {
		err_set(err, ERR_FORMAT, "JSON of %zu bytes is too long", len);
		return NULL;
	}
	struct parsed p = parse(text, len, USUAL_DEPTH);
	if (p.status == json_tokener_error_depth)
		p = parse(text, len, JSON_MAX_DEPTH + 1);
	if (p.status == json_tokener_continue)
		err_set(err, ERR_FORMAT, "JSON ends too early, after %zu bytes",
		    len);
	else if (p.status != json_tokener_success)
		err_set(err, ERR_FORMAT, "not valid JSON at byte %zu: %s",
		    p.end, json_tokener_error_desc(p.status));
	else if (!p.tree)
		err_set(err, ERR_FORMAT, "JSON is null");
	else if (!only_space(text + p.end, len - p.end))
		err_set(err, ERR_FORMAT,
		    "JSON is followed by something else at byte %zu", p.end);
	else
		return p.tree;
	json_object_put(p.tree);
	return NULL;
}

void json_free(struct json_object *j)
{
	json_object_put(j);
}

void json_freep(struct json_object **j)
{
	json_object_put(*j);
}

struct json_object *json_share(struct json_object *j)
{
	return json_object_get(j);
}

struct json_object *json_copy(const struct json_object *j)
{
	struct json_object *copy = NULL;

	if (j && json_object_deep_copy(mutable(j), &copy, NULL) < 0)
		abort();
	return copy;
}

bool json_equal(const struct json_object *a, const struct json_object *b)
{
	return json_object_equal(mutable(a), mutable(b)) == 1;
}

enum json_kind json_kind(const struct json_object *j)
{
	switch (json_object_get_type(j)) {
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_int:
		return JSON_INT;
	case json_type_double:
		return JSON_REAL;
	case json_type_string:
		return JSON_STRING;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_object:
		return JSON_OBJECT;
	default:
		return JSON_NULL;
	}
}

struct json_object *json_get(const struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (json_kind(object) != JSON_OBJECT)
		return NULL;
	json_object_object_get_ex(object, key, &value);
	return value;
}

struct json_object *json_path(const struct json_object *object, ...)
{
	struct json_object *at = mutable(object);
	const char *key;
	va_list ap;

	va_start(ap, object);
	while (at && (key = va_arg(ap, const char *)))
		at = json_get(at, key);
	va_end(ap);
	return at;
}

/* One step of a JSON pointer: a member, or the index of an item. */
static struct json_object *step(struct json_object *at, const char *token)
{
	uint64_t i;

	if (json_kind(at) != JSON_ARRAY)
		return json_get(at, token);
	if (str_parse_u64(token, UINT32_MAX, &i))
		return NULL;
	return json_at(at, (size_t)i);
}

/* The step from *pointer, which is a '/', to before the next one, with "~1" and
 * "~0" read; moves on. */
static void read_step(const char **pointer, struct buf *token)
{
	const char *p = *pointer + 1;
	const char *end = strchrnul(p, '/');

	buf_clear(token);
	while (p < end) {
		const char *tilde = memchr(p, '~', (size_t)(end - p));
		const char *to = tilde ? tilde : end;

		buf_add(token, p, (size_t)(to - p));
		p = to;
		if (p == end)
			break;
		bool escape = p[1] == '0' || p[1] == '1';
		buf_add_char(token, escape && p[1] == '1' ? '/' : '~');
		p += escape ? 2 : 1;
	}
	*pointer = end;
}

struct json_object *json_pointer(
    const struct json_object *j, const char *pointer)
{
	cleanup(buf_done) struct buf token = BUF_INIT;
	struct json_object *at = mutable(j);

	while (at && *pointer == '/') {
		read_step(&pointer, &token);
		at = step(at, buf_str(&token));
	}
	return *pointer ? NULL : at;
}

const char *json_str(const struct json_object *j)
{
	if (json_kind(j) != JSON_STRING)
		return NULL;
	return json_object_get_string(mutable(j));
}

size_t json_str_len(const struct json_object *j)
{
	if (json_kind(j) != JSON_STRING)
		return 0;
	return (size_t)json_object_get_string_len(j);
}

int64_t json_int(const struct json_object *j, int64_t fallback)
{
	return json_kind(j) == JSON_INT ? json_object_get_int64(j) : fallback;
}

bool json_truth(const struct json_object *j, bool fallback)
{
	return json_kind(j) == JSON_BOOL ? json_object_get_boolean(j)
					 : fallback;
}

const char *json_get_str(const struct json_object *object, const char *key)
{
	return json_str(json_get(object, key));
}

int64_t json_get_int(
    const struct json_object *object, const char *key, int64_t fallback)
{
	return json_int(json_get(object, key), fallback);
}

size_t json_len(const struct json_object *j)
{
	switch (json_kind(j)) {
	case JSON_ARRAY:
		return json_object_array_length(j);
	case JSON_OBJECT:
		return (size_t)json_object_object_length(j);
	default:
		return 0;
	}
}

struct json_object *json_at(const struct json_object *array, size_t i)
{
	if (json_kind(array) != JSON_ARRAY)
		return NULL;
	return json_object_array_get_idx(array, i);
}

void json_texts(const struct json_object *array, struct strvec *out)
{
	for (size_t i = 0; i < json_len(array); i++)
		if (json_str(json_at(array, i)))
			strvec_add(out, json_str(json_at(array, i)));
}

struct json_iter json_iter(const struct json_object *object)
{
	struct json_iter it = {0};

	if (json_kind(object) == JSON_OBJECT)
		it.next = lh_table_head(json_object_get_object(object));
	return it;
}

bool json_next(struct json_iter *it)
{
	struct lh_entry *entry = it->next;

	if (!entry)
		return false;
	it->key = lh_entry_k(entry);
	it->value = lh_entry_v(entry);
	it->next = lh_entry_next(entry);
	return true;
}

static struct json_object *made(struct json_object *j)
{
	if (!j)
		abort();
	return j;
}

struct json_object *json_new_object(void)
{
	return made(json_object_new_object());
}

struct json_object *json_new_array(void)
{
	return made(json_object_new_array());
}

/* The text as valid UTF-8, in `held` if it had to be changed for that: a reader
 * would refuse the whole document for one such text. */
static const char *as_utf8(const char *s, size_t *len, struct buf *held)
{
	if (str_utf8_valid(s, *len))
		return s;
	str_add_utf8(held, s, *len);
	*len = held->len;
	return held->data;
}

struct json_object *json_new_str(const char *s)
{
	return s ? json_new_str_len(s, strlen(s)) : NULL;
}

struct json_object *json_new_str_len(const char *s, size_t len)
{
	cleanup(buf_done) struct buf held = BUF_INIT;

	s = as_utf8(s, &len, &held);
	if (len > INT_MAX)
		abort();
	return made(json_object_new_string_len(s, (int)len));
}

struct json_object *json_new_int(int64_t i)
{
	return made(json_object_new_int64(i));
}

struct json_object *json_new_bool(bool b)
{
	return made(json_object_new_boolean(b));
}

void json_set(
    struct json_object *object, const char *key, struct json_object *value)
{
	cleanup(buf_done) struct buf held = BUF_INIT;
	size_t len = strlen(key);

	key = as_utf8(key, &len, &held);
	if (json_object_object_add(object, key, value) < 0)
		abort();
}

void json_set_str(struct json_object *object, const char *key, const char *s)
{
	json_set(object, key, json_new_str(s));
}

void json_set_int(struct json_object *object, const char *key, int64_t i)
{
	json_set(object, key, json_new_int(i));
}

void json_set_bool(struct json_object *object, const char *key, bool b)
{
	json_set(object, key, json_new_bool(b));
}

void json_remove(struct json_object *object, const char *key)
{
	if (json_kind(object) == JSON_OBJECT)
		json_object_object_del(object, key);
}

void json_append(struct json_object *array, struct json_object *value)
{
	if (json_object_array_add(array, value) < 0)
		abort();
}

void json_remove_at(struct json_object *array, size_t i)
{
	json_object_array_del_idx(array, i, 1);
}

void json_write(
    struct buf *out, const struct json_object *j, enum json_style style)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	size_t len = 0;

	flags |= style == JSON_PRETTY
		     ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
		     : JSON_C_TO_STRING_PLAIN;
	/* json-c keeps the text with the object; a shared tree must not be
	 * written by two threads at once. */
	const char *text =
	    json_object_to_json_string_length(mutable(j), flags, &len);
	if (!text)
		abort();
	buf_add(out, text, len);
}
