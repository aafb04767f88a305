/*
 * Where in the configuration a value stands, and how an error names it. Pure.
 */
#ifndef CONFIG_SCHEMA_LOCATION_H
#define CONFIG_SCHEMA_LOCATION_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/yaml.h"

#include <stddef.h>

/* Lives on the stack of the reader, linked to the mapping or list around it. */
struct schema_location {
	const struct schema_location *up; /* NULL at the root */
	const char *key;		  /* NULL: an item of a list */
	size_t index;
	const char *file; /* at the root */
};

/* Appends "<file>:<line>:<column>: <path>", of the node or of its member. */
void schema_location_add(const struct schema_location *where,
    const struct yaml_node *node, const char *key, struct buf *out);

/* "<file>:<line>:<column>: <path>: <fmt>", ERR_USAGE. With a key, of that
 * member of the node. Returns -1. */
int schema_location_refuse(const struct schema_location *where,
    const struct yaml_node *node, const char *key, struct err *err,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
