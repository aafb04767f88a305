/*
 * JSON. The tree is json-c's own, `struct json_object`; only json.c includes
 * its header, so that the rest of the code uses only what is declared here.
 * Integers keep all 64 bits, and reals the text they were read from.
 *
 * Ownership is json-c's: the caller owns what is made or parsed here and
 * releases it with json_free; what is read from a tree is borrowed; what is put
 * into a tree belongs to the tree.
 */
#ifndef STORAGE_BASE_JSON_H
#define STORAGE_BASE_JSON_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct strvec;

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_INT,
	JSON_REAL,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* How deep containers may nest. It is more than a captured object may have
 * (storage/json/scan.h), since an API server adds managedFields, which nest as
 * deep as the object and a little deeper. */
enum { JSON_MAX_DEPTH = 1024 };

/* Parses one value, as strictly as json-c does, with nothing but white space
 * after it, nested up to JSON_MAX_DEPTH. NULL with ERR_FORMAT and the offset of
 * the fault. The text `null` is an error too, since none of our documents is
 * that. */
struct json_object *json_parse(const char *text, size_t len, struct err *err);

void json_free(struct json_object *j); /* takes NULL */
void json_freep(struct json_object **j);
struct json_object *json_share(struct json_object *j);	    /* one more owner */
struct json_object *json_copy(const struct json_object *j); /* deep */
bool json_equal(const struct json_object *a, const struct json_object *b);

enum json_kind json_kind(const struct json_object *j); /* NULL is JSON_NULL */

/* Members. All accept NULL or a value of another kind, and then return nothing.
 */
struct json_object *json_get(const struct json_object *object, const char *key);
/* Follows member after member, ended by NULL: json_path(o, "metadata", "name",
 * NULL) */
struct json_object *json_path(const struct json_object *object, ...)
    __attribute__((sentinel));
/* The JSON pointer of RFC 6901: "" is the whole, "/a/0/b~1c". */
struct json_object *json_pointer(
    const struct json_object *j, const char *pointer);

/* Values; NULL or the fallback if it is of another kind. */
const char *json_str(const struct json_object *j);
size_t json_str_len(const struct json_object *j);
int64_t json_int(const struct json_object *j, int64_t fallback);
bool json_truth(const struct json_object *j, bool fallback);
/* json_str(json_get(object, key)) */
const char *json_get_str(const struct json_object *object, const char *key);
int64_t json_get_int(
    const struct json_object *object, const char *key, int64_t fallback);

size_t json_len(const struct json_object *j); /* items, or members */
struct json_object *json_at(const struct json_object *array, size_t i);
/* Appends the items that are texts. */
void json_texts(const struct json_object *array, struct strvec *out);

/* Members in order. `next` opaque; starts as NULL:
 *     for (struct json_iter it = json_iter(o); json_next(&it);)
 *             use(it.key, it.value);
 * Nothing may be added or removed meanwhile. */
struct json_iter {
	const char *key;
	struct json_object *value;
	void *next;
};
struct json_iter json_iter(const struct json_object *object);
bool json_next(struct json_iter *it);

/* Making values. In texts and keys, bytes that are not UTF-8 become U+FFFD, so
 * that what is written can be read again. */
struct json_object *json_new_object(void);
struct json_object *json_new_array(void);
struct json_object *json_new_str(const char *s); /* NULL makes a null */
struct json_object *json_new_str_len(const char *s, size_t len);
struct json_object *json_new_int(int64_t i);
struct json_object *json_new_bool(bool b);
/* The tree owns the value from here on; a member of that name is replaced. */
void json_set(
    struct json_object *object, const char *key, struct json_object *value);
void json_set_str(struct json_object *object, const char *key, const char *s);
void json_set_int(struct json_object *object, const char *key, int64_t i);
void json_set_bool(struct json_object *object, const char *key, bool b);
/* Does nothing if it is not an object, or has no such member. */
void json_remove(struct json_object *object, const char *key);
void json_append(struct json_object *array, struct json_object *value);
void json_remove_at(struct json_object *array, size_t i);

/* Writing a tree; members stay in the order they were put in. Text without a
 * tree: json_text.h. */
enum json_style { JSON_COMPACT, JSON_PRETTY };
void json_write(
    struct buf *out, const struct json_object *j, enum json_style style);

#endif
