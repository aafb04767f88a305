/*
 * A secret: kept in memory that is not swapped or dumped, and wiped on release.
 * It has a type of its own, so that it cannot be passed to a message by
 * accident.
 */
#ifndef STORAGE_BASE_SECRET_H
#define STORAGE_BASE_SECRET_H

#include "storage/base/err.h"

#include <stddef.h>

struct secret; /* NULL stands for no secret */

struct secret *secret_new(const void *data, size_t len); /* copies */
/* Adds an owner, which is cheap enough to do for each request; NULL stays NULL.
 */
struct secret *secret_share(struct secret *s);
/* The content of a file, up to 64 KiB, without its line end. */
struct secret *secret_from_file(const char *path, struct err *err);
/* Wipes it if this was its last owner; accepts NULL. */
void secret_free(struct secret *s);
void secret_freep(struct secret **s);

/* Borrowed; ends in a NUL that len does not count. For a library that needs it,
 * never for a message. */
const char *secret_reveal(const struct secret *s);
size_t secret_len(const struct secret *s);

/* For the mains, before any secret is read: no core files, and no other process
 * may trace this one. */
void secret_harden_process(void);

#endif
