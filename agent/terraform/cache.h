/*
 * Content and facts of objects that an earlier run has read, found by what
 * identifies them. Small ones are in one pack, each large one in a file.
 */
#ifndef AGENT_TERRAFORM_CACHE_H
#define AGENT_TERRAFORM_CACHE_H

#include "agent/terraform/pack.h"
#include "storage/aws/s3.h"
#include "storage/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;

struct terraform_cache {
	char *dir;	  /* NULL: none */
	const char *name; /* of the configuration; borrowed */
	struct terraform_pack
	    *pack;	    /* for the small ones; NULL: there is none */
	uint64_t max_bytes; /* of an object in it */
	int64_t started;    /* by the file system's clock, ns */
	int lock_fd;	    /* held while it is open */
};

/* Makes the directory. If there can be no cache, or another run uses it, the
 * run does without, and the reason is logged. */
int terraform_cache_open(struct terraform_cache *c, const char *state_dir,
    const char *name, uint64_t max_bytes, struct err *err);
void terraform_cache_done(struct terraform_cache *c);
/* The id of an object of that bucket at that endpoint, for that configuration.
 */
void terraform_cache_id(const struct terraform_cache *c, const struct s3 *s3,
    const struct s3_object *o, char id[STATE_ID]);
/* The facts of a large object and the file that contains it, both freed by the
 * caller; NULL if it is not in the cache, or is damaged. */
struct json_object *terraform_cache_find_file(const struct terraform_cache *c,
    const char *id, uint64_t size, char **path);
/* A file in the cache's directory (made if needed), to be filled and then kept.
 * NULL if the object is too large for the cache. */
char *terraform_cache_new_file(
    const struct terraform_cache *c, const char *id, uint64_t size);
/* Renames it to its final name; *path becomes that. */
void terraform_cache_keep_file(const struct terraform_cache *c, const char *id,
    char **path, const uint8_t sha256[32], const struct json_object *facts);
/* Removes what was not used since the cache was opened. */
void terraform_cache_sweep(const struct terraform_cache *c);

#endif
