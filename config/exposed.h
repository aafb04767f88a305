/*
 * Files with secrets, named in the configuration, that more than their owner
 * may read. As ssh does, the group is let pass where the file belongs to
 * somebody else: so an administrator, or a Kubernetes volume with fsGroup,
 * hands a file to an account that cannot own it.
 */
#ifndef CONFIG_EXPOSED_H
#define CONFIG_EXPOSED_H

#include "config/schema/schema.h"

/* Appends a text for each such file, what to do in it. What is not there, or
 * cannot be looked at, is passed over: who reads it says so. */
void exposed_files(
    const struct section *s, const void *data, struct strvec *texts);

#endif
