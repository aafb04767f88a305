/*
 * The values of a schema's fields that are texts: ${NAME} taken from the
 * environment, paths from the folder of the file, secrets by where they come
 * from and never from the configuration itself. Only value.c uses it.
 */
#ifndef CONFIG_SCHEMA_VALUE_TEXT_H
#define CONFIG_SCHEMA_VALUE_TEXT_H

#include "config/schema/field.h"
#include "config/schema/secret_ref.h"
#include "storage/base/str.h"

int value_read_text(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, char **out, struct err *err);
int value_read_texts(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, struct strvec *out, struct err *err);
int value_read_pairs(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, struct pair_vec *out, struct err *err);
int value_read_secret(const struct field *f, const struct yaml_node *node,
    const struct schema_location *where, struct secret_ref *at,
    struct err *err);

#endif
