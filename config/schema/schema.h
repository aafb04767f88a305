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

#include "config/schema/field.h"
#include "config/schema/location.h"
#include "config/schema/secret_ref.h"
#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/yaml.h"

/* Reads a section from its mapping into `data`, which is zeroed by the caller
 * and, whatever happens, to be released with schema_done. */
int schema_read(const struct section *s, const struct yaml_node *node,
    const struct schema_location *where, void *data, struct err *err);
void schema_done(const struct section *s, void *data);
/* All settings, those left out with their defaults, as YAML. Secrets are
 * named by where they come from. */
void schema_write(
    const struct section *s, const void *data, int indent, struct buf *out);

#endif
