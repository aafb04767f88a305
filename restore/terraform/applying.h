/*
 * One state object on its way into its bucket. Within this room alone.
 */
#ifndef RESTORE_TERRAFORM_APPLYING_H
#define RESTORE_TERRAFORM_APPLYING_H

#include "restore/terraform/state.h"
#include "restore/terraform/state_bytes.h"

struct state_applying {
	const struct state_apply_options *o;
	const struct state_apply_object *object;
	const char *file;
	char *key; /* in the target */
	struct state_bytes ours;
	struct state_bytes theirs;
	struct s3_meta their_meta;
	struct outcome *outcome;
};

#endif
