/*
 * One object: got from its bucket, and put into the archive when its turn
 * comes. Within this room alone.
 */
#ifndef AGENT_TERRAFORM_OBJECT_H
#define AGENT_TERRAFORM_OBJECT_H

#include "agent/terraform/job.h"

/* Two stages, both for pools: an object is got by one of many workers, and
 * archived, when its turn comes, by the one that frees the job. */
void terraform_object_get(void *job);
void terraform_object_archive(void *job);

#endif
