/*
 * What an archive can hold: the same limits for captures, for the writer and
 * for the reader. What exceeds one is refused before it is written, and only
 * that object is left out. So whatever was written can be read.
 *
 * The parts of a path are file names (NAME_MAX of Linux), and the whole path
 * leaves room for the directory that it is unpacked to (PATH_MAX,
 * path_resolution(7)). The limits of CONTENTS.json are in contents.h, those of
 * JSON in storage/base/json.h and storage/json/scan.h.
 */
#ifndef STORAGE_ARCHIVE_LIMITS_H
#define STORAGE_ARCHIVE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	LIMITS_PART_BYTES = 255,
	/* Room for a key of 1,024 bytes, each of them escaped, and its bucket.
	 */
	LIMITS_PATH_BYTES = 3500,
	/* The attributes of an entry: names (with their `user.`), values, and
	 * what the format adds to each. libarchive reads no pax header over 1
	 * MiB. */
	LIMITS_ATTRS_BYTES = 960 * 1024,
	LIMITS_ATTR_REST = 64,
	/* Of a Kubernetes object as a server lists it; API servers take some
	 * 3 MiB of one. In an archive it is hardly longer (kind and apiVersion
	 * come to it), and read up to: */
	LIMITS_ITEM_BYTES = 16 * 1024 * 1024,
	LIMITS_OBJECT_BYTES = 64 * 1024 * 1024,
};

/* Of a state, or whatever else is in a bucket: a restore writes it in at most
 * 10,000 parts
 * (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html) of what
 * memory it gives to one upload. States are read as streams; only comparisons
 * (`diff`, `drift`, `history`) hold one in memory, up to: */
#define LIMITS_STATE_BYTES (UINT64_C(200) << 30)
enum { LIMITS_STATE_COMPARED_BYTES = 256 * 1024 * 1024 };

/* Why an object of a bucket cannot be restored, as the end of a sentence ("is
 * larger than 200 GiB"); NULL if it can. */
const char *limits_state_wrong(uint64_t bytes);

/* Why `path` cannot be a path in an archive, as the end of a sentence ("has a
 * part of over 255 bytes"); NULL if it can. */
const char *limits_path_wrong(const char *path);

#endif
