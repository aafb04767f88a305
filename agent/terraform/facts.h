/*
 * What a state says of itself, and how its entry in the archive tells it.
 * Within this room alone.
 */
#ifndef AGENT_TERRAFORM_FACTS_H
#define AGENT_TERRAFORM_FACTS_H

#include "agent/terraform/job.h"

/* Reads a content that was got; its state and facts are filled in. */
int terraform_facts_read(struct terraform_content *c, struct err *err);
/* As a lock table has it. */
int terraform_facts_md5(const struct terraform_content *c,
    uint8_t md5[DIGEST_MD5_LEN], struct err *err);
struct json_object *terraform_facts_json(
    const struct terraform_job *j, const struct terraform_content *c);
/* What there is to warn of, into the report; under the run's lock. */
void terraform_facts_warn(struct terraform_job *j);
/* Content and facts into the job's lane. */
int terraform_facts_archive(struct terraform_job *j, struct err *err);

#endif
