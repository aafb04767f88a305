/*
 * What writing and reading of tar share: the locale that libarchive has to
 * have, and its errors. Only tar_write.c and tar_read.c use it.
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
/* The locale before, to go back to with uselocale(). */
locale_t tar_utf8_enter(const struct tar_utf8 *u);

/* Always -1, with the error of what is below libarchive where there is one,
 * and its own where there is none. */
int tar_failed(struct archive *a, const struct err *below, struct err *err,
    const char *at);

#endif
