/*
 * A new file in a directory, as a sink: it gets its name only once all of it is
 * on disk, and never replaces another.
 */
#ifndef STORAGE_VAULT_DIR_SINK_H
#define STORAGE_VAULT_DIR_SINK_H

#include "storage/base/err.h"
#include "storage/base/stream.h"

/* What is being written is called .<name>.tmp-XXXXXX until it is whole. */
#define DIR_SINK_MARK ".tmp-"

/* ERR_EXISTS if there is one of that name, now or at finish. */
struct sink *dir_sink_new(const char *dir, const char *name, struct err *err);

#endif
