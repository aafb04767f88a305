/*
 * Computes the ids of objects (gitformat-pack(5): the digest of "<type>
 * <length>", a NUL and the content).
 *
 * For objects that come from elsewhere, SHA-1 is computed as git computes it:
 * by the code of Stevens and Shumow that also sees the marks which every known
 * way of making two texts of one SHA-1 leaves in each of them
 * (https://github.com/cr-marcstevens/sha1collisiondetection). libgit2 has it,
 * and Debian builds it so. Such an object is refused, as git refuses it: one
 * whose twin has the same id could be exchanged without any signature noticing.
 */
#ifndef STORAGE_GIT_REPO_OBJECT_DIGEST_H
#define STORAGE_GIT_REPO_OBJECT_DIGEST_H

#include "storage/base/err.h"
#include "storage/git/repo/git_id.h"
#include "storage/git/repo/object_links.h"

struct object_digest; /* for one thread */

/* `received`: objects that come from elsewhere; others were checked when they
 * did, and are hashed by OpenSSL, which takes a third of the time. */
struct object_digest *object_digest_new(enum git_hash hash, bool received);
void object_digest_free(struct object_digest *d); /* takes NULL */

/* In one go. ERR_INTEGRITY if a collision was forged. */
int object_digest_of(struct object_digest *d, enum object_type type,
    const void *data, size_t len, uint8_t id[GIT_ID_LEN], struct err *err);

/* A blob of that length, piece by piece: begin, add, finish. Beginning another
 * one forgets what was not finished. ERR_INTEGRITY likewise, or if the length
 * is another. */
void object_digest_begin_blob(struct object_digest *d, uint64_t len);
void object_digest_add(struct object_digest *d, const void *data, size_t len);
int object_digest_finish(
    struct object_digest *d, uint8_t id[GIT_ID_LEN], struct err *err);

#endif
