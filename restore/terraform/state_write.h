/*
 * Writes one state into its bucket: the object, the digest that Terraform
 * checks it against, and a check of both.
 */
#ifndef RESTORE_TERRAFORM_STATE_WRITE_H
#define RESTORE_TERRAFORM_STATE_WRITE_H

#include "restore/terraform/applying.h"

/* An object of up to LIMITS_STATE_BYTES fits the parts of an upload in that
 * memory. */
enum { STATE_WRITE_MEMORY_BYTES = 24 * 1024 * 1024 };

/* Writes the object and its digest, reads both back, and sets the outcome. */
int state_write(struct state_applying *a, struct err *err);
/* Whether the lock table has another digest than that of our bytes. */
int state_write_digest_differs(
    const struct state_applying *a, bool *differs, struct err *err);
/* Writes the digest alone, if it differs. */
int state_write_digest(
    const struct state_applying *a, bool *changed, struct err *err);

#endif
