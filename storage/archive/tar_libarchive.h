/*
 * Shared by tar_write.c and tar_read.c: the locale that libarchive needs, and
 * its errors. Within these alone.
 */
#ifndef STORAGE_ARCHIVE_TAR_LIBARCHIVE_H
#define STORAGE_ARCHIVE_TAR_LIBARCHIVE_H

#include "storage/base/err.h"

#include <locale.h>

struct archive;

/* libarchive converts names by the thread's locale, and pax wants UTF-8. */
struct tar_utf8 {
	locale_t locale;
};
void tar_utf8_init(struct tar_utf8 *u);
void tar_utf8_done(struct tar_utf8 *u);
/* The previous locale, to be restored with uselocale(). */
locale_t tar_utf8_enter(const struct tar_utf8 *u);

/* Always -1, with the error of the stage below libarchive if there is one, else
 * with libarchive's own. */
int tar_failed(struct archive *a, const struct err *below, struct err *err,
    const char *at);

#endif
