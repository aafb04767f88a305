#include "storage/base/mem.h"
#include "storage/base/str.h"
#include "storage/base/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void yaml_node_free(struct yaml_node *n)
{
	if (!n)
		return;
	if (n->text)
		mem_wipe(n->text, n->len);
	free(n->text);
	VEC_EACH (&n->keys, key)
		yaml_node_free(*key);
	vec_done(&n->keys);
	VEC_EACH (&n->items, item)
		yaml_node_free(*item);
	vec_done(&n->items);
	free(n);
}

void yaml_node_freep(struct yaml_node **n)
{
	yaml_node_free(*n);
}

struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
	if (!mapping || mapping->kind != YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->keys.len; i++)
		if (str_eq(mapping->keys.items[i]->text, key))
			return mapping->items.items[i];
	return NULL;
}

const char *yaml_text(const struct yaml_node *scalar_node)
{
	return scalar_node ? scalar_node->text : NULL;
}

const char *yaml_get_text(const struct yaml_node *mapping, const char *key)
{
	return yaml_text(yaml_get(mapping, key));
}

size_t yaml_len(const struct yaml_node *n)
{
	return n ? n->items.len : 0;
}

int yaml_bool(const struct yaml_node *n, bool *out)
{
	static const char *const words[] = {
	    "true", "True", "TRUE", "false", "False", "FALSE"};

	if (!n || !n->text || !n->plain)
		return -1;
	for (size_t i = 0; i < 6; i++) {
		if (!str_eq(n->text, words[i]))
			continue;
		*out = i < 3;
		return 0;
	}
	return -1;
}

int yaml_int(const struct yaml_node *n, int64_t *out)
{
	char *end;

	if (!n || !n->text || !n->plain || !n->len ||
	    strspn(n->text + (n->text[0] == '-'), "0123456789") !=
		n->len - (n->text[0] == '-') ||
	    str_eq(n->text, "-"))
		return -1;
	errno = 0;
	long long value = strtoll(n->text, &end, 10);
	if (errno || *end)
		return -1;
	*out = value;
	return 0;
}

const char *yaml_describe(const struct yaml_node *n)
{
	int64_t number;
	bool truth;

	if (!n || n->kind == YAML_NULL)
		return "nothing";
	if (n->kind == YAML_MAPPING)
		return "a mapping";
	if (n->kind == YAML_SEQUENCE)
		return "a list";
	if (yaml_bool(n, &truth) == 0)
		return "true or false";
	return yaml_int(n, &number) == 0 ? "a number" : "text";
}
