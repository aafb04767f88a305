#include "agent/shard/merge.h"

#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <string.h>

static struct json_object *of_kind(
    const struct json_object *sources, const char *kind)
{
	for (size_t i = 0; i < json_len(sources); i++) {
		struct json_object *one = json_at(sources, i);
		if (str_eq(json_get_str(one, "kind"), kind))
			return one;
	}
	return NULL;
}

/* Times are RFC 3339 in UTC, all of one length. */
static void keep_time(struct json_object *into, const char *key,
    const struct json_object *value, bool later)
{
	const char *have = json_get_str(into, key), *text = json_str(value);
	int order = have && text ? strcmp(text, have) : 0;

	if (later ? order > 0 : order < 0)
		json_set_str(into, key, text);
}

static void merge_source(
    struct json_object *into, const struct json_object *from)
{
	for (struct json_iter it = json_iter(from); json_next(&it);) {
		struct json_object *have = json_get(into, it.key);
		if (!have)
			json_set(into, it.key, json_copy(it.value));
		else if (str_eq(it.key, "started"))
			keep_time(into, it.key, it.value, false);
		else if (str_eq(it.key, "finished"))
			keep_time(into, it.key, it.value, true);
		else if (json_kind(have) == JSON_INT)
			json_set_int(into, it.key,
			    json_int(have, 0) + json_int(it.value, 0));
		else if (json_kind(have) == JSON_ARRAY)
			for (size_t i = 0; i < json_len(it.value); i++)
				json_append(
				    have, json_copy(json_at(it.value, i)));
	}
}

void merge_sources(struct json_object *into, const struct json_object *part)
{
	for (size_t i = 0; i < json_len(part); i++) {
		const struct json_object *from = json_at(part, i);
		const char *kind = json_get_str(from, "kind");
		struct json_object *have = kind ? of_kind(into, kind) : NULL;
		if (have)
			merge_source(have, from);
		else
			json_append(into, json_copy(from));
	}
}

void merge_texts(struct json_object *into, const struct json_object *part)
{
	for (size_t i = 0; i < json_len(part); i++) {
		const struct json_object *one = json_at(part, i);
		bool known = false;
		for (size_t k = 0; k < json_len(into) && !known; k++)
			known = json_equal(json_at(into, k), one);
		if (!known)
			json_append(into, json_copy(one));
	}
}
