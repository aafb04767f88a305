/*
 * Who holds the lock of a state while it is captured: read from a table of
 * DynamoDB, or from an object beside the state. Within this room alone.
 */
#ifndef AGENT_TERRAFORM_LOCKS_H
#define AGENT_TERRAFORM_LOCKS_H

#include "agent/terraform/job.h"

void terraform_locks_in_table(
    struct terraform_job *j, struct terraform_content *c);
void terraform_locks_note_object(struct terraform_job *j);

#endif
