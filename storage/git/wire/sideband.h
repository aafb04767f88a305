/*
 * Several streams in one (gitprotocol-pack(5), "side-band-64k"). Pure.
 */
#ifndef STORAGE_GIT_WIRE_SIDEBAND_H
#define STORAGE_GIT_WIRE_SIDEBAND_H

#include "storage/base/buf.h"
#include "storage/base/err.h"

#include <stddef.h>

/* Handles the payload of one pkt-line with a band: data go to on_data, messages
 * are added to `messages`, and a fatal error becomes the error, with those
 * messages: ERR_INTEGRITY if the server's repository is corrupt, else
 * ERR_NETWORK. */
int sideband_read(const char *data, size_t len,
    int (*on_data)(void *ctx, const void *data, size_t len, struct err *err),
    void *ctx, struct buf *messages, struct err *err);

/* From the messages, the lines that report an error or that a hook wrote, safe
 * for a terminal, separated by "; "; at most max bytes. Progress is left out.
 */
void sideband_add_message(
    const struct buf *messages, size_t max, struct buf *out);

#endif
