/*
 * Secrets do not stand in the configuration: it says where each is to be had.
 */
#ifndef CONFIG_SCHEMA_SECRET_REF_H
#define CONFIG_SCHEMA_SECRET_REF_H

#include "storage/base/err.h"
#include "storage/base/secret.h"

#include <stdbool.h>

/* Where a secret is to be had; it is read when it is asked for, so that one
 * that a command does not need may be missing. */
struct secret_ref {
	char *location; /* file:line:column: path of the key, for messages */
	char *file;
	char *variable;
};
/* NULL without an error where none is configured. */
int secret_ref_read(
    const struct secret_ref *ref, struct secret **out, struct err *err);
bool secret_ref_is_set(const struct secret_ref *ref);

#endif
