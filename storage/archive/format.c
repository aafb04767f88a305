#include "storage/archive/format.h"

#include "storage/base/str.h"

#include <stdbool.h>
#include <string.h>

#define PART ".part-"
#define OF "-of-"

const char *format_compression_name(enum archive_compression c)
{
	return c == ARCHIVE_GZIP ? "gzip" : "zstd";
}

const char *format_encryption_name(enum archive_encryption e)
{
	return e == ARCHIVE_PLAIN ? "none" : "age";
}

const char *format_suffix(enum archive_compression c, enum archive_encryption e)
{
	if (c == ARCHIVE_GZIP)
		return e == ARCHIVE_PLAIN ? ".tar.gz" : ".tar.gz.age";
	return e == ARCHIVE_PLAIN ? ".tar.zst" : ".tar.zst.age";
}

/* A decimal number of up to three digits, in its one form. */
static bool read_number(const char **at, uint32_t *out)
{
	size_t len = strspn(*at, "0123456789");

	if (!len || len > 3 || (len > 1 && **at == '0'))
		return false;
	*out = 0;
	for (size_t i = 0; i < len; i++)
		*out = *out * 10 + (uint32_t)((*at)[i] - '0');
	*at += len;
	return true;
}

static bool skip(const char **at, const char *word)
{
	if (!str_starts(*at, word))
		return false;
	*at += strlen(word);
	return true;
}

int format_part_parse(const char *text, struct format_part *out)
{
	const char *at = text;

	*out = (struct format_part){.rest = NULL};
	if (!skip(&at, PART) || !read_number(&at, &out->index) ||
	    !skip(&at, OF) || !read_number(&at, &out->count))
		return -1;
	if (skip(&at, "-")) {
		if (strspn(at, "0123456789abcdef") != FORMAT_ATTEMPT)
			return -1;
		memcpy(out->attempt, at, FORMAT_ATTEMPT);
		at += FORMAT_ATTEMPT;
	}
	out->rest = at;
	return *at == '.' && out->count <= FORMAT_PARTS_MAX &&
		       out->index < out->count
		   ? 0
		   : -1;
}

char *format_part_name(const char *label, uint32_t index, uint32_t count,
    const char *attempt, const char *rest)
{
	return str_printf("%s" PART "%u" OF "%u%s%s%s", label, (unsigned)index,
	    (unsigned)count, attempt ? "-" : "", attempt ? attempt : "", rest);
}
