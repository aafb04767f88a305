/*
 * The INI of ~/.aws/config and ~/.aws/credentials: [sections], `key = value`,
 * whole-line comments by # and ;, comments after white space in a value, and
 * indented sub-properties (s3 =, and max_... below it), which are skipped.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
#ifndef STORAGE_AWS_INI_H
#define STORAGE_AWS_INI_H

#include "storage/base/err.h"
#include "storage/base/vec.h"

#include <stddef.h>

struct ini_entry {
	char *section; /* as it stands between the brackets, trimmed */
	char *key;     /* lower case; NULL: the section's own line */
	char *value;   /* wiped on release: it may be a secret */
};
VEC_DEFINE(ini, struct ini_entry);

void ini_done(struct ini *i);
/* Appends; ERR_FORMAT with the line. */
int ini_parse(struct ini *i, const char *text, size_t len, struct err *err);
/* The last of that name, or NULL; borrowed. */
const char *ini_get(const struct ini *i, const char *section, const char *key);
int ini_has(const struct ini *i, const char *section);

#endif
