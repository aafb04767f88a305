/*
 * A schema is data: tables of fields that say which keys a section of the
 * configuration has, of what kind their values are, and where in a struct
 * they go. One reader, one writer and one release serve all sections; none of
 * them knows what a setting means.
 *
 * An error is one line: file, line and column, the path of the key, what is
 * wrong with it and what would be right. Values are never quoted in it.
 */
#ifndef CONFIG_SCHEMA_SCHEMA_H
#define CONFIG_SCHEMA_SCHEMA_H

#include "config/schema/secret_ref.h"
#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"
#include "storage/base/yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The C type behind each kind stands beside it. */
enum field_kind {
	FIELD_TEXT,	/* char *: ${NAME} is replaced from the environment */
	FIELD_PATH,	/* char *: as text; relative to the file's directory */
	FIELD_BOOL,	/* bool */
	FIELD_INT,	/* int, within min..max */
	FIELD_DURATION, /* int64_t ms, within min..max; "500ms", "30s", "2h" */
	FIELD_BYTES,	/* uint64_t, within min..max; "64KiB", "2GiB" */
	FIELD_WORD,	/* int: the place of the value in `words` */
	FIELD_SECRET,	/* struct secret_ref: KEY: ${NAME}, or KEY_file: path */
	FIELD_TEXTS,	/* struct strvec: a list of texts */
	FIELD_PATHS,	/* struct strvec: a list of paths */
	FIELD_PAIRS,	/* struct pair_vec: a mapping of texts to texts */
	FIELD_SECTION,	/* a struct, embedded: a mapping */
	FIELD_LIST,	/* a VEC_DEFINE of structs: a list of mappings */
	FIELD_TREE,	/* struct json_object *: any value, as it stands */
};

struct pair {
	char *from;
	char *to;
};
VEC_DEFINE(pair_vec, struct pair);
const char *pairs_get(const struct pair_vec *v, const char *from);

enum field_flags {
	FIELD_REQUIRED = 1,
	/* The word `none` may stand for the section: sets the bool at
	 * none_offset, so that leaving it out is not the same. */
	FIELD_OR_NONE = 2,
	/* The files that the paths name hold secrets. */
	FIELD_SECRET_FILE = 4,
};

struct section;

struct field {
	const char *key;
	enum field_kind kind;
	unsigned flags;
	size_t offset;
	/* What stands for a missing value, as it would be written, or NULL:
	 * the zero of its type. */
	const char *fallback;
	int64_t min, max;	  /* both 0: any that is not negative */
	const char *const *words; /* ended by NULL */
	const struct section *section;
	size_t item_size; /* of a list */
	size_t none_offset;
	/* Of a bool that says whether the section was written; 0: none. */
	size_t present_offset;
	const char *right; /* what would be right: "an age recipient" */
};

/* The place of a value: for messages. Lives on the stack of the reader. */
struct schema_location {
	const struct schema_location *up; /* NULL at the root */
	const char *key;		  /* NULL: an item of a list */
	size_t index;
	const char *file; /* at the root */
};

struct section {
	const struct field *fields; /* ended by one without a key */
	/* What no single field can say; NULL where there is nothing. */
	int (*check)(const void *data, const struct yaml_node *node,
	    const struct schema_location *where, struct err *err);
};

/* Every VEC_DEFINE, and so every list, lies like this; it is moved by bytes, so
 * that no type is seen as another. */
struct schema_list {
	void *items;
	size_t len;
	size_t cap;
};

#define FIELD_AT(type, member) .offset = offsetof(type, member)

/* Reads a section from its mapping into `data`, which is zeroed by the caller
 * and, whatever happens, to be released with schema_done. */
int schema_read(const struct section *s, const struct yaml_node *node,
    const struct schema_location *where, void *data, struct err *err);
void schema_done(const struct section *s, void *data);
/* All settings, those left out with their defaults, as YAML. Secrets are
 * named by where they come from. */
void schema_write(
    const struct section *s, const void *data, int indent, struct buf *out);

/* Appends "<file>:<line>:<column>: <path>", of the node or of its member. */
void schema_location_add(const struct schema_location *where,
    const struct yaml_node *node, const char *key, struct buf *out);

/* "<file>:<line>:<column>: <path>: <fmt>", ERR_USAGE. With a key, of that
 * member of the node. Returns -1. */
int schema_location_refuse(const struct schema_location *where,
    const struct yaml_node *node, const char *key, struct err *err,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
