/*
 * Shared by tar_write.c and tar_read.c: the locale that libarchive needs, and
 * its errors. Within these alone.
 */
#ifndef STORAGE_ARCHIVE_TAR_LIBARCHIVE_H
#define STORAGE_ARCHIVE_TAR_LIBARCHIVE_H

#include "storage/base/err.h"

#include <locale.h>

struct archive;

/* libarchive converts names between UTF-8, which pax has, and the charset of
 * the thread's locale. For writing that is UTF-8 too. For reading it is to be
 * none: libarchive would compose what is decomposed, and a name that it cannot
 * convert it gives as it stands, with a warning
 * (archive_read_support_format_tar.c, "Use a converted an original name"). */
struct tar_locale {
	locale_t locale;
};
void tar_locale_init_write(struct tar_locale *l);
void tar_locale_init_read(struct tar_locale *l);
void tar_locale_done(struct tar_locale *l);
/* The previous locale, to be restored with uselocale(). */
locale_t tar_locale_enter(const struct tar_locale *l);

/* Always -1, with the error of the stage below libarchive if there is one, else
 * with libarchive's own. */
int tar_failed(struct archive *a, const struct err *below, struct err *err,
    const char *at);

#endif
