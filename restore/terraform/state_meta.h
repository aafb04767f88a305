/*
 * The headers, metadata and tags of a state object.
 */
#ifndef RESTORE_TERRAFORM_STATE_META_H
#define RESTORE_TERRAFORM_STATE_META_H

#include "restore/terraform/applying.h"

/* The headers, metadata and tags that the object gets in the target. */
void state_meta_fill(const struct state_applying *a, struct s3_meta *m,
    struct s3_pair_vec *tags);
/* Whether the target is to have it under its customer's key (SSE-C), and
 * whether the source had. */
bool state_meta_wants_key(const struct state_applying *a);
bool state_meta_had_key(const struct state_applying *a);
/* `*what` names what differs in the existing object, or is NULL. */
int state_meta_differs(const struct state_applying *a,
    const struct s3_meta *theirs, const char **what, struct err *err);

#endif
