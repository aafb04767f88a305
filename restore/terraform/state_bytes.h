/*
 * What is compared of two states without holding them in memory: size, digests,
 * and the facts that the state has of itself.
 */
#ifndef RESTORE_TERRAFORM_STATE_BYTES_H
#define RESTORE_TERRAFORM_STATE_BYTES_H

#include "storage/aws/s3.h"
#include "storage/base/digest.h"
#include "storage/terraform/state.h"

/* What is known of some bytes: ours, or those in the bucket. */
struct state_bytes {
	bool there;
	uint64_t size;
	uint8_t sha256[DIGEST_SHA256_LEN];
	char md5[2 * DIGEST_MD5_LEN + 1]; /* hex */
	struct state_facts state;
};
int state_bytes_of_file(
    const char *file, struct state_bytes *b, struct err *err);
/* there = false where there is no such object. meta may be NULL. */
int state_bytes_of_object(struct s3 *s3, const char *key, struct state_bytes *b,
    struct s3_meta *meta, struct err *err);
bool state_bytes_equal(
    const struct state_bytes *a, const struct state_bytes *b);

#endif
