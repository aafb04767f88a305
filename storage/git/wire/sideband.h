/*
 * Several streams over one (gitprotocol-pack(5), "side-band-64k"). Pure.
 */
#ifndef STORAGE_GIT_WIRE_SIDEBAND_H
#define STORAGE_GIT_WIRE_SIDEBAND_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stddef.h>

/* The payload of one pkt-line with a band: its data go to on_data, what it
 * says beside them is added to `said`, and what it says as it gives up becomes
 * the error, with that: ERR_INTEGRITY where its repository is corrupt, else
 * ERR_NETWORK. */
int sideband_read(const char *data, size_t len,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct buf *said, struct err *err);

/* Of what was said, the lines that tell of an error or that a hook wrote, safe
 * for a terminal, parted by "; "; at most max bytes. Progress and the like is
 * left out. */
void sideband_add_said(const struct buf *said, size_t max, struct buf *out);

#endif
