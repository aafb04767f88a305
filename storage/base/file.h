/*
 * Files: whole reads with a cap, durable writes, trees. Everything made here is
 * for its owner alone (0600, 0700), except by file_publish.
 */
#ifndef STORAGE_BASE_FILE_H
#define STORAGE_BASE_FILE_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends the whole file; ERR_FORMAT where it is longer than max_bytes. */
int file_read(
    const char *path, size_t max_bytes, struct buf *out, struct err *err);
/* Writes a new file beside `path`, syncs it, renames it to `path`, and syncs
 * the directory. Whatever exists at either place (a link, a file that others
 * may read) is replaced, never written to. */
int file_write_durably(
    const char *path, const void *data, size_t len, struct err *err);
/* A file that is not there yet, synced, with its directory; ERR_EXISTS where
 * anything is there, also a link that leads nowhere. */
int file_write_new(
    const char *path, const void *data, size_t len, struct err *err);
/* As file_write_durably, for a file that everybody may read, made for another
 * program. Until it is complete its name starts with a dot, so that a pattern
 * like *.prom does not match it. */
int file_publish(
    const char *path, const void *data, size_t len, struct err *err);
/* As file_write_durably, but does nothing if the file has that content already.
 */
int file_update_durably(
    const char *path, const void *data, size_t len, struct err *err);
/* As file_write_durably in pieces, for what is not held in memory as a whole: a
 * new file beside `path` to be written to, or -1; then one of the two, which
 * close it. */
int file_replace_begin(const char *path, struct err *err);
int file_replace_end(const char *path, int fd, struct err *err);
void file_replace_abort(const char *path, int fd);
/* All of it, to a descriptor; write(2) may write less at a time. */
int file_write_all(
    int fd, const void *data, size_t len, const char *name, struct err *err);
int file_pwrite_all(int fd, const void *data, size_t len, uint64_t offset,
    const char *name, struct err *err);
/* Exactly len bytes from an offset; a shorter file is an error. */
int file_pread_all(int fd, void *data, size_t len, uint64_t offset,
    const char *name, struct err *err);
int file_sync_dir(const char *path, struct err *err);

int file_mkdirs(const char *path,
    struct err *err); /* also all parents that are missing, 0700 */
bool file_exists(const char *path);
/* Removes the tree at path without following links; 0 if there is none. */
int file_remove_tree(const char *path, struct err *err);
/* Removes what a directory has in it, as far as that is possible: for what a
 * failure left behind, whose error is reported already. */
void file_empty_dir(const char *path);
/* Names in a directory but "." and "..", sorted by bytes. */
int file_list_dir(const char *path, struct strvec *names, struct err *err);

/* dir/name; the caller frees. */
char *file_join(const char *dir, const char *name);
/* The directory that path is in, "." where it names none; likewise. */
char *file_parent(const char *path);

/* A relative path that stays below the directory where it starts: no empty, "."
 * or ".." part, no leading or trailing slash, no NUL or other control
 * character. */
bool file_path_is_safe(const char *path);

/* An open file without a name, which is gone once it is closed. */
int file_unnamed(const char *dir, struct err *err);

#endif
