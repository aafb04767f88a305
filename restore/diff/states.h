/*
 * In what two versions of a Terraform state differ: serial, lineage, and
 * resources by their addresses. Values are never shown: which of them are
 * secret, a state of an older version does not say.
 *
 * https://developer.hashicorp.com/terraform/cli/state/resource-addressing; the
 * layout of version 4 as terraform writes it.
 *
 * Pure.
 */
#ifndef RESTORE_DIFF_STATES_H
#define RESTORE_DIFF_STATES_H

#include "restore/diff/changes.h"

#include <stddef.h>

/* Anything but a state of version 4 is compared as a whole. */
void states_compare(struct changes *f, const char *from, size_t from_len,
    const char *to, size_t to_len);

#endif
