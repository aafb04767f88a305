/*
 * Keys as paths. A key may be what no path can: `..`, `a//b`, a trailing
 * slash, control characters, parts longer than a file name. Such bytes are
 * written %XX, and '%' itself %25, so that two keys never share a path and a
 * path tells its key. A part of more than 200 bytes is cut by "%" at the end
 * of a directory name, which no encoded key has there otherwise.
 *
 * Where a key is a directory of another (`a` and `a/b`), that slash is %2F.
 */
#ifndef STORAGE_ARCHIVE_KEY_PATH_H
#define STORAGE_ARCHIVE_KEY_PATH_H

#include "storage/base/buf.h"
#include "storage/base/str.h"

/* Keys seen that those to come may lie below. Start with {0}. */
struct key_paths {
	struct strvec above;
};
void key_paths_done(struct key_paths *p);

/* Appends the path of the key. Keys have to come in the order of their bytes,
 * as lists have them, so that what lies below another is known. p NULL: no
 * slash separates, the whole key is one name (cut where it is long). */
void key_path_add(struct key_paths *p, struct buf *out, const char *key);

/* The key of a path; the caller frees. NULL where no key has it. */
char *key_path_decode(const char *path);

#endif
