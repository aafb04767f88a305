/*
 * A new file of a directory, as a sink: it has its name only once all of it is
 * on disk, and never takes the place of another.
 */
#ifndef STORAGE_VAULT_DIR_SINK_H
#define STORAGE_VAULT_DIR_SINK_H

#include "storage/base/err.h"
#include "storage/base/stream.h"

/* What is being written is called .<name>.tmp-XXXXXX until it is whole. */
#define DIR_SINK_MARK ".tmp-"

/* ERR_EXISTS where there is one of that name, now or at finish. */
struct sink *dir_sink_new(const char *dir, const char *name, struct err *err);

#endif
