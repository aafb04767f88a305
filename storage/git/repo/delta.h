/*
 * Deltas of a pack (gitformat-pack(5), "Deltified representation"). Pure.
 */
#ifndef STORAGE_GIT_REPO_DELTA_H
#define STORAGE_GIT_REPO_DELTA_H

#include "storage/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The lengths that a delta begins with. ERR_FORMAT. */
int delta_sizes(const uint8_t *delta, size_t len, uint64_t *base_bytes,
    uint64_t *result_bytes, struct err *err);
/* Applies it; out has the result's length, base the base's. ERR_FORMAT. */
int delta_apply(const uint8_t *delta, size_t len, const uint8_t *base,
    size_t base_len, uint8_t *out, size_t out_len, struct err *err);

#endif
