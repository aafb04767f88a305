/*
 * A capture of states while it runs: what all of its buckets share, and what
 * one bucket counts. Within this room alone.
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
	    *scratch;	      /* what the cache does not take; or NULL */
	size_t scratch_files; /* ever submitted: large ones that it may not */
	size_t scratch_freed; /* of them */
	bool fatal; /* the archive cannot be written: nothing goes on */
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
	struct json_object
	    *prefixes;	  /* current objects to capture, below each */
	uint64_t doubled; /* entries of the list that repeat another */
	char *first_doubled;
	bool no_tags;	  /* the store has none, or does not let us see them */
	bool no_locks;	  /* the lock table does not answer; said once */
	struct buf data;  /* of a small one that is being archived */
	struct buf facts; /* the same */
};

/* The archive cannot be written any more: the first error of those is kept. */
void terraform_run_fatal(struct terraform_run *run, const struct err *err);
/* Nothing more is to be done: it was fatal, or a request to stop came. */
bool terraform_run_stopped(struct terraform_run *run);
/* Into the report. */
void terraform_run_warn(struct terraform_run *run, const char *text);

#endif
