/*
 * YAML 1.1 through libyaml, as a tree whose nodes know their line and column.
 * One document; keys are plain text and unique within their mapping; an alias
 * is a copy of what it names, within the caps below. Merge keys (`<<`) and
 * application tags are refused, since they would be understood only in part.
 *
 * libyaml does not read all of JSON (surrogate escapes); json.h does.
 */
#ifndef STORAGE_BASE_YAML_H
#define STORAGE_BASE_YAML_H

#include "storage/base/err.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	YAML_MAX_BYTES = 4 << 20, /* of the text */
	YAML_MAX_DEPTH = 64,
	YAML_MAX_NODES = 200000, /* after aliases are expanded */
};

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node;
VEC_DEFINE(yaml_items, struct yaml_node *);

struct yaml_node {
	enum yaml_kind kind;
	int line; /* from 1 */
	int column;
	/* Of a scalar: its text, NUL-terminated. Plain (not quoted) ones may
	 * stand for a number or a truth value; quoted ones are strings. */
	char *text;
	size_t len; /* bytes; the text holds no NUL within */
	bool plain;
	/* Of a mapping: keys (scalars) and, at the same index, values. */
	struct yaml_items keys;
	struct yaml_items items; /* values of a mapping, or of a sequence */
};

/* The tree, owned by the caller; an empty document is a YAML_NULL. NULL with
 * ERR_FORMAT and "<name>:<line>:<column>: ..." (no text of the document but
 * keys is ever quoted: values may be secrets). */
struct yaml_node *yaml_load(
    const char *text, size_t len, const char *name, struct err *err);
/* As yaml_load, from a file, which is also the name. */
struct yaml_node *yaml_load_file(const char *path, struct err *err);
void yaml_node_free(struct yaml_node *n); /* takes NULL; wipes the texts */
void yaml_node_freep(struct yaml_node **n);

/* All of these accept NULL or a node of another kind, and then return nothing.
 * Borrowed. */
struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key);
const char *yaml_text(const struct yaml_node *scalar);
const char *yaml_get_text(const struct yaml_node *mapping, const char *key);
size_t yaml_len(const struct yaml_node *n); /* items of either collection */

/* The plain scalars of the core schema: true/false in its three spellings
 * (yes, no, on and off are refused: -1), and decimal integers. */
int yaml_bool(const struct yaml_node *scalar, bool *out);
int yaml_int(const struct yaml_node *scalar, int64_t *out);

/* "a mapping", "a list", "text", "a number", "true or false", "nothing". */
const char *yaml_describe(const struct yaml_node *n);

#endif
