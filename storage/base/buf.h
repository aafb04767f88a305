/*
 * The one growable run of bytes. `data` always ends in a NUL that `len` does
 * not count (NULL only while nothing was ever added), so that text can be
 * read as a C string; binary content is fine too.
 */
#ifndef STORAGE_BASE_BUF_H
#define STORAGE_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len; /* bytes */
	size_t cap; /* bytes allocated */
};

#define BUF_INIT                                                               \
	{                                                                      \
		.data = NULL, .len = 0, .cap = 0                               \
	}

void buf_done(struct buf *b); /* frees; the buf can be used again */
void buf_wipe(struct buf *b); /* overwrites, then frees */
void buf_clear(struct buf *b);
void buf_reserve(struct buf *b, size_t more_bytes);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
void buf_truncate(struct buf *b, size_t len);	/* len <= b->len */
void buf_drop_front(struct buf *b, size_t len); /* len <= b->len */
char *buf_steal(struct buf *b); /* caller frees; "" where nothing was added */
const char *buf_str(const struct buf *b); /* borrowed, never NULL */

#endif
