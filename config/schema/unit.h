/*
 * Durations and sizes as people write them, with their unit: 500ms, 30s, 5m,
 * 2h, 7d, 1w; 512B, 64KiB, 2GiB; 10%. A bare 0 needs none.
 */
#ifndef CONFIG_SCHEMA_UNIT_H
#define CONFIG_SCHEMA_UNIT_H

#include "storage/base/buf.h"

#include <stdint.h>

/* -1 where the text is none, or more than fits. */
int unit_parse_duration(const char *text, int64_t *ms);
int unit_parse_bytes(const char *text, uint64_t *bytes);
int unit_parse_percent(const char *text, int64_t *percent);

/* In the largest unit that says it in a whole number; they read back. */
void unit_add_duration(struct buf *out, int64_t ms);
void unit_add_bytes(struct buf *out, uint64_t bytes);

#endif
