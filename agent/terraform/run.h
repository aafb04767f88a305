/*
 * What the files of capture_state share and nobody else sees.
 */
#ifndef AGENT_TERRAFORM_RUN_H
#define AGENT_TERRAFORM_RUN_H

#include "agent/terraform/capture.h"
#include "agent/terraform/pack.h"
#include "storage/base/digest.h"
#include "storage/terraform/state.h"

#include <pthread.h>
#include <stdatomic.h>

struct json_object;

/* ---- the cache: content and facts of objects by what identifies them ---- */

struct state_cache {
	char *dir;		 /* NULL: none */
	struct state_pack *pack; /* of the small ones; NULL: none */
	uint64_t max_bytes;	 /* of an object in it */
	int64_t started;	 /* by the file system's clock, ns */
	int lock_fd;		 /* held while it is open */
};

/* Makes the directory; a cache that cannot be had, or that another run has, is
 * none, and why is said. */
int state_cache_open(struct state_cache *c, const char *state_dir,
    uint64_t max_bytes, struct err *err);
void state_cache_done(struct state_cache *c);
void state_cache_id(
    const char *bucket, const struct s3_object *o, char id[STATE_ID]);
/* The facts of a large one and the file that holds it, both the caller's to
 * free; NULL where it is not there, or not what it was. */
struct json_object *state_cache_find_file(
    const struct state_cache *c, const char *id, uint64_t size, char **path);
/* A file in the cache's directory to be filled (made if needed), and moved to
 * its place then. NULL where the object is too large for the cache. */
char *state_cache_new_file(
    const struct state_cache *c, const char *id, uint64_t size);
/* Moves it to its place; *path becomes that. */
void state_cache_keep_file(const struct state_cache *c, const char *id,
    char **path, const uint8_t sha256[32], const struct json_object *facts);
/* Removes what was not used since it was opened. */
void state_cache_sweep(const struct state_cache *c);

/* ---- one run ---- */

struct state_result { /* of one object, for the summary */
	size_t index;
	struct json_object *state; /* NULL: it is none */
};
VEC_DEFINE(state_result_vec, struct state_result);

struct state_run {
	const struct capture_state_options *o;
	const struct capture_env *env;
	struct capture_report *report;
	struct state_cache cache;
	size_t small_bytes;
	pthread_mutex_t lock; /* of the report and what follows */
	pthread_cond_t changed;
	struct state_pack *scratch; /* what the cache does not take; or NULL */
	size_t scratch_files; /* ever submitted: large ones that it may not */
	size_t scratch_freed; /* of them */
	bool fatal; /* the archive cannot be written: nothing goes on */
	struct err err;
};

struct state_bucket_run {
	struct state_run *run;
	const struct capture_state_bucket *bucket;
	struct state_result_vec results;
	struct strvec held; /* locks */
	uint64_t objects;
	uint64_t bytes;
	uint64_t downloaded; /* objects */
	uint64_t from_cache;
	uint64_t not_state;
	uint64_t listed;
	uint64_t doubled; /* entries of the list that repeat another */
	char *first_doubled;
	bool no_tags;	  /* the store has none, or does not let us see them */
	bool no_locks;	  /* the lock table does not answer; said once */
	struct buf data;  /* of a small one that is being archived */
	struct buf facts; /* the same */
};

struct state_content {
	struct buf data; /* a small one, until it is put aside with its facts */
	struct state_place aside;
	char *file;	/* a large one */
	bool keep_file; /* it is the cache's */
	uint64_t size;
	struct s3_meta meta;
	struct s3_pair_vec tags;
	struct state_facts state;
	struct json_object *facts;
	uint8_t sha256[DIGEST_SHA256_LEN]; /* of a large one */
	bool cached;
	bool changed;
};

/* The lists of a bucket, all that is wanted of them got and archived, from that
 * index on. capture_state_walk.c */
void state_walk(struct state_bucket_run *b, size_t *next_index);

struct state_job {
	struct state_bucket_run *bucket;
	struct s3_object object;
	char *path; /* in the archive; NULL: a lock object, noted only */
	struct archive_lane *lane;
	size_t index;
	bool older;
	bool fills_scratch;    /* with a file as large as the object */
	size_t scratch_number; /* among those, in the order of their turns */
	struct state_content content;
	bool got;  /* content is there to be archived */
	bool done; /* being got, with whatever end; under the run's lock */
};

/* Two stages, both for pools: an object is got by one of many workers, and
 * archived, when its turn comes, by the one that frees the job. */
void state_job_get(void *job);
void state_job_archive(void *job);
void state_run_fatal(struct state_run *run, const struct err *err);
bool state_run_stopped(struct state_run *run);
void state_run_warn(struct state_run *run, const char *text);

/* ---- one object's content ---- */

void state_content_done(struct state_content *c);
/* From the bucket: as listed, or, if it changed since, as it is now.
 * capture_state_fetch.c */
int state_content_get(
    struct state_job *j, struct state_content *c, struct err *err);
/* What a state says of itself. capture_state_facts.c */
int state_content_read(struct state_content *c, struct err *err);
/* As a lock table has it. */
int state_content_md5(const struct state_content *c,
    uint8_t md5[DIGEST_MD5_LEN], struct err *err);
struct json_object *state_content_facts(
    const struct state_job *j, const struct state_content *c);
/* What there is to warn of, into the report; under the run's lock. */
void state_content_warn(struct state_job *j);
int state_content_archive(struct state_job *j, struct err *err);

/* ---- who holds a lock; capture_state_locks.c ---- */

void state_locks_in_table(struct state_job *j, struct state_content *c);
void state_locks_object(struct state_job *j);

#endif
