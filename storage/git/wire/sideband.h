/*
 * Several streams over one (gitprotocol-pack(5), "side-band-64k"). Pure.
 */
#ifndef STORAGE_GIT_WIRE_SIDEBAND_H
#define STORAGE_GIT_WIRE_SIDEBAND_H

#include "storage/base/err.h"

#include <stddef.h>

/* The payload of one pkt-line with a band: its data go to on_data, progress is
 * passed over, and what the server says as it gives up becomes the error. */
int sideband_read(const char *data, size_t len,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct err *err);

#endif
