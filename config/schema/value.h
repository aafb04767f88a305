/*
 * The values of a schema's fields that are not sections: each kind read,
 * released and written. Only schema.c uses it.
 */
#ifndef CONFIG_SCHEMA_VALUE_H
#define CONFIG_SCHEMA_VALUE_H

#include "config/schema/field.h"

int value_read(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, void *at, struct err *err);
void value_done(const struct field *f, void *at);
/* Writes " <value>\n", or the lines of a list or mapping. */
void value_write(
    const struct field *f, const void *at, int indent, struct buf *out);
/* What follows the key of a secret: "_file" or nothing. */
void value_write_secret(const void *at, struct buf *out);
/* Whether it is unset, as far as its type can say: a number that is 0. */
bool value_is_empty(const struct field *f, const void *at);

#endif
