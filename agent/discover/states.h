/*
 * Where the Terraform of a mirrored repository keeps its state: the backends
 * in the files of what HEAD names (storage/gitops/backend.h).
 */
#ifndef AGENT_DISCOVER_STATES_H
#define AGENT_DISCOVER_STATES_H

#include "agent/discover/found.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"

/* The mirror that backups keep at `dir`, of the repository of that name. One
 * that is not there yet, or that another run has in use, is unclear; so is a
 * file over the limit. -1 only with ERR_CANCELLED, or if what is there cannot
 * be read. */
int states_read(const char *dir, const char *name, const struct cancel *cancel,
    struct found *f, struct err *err);

#endif
