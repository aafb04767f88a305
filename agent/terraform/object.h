/*
 * One object: read from its bucket, and put into the archive when its turn
 * comes. Within this room alone.
 */
#ifndef AGENT_TERRAFORM_OBJECT_H
#define AGENT_TERRAFORM_OBJECT_H

#include "agent/terraform/job.h"

/* Two stages, both for pools: one of many workers reads an object; when its
 * turn comes, the other stage archives it and frees the job. */
void terraform_object_get(void *job);
void terraform_object_archive(void *job);

#endif
