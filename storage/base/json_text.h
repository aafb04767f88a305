/*
 * JSON written as text, without a tree: the one writer of all that a program
 * prints or stores piece by piece. Each call appends to a buf, which holds at
 * most the document that is being written, and separates by itself: a value
 * gets a comma before it unless it is the first of its container or starts a
 * line. `key` names a member of an object; NULL where the value is an item of
 * an array, or stands alone.
 *
 *     json_text_object(out, NULL);
 *     json_text_int(out, "version", 1);
 *     json_text_array(out, "names");
 *     json_text_str(out, NULL, "a");
 *     json_text_array_end(out);
 *     json_text_object_end(out);          {"version":1,"names":["a"]}
 *
 * Bytes of texts and keys that are not UTF-8 become U+FFFD.
 */
#ifndef STORAGE_BASE_JSON_TEXT_H
#define STORAGE_BASE_JSON_TEXT_H

#include "storage/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct strvec;

void json_text_object(struct buf *out, const char *key);
void json_text_object_end(struct buf *out);
void json_text_array(struct buf *out, const char *key);
void json_text_array_end(struct buf *out);
/* The next item starts a line. */
void json_text_line(struct buf *out);

void json_text_str(struct buf *out, const char *key, const char *s);
/* Writes nothing if s is NULL. */
void json_text_str_if(struct buf *out, const char *key, const char *s);
/* Writes null if s is NULL. */
void json_text_str_or_null(struct buf *out, const char *key, const char *s);
void json_text_int(struct buf *out, const char *key, int64_t i);
void json_text_bool(struct buf *out, const char *key, bool b);
void json_text_strs(struct buf *out, const char *key, const struct strvec *v);
/* The JSON text of one value, copied as it is. */
void json_text_raw(struct buf *out, const char *key, const char *text);
void json_text_tree(
    struct buf *out, const char *key, const struct json_object *value);

/* A JSON string with its quotes, and no separator before it. */
void json_text_quoted(struct buf *out, const char *s, size_t len);

#endif
