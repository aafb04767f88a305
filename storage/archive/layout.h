/*
 * Where an object lies in an archive:
 *
 *     kubernetes/<cluster>/cluster/<resource.group>/<name>.json
 *     kubernetes/<cluster>/namespaces/<ns>/<resource.group>/<name>.json
 *
 * Names are percent-encoded but for letters, digits and "-._:@+,="; a file
 * name that would be longer than file systems take (a name of 253 characters
 * is allowed, and ".json" makes it 258) is cut to 200 bytes, followed by '~'
 * and 32 hex digits of the SHA-256 of the whole name. The object says its own
 * name; the path need not be decoded.
 */
#ifndef STORAGE_ARCHIVE_LAYOUT_H
#define STORAGE_ARCHIVE_LAYOUT_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stddef.h>

/* ns NULL or "": cluster scope. Appends to out. */
void layout_object_path(const char *cluster, const char *resource_key,
    const char *ns, const char *name, struct buf *out);

/* What Kubernetes allows as a name in a path: not empty, not "." or "..", no
 * '/' or '%', no control characters, at most 253 bytes, UTF-8. `len` because
 * it may hold a NUL. */
int layout_check_name(const char *name, size_t len, struct err *err);

#endif
