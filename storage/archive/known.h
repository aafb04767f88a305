/*
 * What is known of the entries of the snapshot before: enough to name an entry
 * again instead of writing it again. It is read from the CONTENTS.json of that
 * snapshot, of which the agent keeps a copy, since it cannot read what it has
 * encrypted. The signed manifest has the digest of that text, so a copy that
 * was changed, or is of another snapshot, is no good. That text has plain
 * digests, also of short secrets, which whoever reads them could guess: the
 * copy may be sealed by age.
 */
#ifndef STORAGE_ARCHIVE_KNOWN_H
#define STORAGE_ARCHIVE_KNOWN_H

#include "storage/archive/contents.h"
#include "storage/archive/frames.h"
#include "storage/archive/manifest.h"
#include "storage/archive/tar.h"
#include "storage/base/err.h"
#include "storage/crypto/age.h"

struct known;

/* An entry as it is in one of the archives of that snapshot. */
struct known_entry {
	uint64_t path_hash[2];
	uint64_t bytes;
	uint8_t sha256[DIGEST_SHA256_LEN];
	uint8_t attrs[DIGEST_SHA256_LEN]; /* known_attrs_digest */
	struct frames_position position;
	uint32_t archive; /* as in manifest_archive_at */
};

/* `ids` open the file, and are needed only during the call; NULL: it is not
 * sealed. `m` is the manifest of that snapshot, with is_list; borrowed while it
 * lives. ERR_INTEGRITY if the file is not the CONTENTS.json that it speaks of,
 * or says what is not possible; as age_decrypt where it does not open. */
struct known *known_read(const char *file, const struct age_identities *ids,
    const struct manifest *m, struct err *err);
void known_free(struct known *k); /* takes NULL */
void known_freep(struct known **k);

/* NULL where no entry of that path and length had these attributes. Whether
 * its content is the same, its digest says. */
const struct known_entry *known_find(const struct known *k, const char *path,
    uint64_t bytes, const struct tar_attrs *attrs);
/* How many archives that snapshot has; takes NULL: none. */
size_t known_archives(const struct known *k);
/* The frames of one of them. */
const struct frames *known_frames(const struct known *k, size_t archive);

/* The digest in "attrs" of contents.h; false, and zeros, where there are none.
 */
bool known_attrs_digest(
    const struct tar_attrs *attrs, uint8_t sha256[DIGEST_SHA256_LEN]);

#endif
