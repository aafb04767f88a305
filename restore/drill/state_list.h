/*
 * Asks Terraform, or OpenTofu, whether it accepts a state: `state list` of the
 * file, in an empty folder, with none of the user's configuration, so that no
 * backend and no provider is contacted
 * (https://developer.hashicorp.com/terraform/cli/commands/state/list).
 */
#ifndef RESTORE_DRILL_STATE_LIST_H
#define RESTORE_DRILL_STATE_LIST_H

#include "config/connect.h"

/* Of those two the one in PATH, Terraform first; the caller frees. NULL with
 * ERR_USAGE: there is neither. */
char *state_list_program(struct err *err);
/* ERR_INTEGRITY with what it printed where it does not; the folder of the file
 * is private, and gets one beside it. */
int state_list_accepts(const char *program, const char *file,
    const struct connect_env *env, struct err *err);

#endif
