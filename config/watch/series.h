/* The series that a run leaves, as a table: backstay-agent(1) lists them. Each
 * has the label `name`, of the configuration. */
#ifndef CONFIG_WATCH_SERIES_H
#define CONFIG_WATCH_SERIES_H

#include "storage/notify/metrics.h"

extern const struct metrics_family series_families[];

#endif
