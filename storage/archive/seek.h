/*
 * Reads parts of a snapshot's archives without reading all of them. The signed
 * manifest says where CONTENTS.json is and its digest; that says in which
 * archive and where each entry is and its digest; and an archive is compressed
 * in frames and encrypted in chunks that can be opened one by one. So only what
 * is asked for is read, and nothing is returned that was not checked. Only the
 * digest of the whole archive is not checked; `verify` does that.
 *
 * For one thread at a time.
 */
#ifndef STORAGE_ARCHIVE_SEEK_H
#define STORAGE_ARCHIVE_SEEK_H

#include "storage/archive/contents.h"
#include "storage/archive/manifest.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/base/spool.h"
#include "storage/base/stream.h"
#include "storage/crypto/age.h"

struct seek_options {
	const struct manifest *manifest; /* with archive.has_index; borrowed */
	const struct age_identities *identities; /* borrowed */
	const char *scratch;	     /* for what is long; borrowed */
	const struct cancel *cancel; /* or NULL */
	/* Returns `len` bytes of an archive of the manifest, as it is stored,
	 * from offset on. */
	struct source *(*open)(void *ctx, const char *file, uint64_t offset,
	    uint64_t len, struct err *err);
	void *ctx;
};

struct seek;

/* Reads CONTENTS.json, and checks its digest and that the positions in it are
 * possible. ERR_INTEGRITY if they are not. */
struct seek *seek_open(const struct seek_options *o, struct err *err);
void seek_free(struct seek *s); /* takes NULL */

/* contents_each over its CONTENTS.json. */
int seek_each(const struct seek *s,
    int (*entry)(void *ctx, const struct contents_entry *e, struct err *err),
    void *ctx, struct err *err);
/* Appends the content of an entry of this snapshot to a spool; ERR_INTEGRITY if
 * it is not what was captured. What was appended may be used only after 0 was
 * returned. Entries that follow one another in the archive are read in one go.
 */
int seek_read(struct seek *s, const struct contents_entry *e, struct spool *to,
    struct err *err);
/* How many bytes of the archives were requested so far. */
uint64_t seek_bytes(const struct seek *s);

#endif
