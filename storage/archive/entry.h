/*
 * An entry of an archive, without its content.
 */
#ifndef STORAGE_ARCHIVE_ENTRY_H
#define STORAGE_ARCHIVE_ENTRY_H

#include <stddef.h>
#include <stdint.h>

/* A PAX header of an entry (an extended attribute `user.<name>`). */
struct archive_attr {
	const char *name;
	const char *value;
};

struct archive_entry {
	const char *path;   /* relative; file_path_is_safe */
	const char *source; /* where it was read from, for people */
	int64_t mtime;	    /* seconds; 0: the archive's */
	const struct archive_attr *attrs;
	size_t attr_count;
	/* What a plan needs to know without opening the entry (refs, uid and
	 * owners, serial and lineage), as JSON text on one line; or NULL. */
	const char *facts;
	/* For an entry whose content is a file that the caller has just read:
	 * its SHA-256, so that it is not read again to find out whether it is
	 * known (known.h). NULL: it is. */
	const uint8_t *is_sha256;
	/* For an entry whose content is a file: receives that content's SHA-256
	 * when the lane is committed; borrowed, or NULL. */
	uint8_t *sha256;
};

#endif
