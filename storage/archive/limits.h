/*
 * What an archive can hold: one set of limits for what captures it, for the
 * writer, and for the reader. What goes beyond one is refused before it is
 * written, and costs the object alone; so that whatever was written reads.
 *
 * The parts of a path are file names (NAME_MAX of Linux), and the whole leaves
 * room for the directory that it is unpacked to (PATH_MAX, path_resolution(7)).
 * The limits of CONTENTS.json stand with its layout (contents.h), those of JSON
 * with its parsers (storage/base/json.h, storage/json/scan.h).
 */
#ifndef STORAGE_ARCHIVE_LIMITS_H
#define STORAGE_ARCHIVE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

enum {
	LIMITS_PART_BYTES = 255,
	/* A key of 1,024 bytes, of which each is escaped, and its bucket. */
	LIMITS_PATH_BYTES = 3500,
	/* Of an entry: names (with their `user.`), values, and what the format
	 * puts around each. libarchive reads no pax header over 1 MiB. */
	LIMITS_ATTRS_BYTES = 960 * 1024,
	LIMITS_ATTR_REST = 64,
	/* Of a Kubernetes object as a server lists it; API servers take some
	 * 3 MiB of one. In an archive it is hardly longer (kind and apiVersion
	 * come to it), and read up to: */
	LIMITS_ITEM_BYTES = 16 * 1024 * 1024,
	LIMITS_OBJECT_BYTES = 64 * 1024 * 1024,
};

/* What keeps `path` from being one of an archive, in a few words that go on
 * from it ("has a part of over 255 bytes"); NULL where nothing does. */
const char *limits_path_wrong(const char *path);

#endif
