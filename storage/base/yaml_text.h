/*
 * A JSON tree as YAML 1.2 text in block style, such as people read and kubectl
 * takes. What could be taken for another type, or does not show, is quoted as
 * in JSON, which YAML contains.
 */
#ifndef STORAGE_BASE_YAML_TEXT_H
#define STORAGE_BASE_YAML_TEXT_H

#include "storage/base/buf.h"

struct json_object;

/* Appends a whole document, which ends in a newline. */
void yaml_text_add(struct buf *out, const struct json_object *value);

#endif
