/*
 * Object keys as paths. A key may contain what a path cannot: `..`, `a//b`, a
 * trailing slash, control characters, parts longer than a file name. Such bytes
 * are written %XX, and '%' itself %25, so that two keys never share a path and
 * a path leads back to its key. A part of more than 200 bytes is cut by "%" at
 * the end of a directory name, where no encoded key has one otherwise.
 *
 * If a key is also a directory of another (`a` and `a/b`), that slash is
 * written %2F.
 */
#ifndef STORAGE_ARCHIVE_KEY_PATH_H
#define STORAGE_ARCHIVE_KEY_PATH_H

#include "storage/base/buf.h"
#include "storage/base/str.h"

/* Keys below which those to come may lie. Start with {0}. */
struct key_paths {
	struct strvec above;
};
void key_paths_done(struct key_paths *p);

/* Appends the path of the key. Keys must come in the order of their bytes, as
 * in lists, so that it is known which lie below another. p NULL: no slash
 * separates, the whole key is one name (cut if it is long). */
void key_path_add(struct key_paths *p, struct buf *out, const char *key);

#endif
