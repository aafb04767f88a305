/*
 * The fields of which the tables of a schema consist: which key, of what kind
 * its value is, and where in a struct it goes. What a setting means is for its
 * owner to know.
 */
#ifndef CONFIG_SCHEMA_FIELD_H
#define CONFIG_SCHEMA_FIELD_H

#include "config/schema/location.h"
#include "storage/base/err.h"
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
	FIELD_PERCENT,	/* int, within min..max; "10%" */
	FIELD_WORD,	/* int: the index of the value in `words` */
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

enum field_flags {
	FIELD_REQUIRED = 1,
	/* The word `none` may stand for the section: sets the bool at
	 * none_offset, so that leaving it out is not the same. */
	FIELD_OR_NONE = 2,
	/* The files that the paths name hold secrets. */
	FIELD_SECRET_FILE = 4,
	/* A section in which none of those that have it was written was left
	 * out itself. */
	FIELD_ALTERNATIVE = 8,
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

/* What the field takes, for messages. */
const char *field_expected(const struct field *f);
/* "is a list; it takes text". Returns -1. */
int field_refuse(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, struct err *err);

#endif
