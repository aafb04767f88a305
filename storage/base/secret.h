/*
 * A secret: kept in memory that is not swapped or dumped, wiped on release,
 * and not of a type that a message would take by accident.
 */
#ifndef STORAGE_BASE_SECRET_H
#define STORAGE_BASE_SECRET_H

#include "storage/base/err.h"

#include <stddef.h>

struct secret; /* NULL stands for no secret */

struct secret *secret_new(const void *data, size_t len); /* copies */
/* One more owner of it, cheap enough for each request; NULL stays NULL. */
struct secret *secret_share(struct secret *s);
/* The content of a file, up to 64 KiB, without its line end. */
struct secret *secret_from_file(const char *path, struct err *err);
/* Wipes it with its last owner; takes NULL. */
void secret_free(struct secret *s);
void secret_freep(struct secret **s);

/* Borrowed; ends in a NUL that len does not count. To be given to a library
 * that takes it, never to a message. */
const char *secret_reveal(const struct secret *s);
size_t secret_len(const struct secret *s);

/* For the mains, before any secret is read: no core files, not traceable. */
void secret_harden_process(void);

#endif
