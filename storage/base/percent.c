#include "storage/base/percent.h"

#include <stdbool.h>
#include <string.h>

/* Whether a byte is written as it is. */
static bool stays(char c, const char *keep)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') ||
	       (c && (strchr("-._~", c) || strchr(keep, c)));
}

void percent_add(struct buf *b, const char *s, size_t len, const char *keep)
{
	for (size_t i = 0; i < len; i++) {
		size_t run = i;
		while (run < len && stays(s[run], keep))
			run++;
		buf_add(b, s + i, run - i);
		if ((i = run) < len)
			buf_printf(b, "%%%02X", (unsigned char)s[i]);
	}
}
