/*
 * Reads an archive: decrypts it, unpacks it, and compares every entry with
 * CONTENTS.json. Whether the bytes are the signed ones was checked before
 * (storage/vault/snapshot.h). Still nothing here trusts them. Refused are entry
 * names that reach outside, links, devices, duplicates, entries that
 * CONTENTS.json does not name or that differ from it, and content after it.
 */
#ifndef STORAGE_ARCHIVE_READER_H
#define STORAGE_ARCHIVE_READER_H

#include "storage/archive/manifest.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/base/stream.h"
#include "storage/crypto/age.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader_totals {
	uint64_t entries; /* without CONTENTS.json */
	uint64_t bytes;	  /* of their content */
};

/* Of a snapshot that is a list of archives: the manifest, and how those are
 * opened that were written with earlier ones. `open` returns the bytes of such
 * an archive as they are stored, checked against its digest; it is called on
 * another thread, while what it returned before is read. */
struct reader_earlier {
	const struct manifest *manifest; /* with is_list; borrowed */
	struct source *(*open)(
	    void *ctx, const struct manifest_archive *archive, struct err *err);
	void *ctx;
};

struct reader_options {
	enum archive_compression compression;
	enum archive_encryption encryption;
	const struct age_identities *identities; /* borrowed */
	const char *scratch; /* for a long CONTENTS.json; NULL: memory */
	const struct cancel *cancel; /* or NULL */
	/* How much there is according to the manifest: more is refused before
	 * it is unpacked, less at the end. NULL: not known. */
	const struct reader_totals *expected;
	uint64_t max_entries; /* 0: CONTENTS_ENTRIES_MAX */
	/* Of the newest archive of a list; NULL: it is the only one.
	 * archive_reader_run reads that archive alone even so, and compares
	 * only what CONTENTS.json says is in it; joined.h reads all of them. */
	const struct reader_earlier *earlier;
	/* Of an archive that another snapshot was written with: what that one
	 * needs of it is not known here. Then nothing is compared, and the
	 * caller has to do that: it has the digests of what it needs. */
	bool is_earlier;
};

struct reader_attr {
	const char *name; /* without the `user.` it has in the archive */
	const char *value;
	size_t
	    value_len; /* value ends in a NUL that its length does not count */
};

struct reader_entry {
	const char *path;
	uint64_t bytes;
	int64_t mtime; /* seconds */
	const struct reader_attr *attrs;
	size_t attr_count;
};

/* Called for each entry except CONTENTS.json: start, data (any number of
 * times), end. Each returns 0, or -1 with err set to stop. Entries are proven
 * only once archive_reader_run has returned 0. Any may be NULL. */
struct reader_visitor {
	int (*start)(
	    void *ctx, const struct reader_entry *entry, struct err *err);
	int (*data)(void *ctx, const void *data, size_t len, struct err *err);
	int (*end)(void *ctx, struct err *err);
	/* CONTENTS.json in pieces, after it was compared with what was read. */
	int (*contents)(
	    void *ctx, const char *text, size_t len, struct err *err);
	/* Asked before each entry, if the archive is an earlier one: whether
	 * nothing more of it is needed. Then the rest is not read. */
	bool (*enough)(void *ctx);
	void *ctx;
};

/* Reads all of it, without writing to disk. Owns from. ERR_INTEGRITY if an
 * entry is not as CONTENTS.json says. totals may be NULL. */
int archive_reader_run(struct source *from, const struct reader_options *o,
    const struct reader_visitor *visitor, struct reader_totals *totals,
    struct err *err);

/* Unpacks all of it, or of a list of archives all that the newest names, below
 * `dir`, which exists, is empty and private. Files are
 * 0600, directories 0700. Attributes are kept as extended attributes
 * `user.<name>` of the files or, if the file system has none, in
 * `<dir>/.attrs.json` ({path: {name: value}}). On failure what was written is
 * removed. Owns from. For a tree that is read once and removed, see tree.h. */
int archive_extract(struct source *from, const struct reader_options *o,
    const char *dir, struct reader_totals *totals, struct err *err);

#endif
