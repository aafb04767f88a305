/*
 * Downloads the content of one object. Within this room alone.
 */
#ifndef AGENT_TERRAFORM_CONTENT_H
#define AGENT_TERRAFORM_CONTENT_H

#include "agent/terraform/job.h"

/* Downloads the version that was listed or, if it changed since, the current
 * one. */
int terraform_content_get(
    struct terraform_job *j, struct terraform_content *c, struct err *err);
void terraform_content_done(struct terraform_content *c);

#endif
