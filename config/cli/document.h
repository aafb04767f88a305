/*
 * The JSON that a command prints: one document, an object that begins with the
 * member `command`, its name. One that is about a single snapshot has the label
 * of it as `snapshot`. Where a command does the same to many things, it is one
 * document with a list of them.
 */
#ifndef CONFIG_CLI_DOCUMENT_H
#define CONFIG_CLI_DOCUMENT_H

#include "storage/base/buf.h"

struct json_object;

/* snapshot NULL: it is about none, or about several. The caller frees. */
struct json_object *document_new(const char *command, const char *snapshot);
/* Appends it, with a newline. */
void document_write(const struct json_object *document, struct buf *out);
/* A document of one list, which is borrowed; snapshot as in document_new. */
void document_write_list(const char *command, const char *snapshot,
    const char *member, struct json_object *list, struct buf *out);

#endif
