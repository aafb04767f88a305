/*
 * How an archive is packed, as the end of its name and its manifest say.
 */
#ifndef STORAGE_ARCHIVE_FORMAT_H
#define STORAGE_ARCHIVE_FORMAT_H

#include "storage/base/err.h"

#include <stdint.h>

enum archive_compression { ARCHIVE_ZSTD, ARCHIVE_GZIP };
enum archive_encryption { ARCHIVE_AGE, ARCHIVE_PLAIN };

/* "zstd" or "gzip"; "age" or "none". */
const char *format_compression_name(enum archive_compression c);
const char *format_encryption_name(enum archive_encryption e);
/* The end of an archive's name: ".tar.zst.age". */
const char *format_suffix(
    enum archive_compression c, enum archive_encryption e);

/* What follows the label in the name of an object of a part:
 * ".part-<index>-of-<count>", decimal, "-" and the name of the attempt in eight
 * hexadecimal digits, if it has one, and the rest, from '.' on. */
enum { FORMAT_PARTS_MAX = 256, FORMAT_ATTEMPT = 8 };
struct format_part {
	uint32_t index;			  /* from 0 */
	uint32_t count;			  /* up to FORMAT_PARTS_MAX */
	char attempt[FORMAT_ATTEMPT + 1]; /* "": none */
	const char *rest;		  /* points into what was parsed */
};
/* -1 if it is none. */
int format_part_parse(const char *text, struct format_part *out);
/* The caller frees; attempt may be NULL. */
char *format_part_name(const char *label, uint32_t index, uint32_t count,
    const char *attempt, const char *rest);

#endif
