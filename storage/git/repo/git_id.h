/*
 * Names of objects: digests, by SHA-1 or by SHA-256 (gitformat-pack(5) and
 * hash-function-transition of git's documentation). One repository has one
 * hash. Pure.
 *
 * In memory every id has room for the longest; of a SHA-1 the last bytes are
 * zeros, so that whole ids can be compared. On disk and on the wire it has as
 * many bytes as its hash gives.
 */
#ifndef STORAGE_GIT_REPO_GIT_ID_H
#define STORAGE_GIT_REPO_GIT_ID_H

#include "storage/base/digest.h"
#include "storage/base/vec.h"

#include <stddef.h>
#include <stdint.h>

enum git_hash { GIT_SHA1, GIT_SHA256 };

enum { GIT_ID_LEN = 32, GIT_ID_HEX = 65 /* with its NUL */ };

struct git_id {
	uint8_t bytes[GIT_ID_LEN];
};
VEC_DEFINE(git_idvec, struct git_id);

size_t git_id_len(enum git_hash hash);	  /* bytes: 20, 32 */
size_t git_id_digits(enum git_hash hash); /* in hex: 40, 64 */
enum digest_kind git_id_digest(enum git_hash hash);

/* As git calls it in extensions.objectFormat and object-format. */
const char *git_id_hash_name(enum git_hash hash);
/* 0, or -1 if no hash has that name. */
int git_id_hash_of(const char *name, enum git_hash *hash);

/* From the bytes that stand in a file. */
void git_id_set(enum git_hash hash, const void *raw, uint8_t id[GIT_ID_LEN]);
/* Parses the digits at text, after which other text may follow. 0 or -1. */
int git_id_parse(enum git_hash hash, const char *text, uint8_t id[GIT_ID_LEN]);
void git_id_hex(
    enum git_hash hash, const uint8_t id[GIT_ID_LEN], char out[GIT_ID_HEX]);

/* What is hashed before the content of an object: "<type> <length>" and a NUL.
 */
void git_id_add_header(struct digest *d, const char *type, uint64_t len);

#endif
