#include "config/schema/value.h"

#include "config/schema/secret_ref.h"
#include "config/schema/unit.h"
#include "config/schema/value_text.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

static int out_of_range(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	if (f->kind == FIELD_INT)
		return schema_location_refuse(where, node, NULL, err,
		    "is out of range; it takes %s from %lld to %lld",
		    field_expected(f), (long long)f->min, (long long)f->max);
	if (f->kind == FIELD_PERCENT)
		return schema_location_refuse(where, node, NULL, err,
		    "is out of range; it takes %s, from %lld%% to %lld%%",
		    field_expected(f), (long long)f->min, (long long)f->max);
	return schema_location_refuse(where, node, NULL, err,
	    "is out of range; it takes %s", field_expected(f));
}

static int read_number(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, void *at, struct err *err)
{
	int64_t value = 0;
	uint64_t bytes = 0;
	int bad;

	if (f->kind == FIELD_INT)
		bad = yaml_int(node, &value);
	else if (!node->text)
		bad = -1;
	else if (f->kind == FIELD_DURATION)
		bad = unit_parse_duration(node->text, &value);
	else if (f->kind == FIELD_PERCENT)
		bad = unit_parse_percent(node->text, &value);
	else
		bad = unit_parse_bytes(node->text, &bytes);
	if (bad)
		return field_refuse(f, node, where, err);
	if (f->kind == FIELD_BYTES)
		value = (int64_t)bytes;
	int64_t max = f->min || f->max ? f->max : INT32_MAX;
	if (f->kind != FIELD_INT && !f->max)
		max = INT64_MAX;
	if (value < f->min || value > max)
		return out_of_range(f, node, where, err);
	if (f->kind == FIELD_INT || f->kind == FIELD_PERCENT)
		*(int *)at = (int)value;
	else if (f->kind == FIELD_DURATION)
		*(int64_t *)at = value;
	else
		*(uint64_t *)at = bytes;
	return 0;
}

static int read_word(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, int *at, struct err *err)
{
	cleanup(buf_done) struct buf known = BUF_INIT;

	for (int i = 0; f->words[i]; i++) {
		if (node->text && str_eq(node->text, f->words[i])) {
			*at = i;
			return 0;
		}
		buf_printf(&known, "%s%s", i ? ", " : "", f->words[i]);
	}
	return schema_location_refuse(where, node, NULL, err,
	    "is not one of its values; it takes one of: %s", known.data);
}

/* A plain scalar that is a number with a fraction or an exponent, its digits as
 * they are written; NULL where it is not such a number. */
static struct json_object *real(const struct yaml_node *n)
{
	struct err ignored = ERR_INIT;

	if (!n->plain || !n->len ||
	    strspn(n->text, "0123456789.eE+-") != n->len)
		return NULL;
	/* A number has to end for the parser. */
	autofree char *text = str_printf("%s ", n->text);
	cleanup(json_freep) struct json_object *j =
	    json_parse(text, n->len + 1, &ignored);
	return json_kind(j) == JSON_REAL ? steal(j) : NULL;
}

static struct json_object *tree(const struct yaml_node *n)
{
	int64_t number;
	bool truth;

	if (n->kind == YAML_NULL)
		return NULL;
	if (n->kind == YAML_SCALAR) {
		if (yaml_bool(n, &truth) == 0)
			return json_new_bool(truth);
		if (yaml_int(n, &number) == 0)
			return json_new_int(number);
		struct json_object *fraction = real(n);
		return fraction ? fraction : json_new_str_len(n->text, n->len);
	}
	bool mapping = n->kind == YAML_MAPPING;
	struct json_object *j = mapping ? json_new_object() : json_new_array();
	for (size_t i = 0; i < n->items.len; i++) {
		struct json_object *item = tree(n->items.items[i]);
		if (mapping)
			json_set(j, n->keys.items[i]->text, item);
		else
			json_append(j, item);
	}
	return j;
}

int value_read(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, void *at, struct err *err)
{
	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_PATH:
		return value_read_text(f, node, where, at, err);
	case FIELD_BOOL:
		return yaml_bool(node, at) ? field_refuse(f, node, where, err)
					   : 0;
	case FIELD_INT:
	case FIELD_DURATION:
	case FIELD_BYTES:
	case FIELD_PERCENT:
		return read_number(f, node, where, at, err);
	case FIELD_WORD:
		return read_word(f, node, where, at, err);
	case FIELD_SECRET:
		return value_read_secret(f, node, where, at, err);
	case FIELD_TEXTS:
	case FIELD_PATHS:
		return value_read_texts(f, node, where, at, err);
	case FIELD_PAIRS:
		return value_read_pairs(f, node, where, at, err);
	case FIELD_TREE:
		*(struct json_object **)at = tree(node);
		return 0;
	default:
		abort();
	}
}

void value_done(const struct field *f, void *at)
{
	struct secret_ref *ref = at;

	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_PATH:
		free(*(char **)at);
		*(char **)at = NULL;
		break;
	case FIELD_SECRET:
		free(ref->location);
		free(ref->file);
		free(ref->variable);
		*ref = (struct secret_ref){0};
		break;
	case FIELD_TEXTS:
	case FIELD_PATHS:
		strvec_done(at);
		break;
	case FIELD_PAIRS:
		VEC_EACH ((struct pair_vec *)at, p) {
			free(p->from);
			free(p->to);
		}
		vec_done((struct pair_vec *)at);
		break;
	case FIELD_TREE:
		json_free(*(struct json_object **)at);
		*(struct json_object **)at = NULL;
		break;
	default:
		break;
	}
}

/* The second member of every VEC_DEFINE, whatever its items. */
static bool list_is_empty(const void *at)
{
	size_t len;

	memcpy(
	    &len, (const char *)at + offsetof(struct strvec, len), sizeof(len));
	return len == 0;
}

bool value_is_empty(const struct field *f, const void *at)
{
	switch (f->kind) {
	case FIELD_TEXT:
	case FIELD_PATH:
		return !*(char *const *)at;
	case FIELD_SECRET:
		return !secret_ref_is_set(at);
	case FIELD_TEXTS:
	case FIELD_PATHS:
		return !((const struct strvec *)at)->len;
	case FIELD_PAIRS:
		return !((const struct pair_vec *)at)->len;
	case FIELD_TREE:
		return !*(struct json_object *const *)at;
	case FIELD_INT:
		return !*(const int *)at;
	case FIELD_DURATION:
		return f->min > 0 && !*(const int64_t *)at;
	case FIELD_LIST:
		return list_is_empty(at);
	default:
		return false;
	}
}
