/*
 * The summary that stands beside an archive and makes it a snapshot. It is
 * JSON, signed, and written last; this is its whole form (version 2):
 *
 *   version        2
 *   tool           "backstay 0.1.0"
 *   label          "prod-20260102T030405Z"
 *   name           "prod"
 *   created        "2026-01-02T03:04:05Z", the time in the label
 *   started, finished   RFC 3339, the first and the last moment of capture
 *   zone           IANA zone in which retention cuts days, "Europe/Berlin"
 *   hostname       of the machine that wrote it
 *   vault          where it was first written, for people
 *   status         "complete" or "partial", by what was captured; that a vault
 *                  did not get its copy is among the warnings
 *   archive        {file, sha256 (hex), bytes, compression: "zstd"|"gzip",
 *                   encryption: "age"|"none", entries, content_bytes,
 *                   contents: {offset, bytes, at, length, sha256}}
 *                  where CONTENTS.json is: in the frames that begin at offset
 *                  of the archive before encryption and have that many bytes;
 *                  its text begins at `at` of what they unpack to, and has that
 *                  length and digest
 *   sources        an array of objects, one a capture, with at least
 *                  {kind, name, items, bytes, started, finished}: all of it
 *                  was read between the two
 *   missing        [{what, reason}] what should be in and is not; and of a
 *                  list that the account was refused,
 *                  refused: {cluster, resource, namespace}
 *   warnings       [text]
 *   tags           [text]
 *   hold           true where retention may not drop it
 *   layers         as storage/archive/layers.h has them; only where there are
 *                  any
 *   previous       [{vault, vault_id, label, manifest_sha256}] of the snapshot
 *                  before it, for each vault it was written to, by its name in
 *                  the configuration and the id of its mark; label and digest
 *                  null where it is the first there: a chain that shows what
 *                  is missing
 *
 * Version 1 has no `contents`: to read one entry is to read the archive.
 *
 * Reading refuses another version, a missing or odd member, and a manifest
 * over the cap; members it does not know are kept out of the way.
 */
#ifndef STORAGE_ARCHIVE_MANIFEST_H
#define STORAGE_ARCHIVE_MANIFEST_H

#include "storage/archive/contents.h"
#include "storage/archive/format.h"
#include "storage/base/buf.h"
#include "storage/base/digest.h"
#include "storage/base/err.h"
#include "storage/base/str.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

enum { MANIFEST_VERSION = 2, MANIFEST_MAX_BYTES = 64 * 1024 * 1024 };

/* The snapshot before one, in one vault. */
struct manifest_previous {
	char *vault;
	char *id;    /* of that vault's mark; NULL: an earlier version */
	char *label; /* NULL: there was none */
	char sha256[DIGEST_SHA256_HEX];
};

/* All strings owned. Times in seconds since the epoch. */
struct manifest {
	char *tool; /* manifest_init sets it to this program's */
	char *label;
	char *name;
	int64_t created;
	int64_t started, finished;
	char *zone;
	char *hostname;
	char *vault;
	bool partial;
	struct {
		char *file;
		char sha256[DIGEST_SHA256_HEX];
		uint64_t bytes;
		enum archive_compression compression;
		enum archive_encryption encryption;
		uint64_t entries;
		uint64_t content_bytes;
		bool has_index; /* not of version 1 */
		struct contents_where index;
	} archive;
	struct json_object *sources;  /* an array, never NULL */
	struct json_object *missing;  /* an array, never NULL */
	struct json_object *warnings; /* an array, never NULL */
	struct strvec tags;
	bool hold;
	struct json_object *layers; /* NULL: none */
	VEC_DEFINE(, struct manifest_previous) previous;
};

void manifest_init(struct manifest *m);
void manifest_done(struct manifest *m);
void manifest_add_missing(
    struct manifest *m, const char *what, const char *reason);
/* label NULL: the snapshot is the first in that vault. */
void manifest_add_previous(struct manifest *m, const char *vault,
    const char *id, const char *label, const char *sha256);
/* What was before it in that vault, by its id where both are known (NULL: not),
 * else by its name; NULL where it was not written there. */
const struct manifest_previous *manifest_previous_in(
    const struct manifest *m, const char *vault, const char *id);
void manifest_add_warning(struct manifest *m, const char *text);

/* Appends the JSON text; the same manifest gives the same bytes. */
void manifest_write(const struct manifest *m, struct buf *out);
/* Initialises m, which the caller releases only after success. */
int manifest_parse(
    const char *text, size_t len, struct manifest *m, struct err *err);

#endif
