/* Any bytes are a tree or an error that fits its place; and a tree can be
 * walked by everything that reads one. */
#include "storage/base/cleanup.h"
#include "storage/base/yaml.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const struct yaml_node *n)
{
	size_t count = 1;
	int64_t number;
	bool truth;

	yaml_int(n, &number);
	yaml_bool(n, &truth);
	if (n->text && strlen(n->text) != n->len)
		__builtin_trap();
	if (n->kind == YAML_MAPPING && n->keys.len != n->items.len)
		__builtin_trap();
	VEC_EACH (&n->keys, key)
		count += walk(*key);
	VEC_EACH (&n->items, item)
		count += walk(*item);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	cleanup(yaml_node_freep) struct yaml_node *n =
	    yaml_load((const char *)data, size, "fuzz", &err);

	if (!n && err.code != ERR_FORMAT)
		__builtin_trap();
	if (n && walk(n) > YAML_MAX_NODES)
		__builtin_trap();
	return 0;
}
