/*
 * The content of one object, from its bucket. Within this room alone.
 */
#ifndef AGENT_TERRAFORM_CONTENT_H
#define AGENT_TERRAFORM_CONTENT_H

#include "agent/terraform/job.h"

/* From the bucket: as listed, or, if it changed since, as it is now. */
int terraform_content_get(
    struct terraform_job *j, struct terraform_content *c, struct err *err);
void terraform_content_done(struct terraform_content *c);

#endif
