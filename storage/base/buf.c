#include "storage/base/buf.h"

#include "storage/base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_wipe(struct buf *b)
{
	if (b->data)
		mem_wipe(b->data, b->cap);
	buf_done(b);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

void buf_reserve(struct buf *b, size_t more_bytes)
{
	if (more_bytes > SIZE_MAX - b->len - 1)
		abort();
	size_t need = b->len + more_bytes + 1;
	if (need <= b->cap)
		return;
	size_t cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	b->data = mem_resize(b->data, cap, 1);
	b->data[b->len] = '\0';
	b->cap = cap;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;

	/* Mostly it fits. */
	buf_reserve(b, 0);
	va_copy(again, ap);
	int n = vsnprintf(b->data + b->len, b->cap - b->len, fmt, again);
	va_end(again);
	if (n < 0)
		abort();
	if ((size_t)n >= b->cap - b->len) {
		/* The content may be a secret, and growing would leave a copy
		 * of it in freed memory. */
		mem_wipe(b->data + b->len, b->cap - b->len);
		buf_reserve(b, (size_t)n);
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	}
	b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len > b->len)
		abort();
	b->len = len;
	if (b->data)
		b->data[len] = '\0';
}

void buf_drop_front(struct buf *b, size_t len)
{
	if (len > b->len)
		abort();
	if (len == 0)
		return;
	memmove(b->data, b->data + len, b->len - len + 1);
	b->len -= len;
}

char *buf_steal(struct buf *b)
{
	buf_reserve(b, 0);
	char *data = b->data;
	*b = (struct buf)BUF_INIT;
	return data;
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}
