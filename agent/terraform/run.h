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

struct terraform_cache {
	char *dir;		     /* NULL: none */
	const char *name;	     /* of the configuration; borrowed */
	struct terraform_pack *pack; /* of the small ones; NULL: none */
	uint64_t max_bytes;	     /* of an object in it */
	int64_t started;	     /* by the file system's clock, ns */
	int lock_fd;		     /* held while it is open */
};

/* Makes the directory; a cache that cannot be had, or that another run has, is
 * none, and why is said. */
int terraform_cache_open(struct terraform_cache *c, const char *state_dir,
    const char *name, uint64_t max_bytes, struct err *err);
void terraform_cache_done(struct terraform_cache *c);
/* Of an object of that bucket at that endpoint, for that configuration. */
void terraform_cache_id(const struct terraform_cache *c, const struct s3 *s3,
    const struct s3_object *o, char id[STATE_ID]);
/* The facts of a large one and the file that holds it, both the caller's to
 * free; NULL where it is not there, or not what it was. */
struct json_object *terraform_cache_find_file(const struct terraform_cache *c,
    const char *id, uint64_t size, char **path);
/* A file in the cache's directory to be filled (made if needed), and moved to
 * its place then. NULL where the object is too large for the cache. */
char *terraform_cache_new_file(
    const struct terraform_cache *c, const char *id, uint64_t size);
/* Moves it to its place; *path becomes that. */
void terraform_cache_keep_file(const struct terraform_cache *c, const char *id,
    char **path, const uint8_t sha256[32], const struct json_object *facts);
/* Removes what was not used since it was opened. */
void terraform_cache_sweep(const struct terraform_cache *c);

/* ---- one run ---- */

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
	uint64_t doubled; /* entries of the list that repeat another */
	char *first_doubled;
	bool no_tags;	  /* the store has none, or does not let us see them */
	bool no_locks;	  /* the lock table does not answer; said once */
	struct buf data;  /* of a small one that is being archived */
	struct buf facts; /* the same */
};

struct terraform_content {
	struct buf data; /* a small one, until it is put aside with its facts */
	struct terraform_pack_slot aside;
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
 * index on. walk.c */
void terraform_walk(struct terraform_bucket_run *b, size_t *next_index);

struct terraform_job {
	struct terraform_bucket_run *bucket;
	struct s3_object object;
	char *path; /* in the archive; NULL: a lock object, noted only */
	struct archive_lane *lane;
	size_t index;
	bool older;
	bool fills_scratch;    /* with a file as large as the object */
	size_t scratch_number; /* among those, in the order of their turns */
	struct terraform_content content;
	bool got;  /* content is there to be archived */
	bool done; /* being got, with whatever end; under the run's lock */
};

/* Two stages, both for pools: an object is got by one of many workers, and
 * archived, when its turn comes, by the one that frees the job. */
void terraform_object_get(void *job);
void terraform_object_archive(void *job);
void terraform_run_fatal(struct terraform_run *run, const struct err *err);
bool terraform_run_stopped(struct terraform_run *run);
void terraform_run_warn(struct terraform_run *run, const char *text);

/* ---- one object's content ---- */

void terraform_content_done(struct terraform_content *c);
/* From the bucket: as listed, or, if it changed since, as it is now.
 * content.c */
int terraform_content_get(
    struct terraform_job *j, struct terraform_content *c, struct err *err);
/* What a state says of itself. facts.c */
int terraform_facts_read(struct terraform_content *c, struct err *err);
/* As a lock table has it. */
int terraform_facts_md5(const struct terraform_content *c,
    uint8_t md5[DIGEST_MD5_LEN], struct err *err);
struct json_object *terraform_facts_json(
    const struct terraform_job *j, const struct terraform_content *c);
/* What there is to warn of, into the report; under the run's lock. */
void terraform_facts_warn(struct terraform_job *j);
int terraform_facts_archive(struct terraform_job *j, struct err *err);

/* ---- who holds a lock; locks.c ---- */

void terraform_locks_in_table(
    struct terraform_job *j, struct terraform_content *c);
void terraform_locks_note_object(struct terraform_job *j);

#endif
