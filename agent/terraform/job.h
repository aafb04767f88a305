/*
 * One object on its way into the archive, and its content. Within this room
 * alone.
 */
#ifndef AGENT_TERRAFORM_JOB_H
#define AGENT_TERRAFORM_JOB_H

#include "agent/terraform/pack.h"
#include "agent/terraform/run.h"
#include "storage/base/digest.h"
#include "storage/terraform/state.h"

struct terraform_content {
	struct buf data; /* the content of a small one, until it is put aside
			    with its facts */
	struct terraform_pack_slot aside;
	char *file;	/* a large one */
	bool keep_file; /* the file belongs to the cache */
	uint64_t size;
	struct s3_meta meta;
	struct s3_pair_vec tags;
	struct state_facts state;
	struct json_object *facts;
	uint8_t sha256[DIGEST_SHA256_LEN]; /* of a large one */
	bool cached;
	bool changed;
};

struct terraform_job {
	struct terraform_bucket_run *bucket;
	struct s3_object object;
	char *path; /* in the archive; NULL: a lock object, noted only */
	struct archive_lane *lane;
	size_t index;
	bool older;
	bool fills_scratch;    /* it needs a file as large as the object */
	size_t scratch_number; /* its number among those, in the order in which
				  they are archived */
	struct terraform_content content;
	bool got;  /* the content was downloaded and can be archived */
	bool done; /* the download has ended, successfully or not; under the
		      run's lock */
};

#endif
