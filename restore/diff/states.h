/*
 * In what two versions of a Terraform state differ: serial, lineage, outputs,
 * and resources by their addresses. The values of outputs and attributes are
 * shown only where that is asked for, and only those that are not sensitive.
 *
 * What is sensitive, a state of format 4 says itself: outputs by `sensitive`,
 * attributes by the paths in `sensitive_attributes` of the instance. The paths
 * are lists of steps {"type": "get_attr", "value": NAME} and {"type": "index",
 * "value": {"type", "value"}}. A state that does not say it, as those of format
 * 3 and those that were written before Terraform 0.14, shows no values. Not
 * every version writes there what the schema of the provider calls sensitive:
 * so a name that speaks of a secret hides its value, too.
 *
 * https://developer.hashicorp.com/terraform/cli/state/resource-addressing,
 * https://developer.hashicorp.com/terraform/language/state/sensitive-data; the
 * layout of format 4 as terraform and OpenTofu write it (statefile, version4).
 *
 * Pure.
 */
#ifndef RESTORE_DIFF_STATES_H
#define RESTORE_DIFF_STATES_H

#include "restore/diff/changes.h"

#include <stddef.h>

/* Anything but a state of format 4 is compared as a whole. `values`: whether
 * values are shown. Where they are asked for and cannot be shown, the note of
 * the change says why. */
void states_compare(struct changes *f, const char *from, size_t from_len,
    const char *to, size_t to_len, bool values);

#endif
