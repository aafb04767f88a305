/*
 * The summary that stands beside an archive and makes it a snapshot. It is
 * JSON, signed, and written last; this is its whole form (version 4):
 *
 *   version        2, or 3 where the snapshot is a list of archives, or 4 where
 *                  some of these are parts of this snapshot
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
 *   archives       of version 3: what the snapshot is made of, oldest first,
 *                  its own archive last: [{file, label, sha256, bytes,
 *                  encryption, compression, entries, content_bytes}]; `label`
 *                  is that of the snapshot that the archive was written with,
 *                  and it may have more entries than this snapshot needs
 *   entries, content_bytes
 *                  of version 3: of the whole snapshot, while those in
 *                  `archive` and `archives` are of one archive
 *   recipients     of version 3: SHA-256 of those that the archive is encrypted
 *                  to, sorted, each with a newline; "" where it is not
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
 *   closure        {alone: true where nothing that its parts point to is
 *                  outside of it or missing, lacks: how many are, missing:
 *                  [text], outside: [text]}; only where that was asked
 *   previous       [{vault, vault_id, label, manifest_sha256}] of the snapshot
 *                  before it, for each vault it was written to, by its name in
 *                  the configuration and the id of its mark; label and digest
 *                  null where it is the first there: a chain that shows what
 *                  is missing
 *
 * Of version 4, archives with the label of the snapshot itself may come before
 * its own: parts, each captured by a machine of its own, whose files are named
 *
 *   <label>.part-<index>-of-<count>-<8 hexadecimal digits>.tar.zst.age
 *
 * and follow one another by index, from 0. The own archive then has no entry
 * but CONTENTS.json. The summary of one part has the same form, its own archive
 * being that of the part, and one member more:
 *
 *   part           {run, index, count, configuration (SHA-256, hex); closure:
 *                  {text, bytes, sha256} of what it points to
 *                  (agent/closure/closure_part.h), where that is judged}
 *
 * It stands under a name of its own (storage/vault/shard.h), and is never that
 * of a snapshot.
 *
 * Version 1 has no `contents`: to read one entry is to read the archive. In
 * version 3, CONTENTS.json of its own archive (contents.h) says in which of the
 * archives each entry is. An archive of the list is of a snapshot of the same
 * name, and older than the one that follows it: so a list names none twice, and
 * no two snapshots need each other. All of them are in the same vault.
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

enum {
	MANIFEST_VERSION = 4,
	MANIFEST_MAX_BYTES = 64 * 1024 * 1024,
	MANIFEST_ARCHIVES_MAX = 1000 /* the own one among them */
};

/* An archive that a snapshot needs, and that was written with an earlier one.
 */
struct manifest_archive {
	char *label; /* of the snapshot that it was written with */
	char *file;
	char sha256[DIGEST_SHA256_HEX];
	uint64_t bytes;
	enum archive_compression compression;
	enum archive_encryption encryption;
	/* Of all that is in it. */
	uint64_t entries;
	uint64_t content_bytes;
};

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
	/* Version 3. What follows is empty in those before. */
	bool is_list;
	VEC_DEFINE(, struct manifest_archive) earlier; /* without its own */
	uint64_t entries, content_bytes;	       /* of the snapshot */
	char recipients[DIGEST_SHA256_HEX];
	struct json_object *sources;  /* an array, never NULL */
	struct json_object *missing;  /* an array, never NULL */
	struct json_object *warnings; /* an array, never NULL */
	struct strvec tags;
	bool hold;
	struct json_object *layers;  /* NULL: none */
	struct json_object *closure; /* NULL: nobody asked */
	struct json_object *part;    /* NULL: it is of a snapshot */
	VEC_DEFINE(, struct manifest_previous) previous;
};

void manifest_init(struct manifest *m);
void manifest_done(struct manifest *m);
/* For who keeps many of them to know how they follow each other: the sources,
 * by far the most of one, become empty. */
void manifest_drop_sources(struct manifest *m);
void manifest_add_missing(
    struct manifest *m, const char *what, const char *reason);
/* Appends a copy to the list of archives. */
void manifest_add_earlier(
    struct manifest *m, const struct manifest_archive *archive);
/* The own archive in the form of the list; borrowed from m. */
struct manifest_archive manifest_own(const struct manifest *m);
/* Archive `i` of the snapshot, oldest first, its own one last; of versions 1
 * and 2, that is the only one. Borrowed from m. */
struct manifest_archive manifest_archive_at(const struct manifest *m, size_t i);
size_t manifest_archive_count(const struct manifest *m);
/* Whether an archive of its list is a part of that snapshot alone. */
bool manifest_is_part(
    const struct manifest *m, const struct manifest_archive *archive);
/* Whether it has any: several machines captured it. */
bool manifest_has_parts(const struct manifest *m);
/* How long all of its archives are together. */
uint64_t manifest_archive_bytes(const struct manifest *m);
/* The same of those that were written with it: its own, and its parts. */
uint64_t manifest_written_bytes(const struct manifest *m);
/* How much is in the snapshot, whatever archives it is in. */
uint64_t manifest_entries(const struct manifest *m);
uint64_t manifest_content_bytes(const struct manifest *m);
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
