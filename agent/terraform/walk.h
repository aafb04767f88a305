/*
 * The lists of a bucket: which of its objects are captured. Within this room
 * alone.
 */
#ifndef AGENT_TERRAFORM_WALK_H
#define AGENT_TERRAFORM_WALK_H

#include "agent/terraform/run.h"

/* Reads and archives everything that is wanted of the bucket, in lanes from
 * that index on. */
void terraform_walk(struct terraform_bucket_run *b, size_t *next_index);

#endif
