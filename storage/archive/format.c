#include "storage/archive/format.h"

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
