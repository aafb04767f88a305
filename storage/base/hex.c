#include "storage/base/hex.h"

#include <string.h>

static const char lower[] = "0123456789abcdef";

void hex_add(struct buf *b, const void *data, size_t len)
{
	const uint8_t *p = data;

	buf_reserve(b, len * 2);
	for (size_t i = 0; i < len; i++) {
		char pair[2] = {lower[p[i] >> 4], lower[p[i] & 15]};
		buf_add(b, pair, 2);
	}
}

int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, size_t len, uint8_t *out)
{
	if (len % 2)
		return -1;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_value(text[i]), low = hex_value(text[i + 1]);
		if (high < 0 || low < 0)
			return -1;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

bool hex_is_lower(const char *text, size_t digits)
{
	return text && strlen(text) == digits && strspn(text, lower) == digits;
}
