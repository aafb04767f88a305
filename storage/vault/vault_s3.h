/*
 * A vault in an S3 bucket, below a prefix: archives are streamed as multipart
 * uploads while they are being made, everything is written on the condition
 * that its key is free, and what is part of a snapshot is kept from deletion
 * by Object Lock where that is set up.
 *
 * In a bucket with versions an object is removed with all of its versions, so
 * that pruning frees space; what the store keeps is ERR_DENIED.
 */
#ifndef STORAGE_VAULT_VAULT_S3_H
#define STORAGE_VAULT_VAULT_S3_H

#include "storage/aws/s3.h"
#include "storage/base/clock.h"
#include "storage/vault/vault.h"

struct vault_s3_options {
	struct s3 *s3;	       /* borrowed for the life of the vault */
	const char *prefix;    /* "team/prod", without slashes at its ends */
	const char *lock_mode; /* GOVERNANCE or COMPLIANCE; NULL: no lock */
	int lock_days;	       /* from the moment of writing */
	const struct clock *clock;
	size_t memory_bytes; /* for parts in flight; 0: that of s3_sink */
	const char *scratch; /* the directory in which they wait, borrowed;
				NULL: in memory */
};

/* Connects to nothing. */
struct vault *vault_s3_open(const struct vault_s3_options *o, struct err *err);

#endif
