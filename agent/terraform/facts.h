/*
 * What a state says about itself, and the facts of its entry in the archive.
 * Within this room alone.
 */
#ifndef AGENT_TERRAFORM_FACTS_H
#define AGENT_TERRAFORM_FACTS_H

#include "agent/terraform/job.h"

/* Reads content that was downloaded; fills in its state and facts. */
int terraform_facts_read(struct terraform_content *c, struct err *err);
/* In the form in which a lock table stores it. */
int terraform_facts_md5(const struct terraform_content *c,
    uint8_t md5[DIGEST_MD5_LEN], struct err *err);
/* *right: it has the checksum that its answer announced; so has one whose
 * algorithm is not known. */
int terraform_facts_checksum(
    const struct terraform_content *c, bool *right, struct err *err);
struct json_object *terraform_facts_json(
    const struct terraform_job *j, const struct terraform_content *c);
/* Adds the warnings about it to the report; needs the run's lock. */
void terraform_facts_warn(struct terraform_job *j);
/* Puts content and facts into the job's lane. */
int terraform_facts_archive(struct terraform_job *j, struct err *err);

#endif
