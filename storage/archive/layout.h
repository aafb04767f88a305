/*
 * The paths of an archive, made and read:
 *
 *   git/<repository>.git/<file>
 *   kubernetes/<cluster>/cluster/<resource.group>/<name>.json
 *   kubernetes/<cluster>/namespaces/<ns>/<resource.group>/<name>.json
 *   terraform/<bucket>/<key>
 *   terraform/<bucket>/%versions/<key>/<version id>
 *
 * A key is written as key_path.h says. Names of objects are percent-encoded
 * except letters, digits and "-._:@+,=". A file name that would be longer than
 * file systems allow (a name may have 253 characters, and ".json" makes it 258)
 * is cut to 200 bytes, followed by '~' and 32 hex digits of the SHA-256 of the
 * whole name. The object itself contains its name; the path need not be
 * decoded.
 *
 * Pure.
 */
#ifndef STORAGE_ARCHIVE_LAYOUT_H
#define STORAGE_ARCHIVE_LAYOUT_H

#include "storage/archive/key_path.h"
#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stddef.h>

enum layout_kind {
	LAYOUT_OTHER,
	LAYOUT_GIT,
	LAYOUT_KUBERNETES,
	LAYOUT_TERRAFORM
};
/* Which kind of source a path is of, by the folder at the top of the archive.
 */
enum layout_kind layout_kind_of(const char *path);

/* Each appends a path to out. */

void layout_git_path(const char *repository, const char *file, struct buf *out);
/* version_id NULL: the current version. `paths` as for key_path_add, used only
 * for current versions. */
void layout_state_path(const char *bucket, const char *key,
    const char *version_id, struct key_paths *paths, struct buf *out);
/* ns NULL or "": cluster scope. */
void layout_object_path(const char *cluster, const char *resource_key,
    const char *ns, const char *name, struct buf *out);

/* Reads a path. All of these fail with ERR_FORMAT if it is not such a path;
 * after a failure nothing is to be released. */

struct layout_git {
	char *repository; /* its name */
	char *dir;	  /* git/<repository>.git */
	const char *file; /* below it; in the path that was split */
};
int layout_git_split(const char *path, struct layout_git *out, struct err *err);
void layout_git_done(struct layout_git *g);

struct layout_object {
	char *cluster;
	char *ns; /* as encoded in the path; NULL: cluster scope */
	char *resource;
};
int layout_object_split(
    const char *path, struct layout_object *out, struct err *err);
void layout_object_done(struct layout_object *o);

struct layout_state {
	char *bucket;
	const char *key; /* as encoded; part of the path that was split */
};
int layout_state_split(
    const char *path, struct layout_state *out, struct err *err);
void layout_state_done(struct layout_state *s);

/* What Kubernetes allows as a name in a path: not empty, not "." or "..", no
 * '/' or '%', no control characters, at most 253 bytes, UTF-8. `len` because
 * it may hold a NUL. */
int layout_check_name(const char *name, size_t len, struct err *err);

#endif
