/*
 * Writes entries of an archive as files below a directory, one after the other:
 * 0600, in directories of 0700 that are made as needed.
 */
#ifndef STORAGE_ARCHIVE_UNPACK_FILE_H
#define STORAGE_ARCHIVE_UNPACK_FILE_H

#include "storage/base/err.h"

#include <stddef.h>

struct unpack_file {
	const char *dir;   /* borrowed */
	char *path;	   /* of the open file, else NULL */
	int fd;		   /* likewise, else -1 */
	char *last_parent; /* made already */
};

void unpack_file_init(struct unpack_file *f, const char *dir);
void unpack_file_done(
    struct unpack_file *f); /* closes a file that is still open */

/* `path` is safe (file_path_is_safe), and nothing of that name exists. */
int unpack_file_start(struct unpack_file *f, const char *path, struct err *err);
int unpack_file_data(
    struct unpack_file *f, const void *data, size_t len, struct err *err);
int unpack_file_end(struct unpack_file *f, struct err *err);

#endif
