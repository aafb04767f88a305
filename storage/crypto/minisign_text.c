#include "storage/crypto/minisign_text.h"

#include "storage/base/base64.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <string.h>

int minisign_lines(
    const char *text, size_t len, struct minisign_line *lines, int max)
{
	int n = 0;

	for (const char *end = text + len; text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;
		if (n == max)
			return -1;
		lines[n] = (struct minisign_line){text, (size_t)(stop - text)};
		if (lines[n].len && stop[-1] == '\r')
			lines[n].len--;
		n++;
		text = newline ? newline + 1 : end;
	}
	return n;
}

bool minisign_line_starts(const struct minisign_line *l, const char *prefix)
{
	size_t n = strlen(prefix);

	return l->len >= n && memcmp(l->text, prefix, n) == 0;
}

int minisign_line_decode(
    const struct minisign_line *l, uint8_t *out, size_t len)
{
	cleanup(buf_wipe) struct buf raw = BUF_INIT;

	buf_reserve(&raw, len + 8);
	if (l->len > 4 * (len / 3 + 1) ||
	    base64_decode(l->text, l->len, true, &raw) || raw.len != len)
		return -1;
	memcpy(out, raw.data, len);
	return 0;
}
