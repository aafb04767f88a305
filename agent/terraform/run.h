/*
 * The state of a capture: what all of its buckets share, and what one bucket
 * counts. Within this room alone.
 */
#ifndef AGENT_TERRAFORM_RUN_H
#define AGENT_TERRAFORM_RUN_H

#include "agent/terraform/cache.h"
#include "agent/terraform/capture.h"
#include "agent/terraform/pack.h"

#include <pthread.h>

struct json_object;

struct terraform_result { /* of one object, for the summary */
	size_t index;
	struct json_object *state; /* NULL: it is none */
};
VEC_DEFINE(terraform_result_vec, struct terraform_result);

struct terraform_run {
	const struct capture_state_options *o;
	const struct capture_env *env;
	struct capture_report *report;
	struct terraform_cache cache;
	size_t small_bytes;
	pthread_mutex_t lock; /* of the report and what follows */
	pthread_cond_t changed;
	struct terraform_pack
	    *scratch; /* for objects that the cache does not keep; or NULL */
	size_t scratch_files; /* how many of these large ones were ever
				 submitted */
	size_t scratch_freed; /* of them */
	bool fatal; /* the archive cannot be written: everything stops */
	struct err err;
};

struct terraform_bucket_run {
	struct terraform_run *run;
	const struct capture_state_bucket *bucket;
	struct terraform_result_vec results;
	struct strvec held; /* locks */
	uint64_t objects;
	uint64_t bytes;
	uint64_t downloaded; /* objects */
	uint64_t from_cache;
	uint64_t not_state;
	uint64_t listed;
	struct json_object *prefixes; /* number of current objects to capture
					 below each prefix */
	uint64_t doubled;	      /* entries of a list that occur twice */
	char *first_doubled;
	bool no_tags;  /* the store has no tags, or does not show them to us */
	bool no_locks; /* the lock table does not answer; reported once */
	struct buf data;  /* of a small one that is being archived */
	struct buf facts; /* the same */
};

/* The archive cannot be written any more. Keeps the first error. */
void terraform_run_fatal(struct terraform_run *run, const struct err *err);
/* Whether to stop: after a fatal error or a cancellation. */
bool terraform_run_stopped(struct terraform_run *run);
/* Into the report. */
void terraform_run_warn(struct terraform_run *run, const char *text);

#endif
