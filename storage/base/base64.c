#include "storage/base/base64.h"

#include <stdint.h>
#include <string.h>

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *b, const void *data, size_t len, bool padded)
{
	const uint8_t *p = data;

	buf_reserve(b, len / 3 * 4 + 4);
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)p[i] << 16;
		if (n > 1)
			bits |= (uint32_t)p[i + 1] << 8;
		if (n > 2)
			bits |= p[i + 2];
		for (size_t j = 0; j < 4; j++) {
			if (j <= n)
				buf_add_char(b,
				    base64_digits[bits >> (18 - 6 * j) & 63]);
			else if (padded)
				buf_add_char(b, '=');
		}
	}
}

static int base64_value(char c)
{
	const char *at = c ? strchr(base64_digits, c) : NULL;

	return at ? (int)(at - base64_digits) : -1;
}

int base64_decode(const char *text, size_t len, bool padded, struct buf *out)
{
	if (padded) {
		if (len % 4)
			return -1;
		for (int i = 0; i < 2 && len && text[len - 1] == '='; i++)
			len--;
	}
	if (len % 4 == 1)
		return -1;
	for (size_t i = 0; i < len; i += 4) {
		size_t n = len - i < 4 ? len - i : 4;
		uint32_t bits = 0;
		for (size_t j = 0; j < n; j++) {
			int value = base64_value(text[i + j]);
			if (value < 0)
				return -1;
			bits |= (uint32_t)value << (18 - 6 * j);
		}
		uint8_t bytes[3] = {
		    (uint8_t)(bits >> 16), (uint8_t)(bits >> 8), (uint8_t)bits};
		/* Canonical: the bits that no byte takes are zero. */
		if ((n == 2 && (bits & 0xffff)) || (n == 3 && (bits & 0xff)))
			return -1;
		buf_add(out, bytes, n - 1);
	}
	return 0;
}
