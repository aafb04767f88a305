/*
 * Terraform and OpenTofu state from S3 buckets into terraform/<bucket>/<key>.
 *
 * Every object under the prefixes is taken as it is, with its metadata,
 * content type and tags; what is not a state is kept too. Facts of an entry:
 *
 *     bucket, key, etag, size, mtime, version_id, content_type, ...,
 *     metadata {}, tags {}       what a restore sends again
 *     serial, lineage, terraform_version, resources, encrypted
 *                                of what is state
 *     workspace                  of a key below env:/
 *     older: true                of a version that was not the current one
 *
 * Lock objects (*.tflock) are named in a warning and left out. A key that
 * would not do as a path is percent-encoded (storage/aws/key_path.h); the key
 * itself stands in the facts. Older versions lie under
 * terraform/<bucket>/%versions/.
 *
 * Unchanged objects (same ETag, size and version) come from the cache in
 * <state_dir>/terraform/, without a request but the list's.
 *
 * Objects are got by many workers, two large ones beside the small ones, and
 * wait on disk for their turn in the archive; neither stage waits for the
 * other while there is something to do.
 */
#ifndef AGENT_TERRAFORM_CAPTURE_H
#define AGENT_TERRAFORM_CAPTURE_H

#include "agent/capture/capture.h"
#include "storage/aws/dynamodb.h"
#include "storage/aws/s3.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Borrowed throughout. */
struct capture_state_bucket {
	struct s3 *s3;
	const struct strvec *prefixes; /* NULL or empty: the whole bucket */
	const struct strvec *include;  /* globs on the key; NULL: all */
	const struct strvec *exclude;  /* globs on the key; wins */
	struct dynamodb *locks;	       /* NULL: no lock table */
	int versions; /* 0 or 1: only the current one; N: also up to N-1 older
			 ones */
	bool allow_non_state; /* a *.tfstate that is not JSON is only a warning
			       */
};

struct capture_state_options {
	const struct capture_state_bucket *buckets;
	size_t bucket_count;
	int in_flight;		   /* small objects side by side; 0: 16 */
	size_t small_object_bytes; /* objects up to that size are read into
				      memory; 0: 1 MiB */
	uint64_t
	    cache_max_bytes; /* objects up to that size are cached; 0: 64 MiB */
};

/* All buckets, one after the other, in lanes of RANK_TERRAFORM from index 0;
 * the caller says archive_writer_rank_done afterwards. The report's summary is
 *     {"buckets": [{"bucket", "objects", "bytes", "downloaded", "from_cache",
 *       "states": [{"key", "serial", "lineage", "terraform_version",
 *       "resources", "workspace"}], "locks": [...]}]}
 * -1 only with ERR_CANCELLED, or where the archive cannot be written; what
 * else went wrong is in the report. */
int capture_state(const struct capture_state_options *o,
    const struct capture_env *env, struct capture_report *report,
    struct err *err);

#endif
