/*
 * The head of an object in a pack (gitformat-pack(5)), before its data: its
 * type and length and, for a delta, what its base is. Pure.
 */
#ifndef STORAGE_GIT_REPO_PACKED_HEAD_H
#define STORAGE_GIT_REPO_PACKED_HEAD_H

#include "storage/git/repo/git_id.h"

enum { PACKED_OFS_DELTA = 6, PACKED_REF_DELTA = 7 };
/* No head is longer. */
enum { PACKED_HEAD_MAX = 10 + 10 + GIT_ID_LEN };

struct packed_head {
	uint8_t kind;	  /* enum object_type, or one of the two deltas */
	uint8_t type_len; /* bytes of type and length */
	uint8_t len;	  /* bytes of all of it */
	uint64_t size; /* length of what is stored, unpacked: object or delta */
	uint64_t back; /* of PACKED_OFS_DELTA: how far the base is before */
	uint8_t base_id[GIT_ID_LEN]; /* of PACKED_REF_DELTA */
};

/* The length of the head; 0 if more bytes are needed, -1 if it is malformed. */
int packed_head_parse(
    enum git_hash hash, const uint8_t *data, size_t len, struct packed_head *h);

#endif
