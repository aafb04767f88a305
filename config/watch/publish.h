/*
 * Where the metrics of runs are kept, and given to Prometheus. Runs of one
 * configuration may end at the same time: each adds its own to the state of all
 * under a lock.
 *
 *     <state_dir>/metrics-<program>-<name>.json    the state
 *     <textfile_directory>/<program>-<name>.prom   what node_exporter reads
 *     PUT <pushgateway>/metrics/job/<program>/name/<name>
 */
#ifndef CONFIG_WATCH_PUBLISH_H
#define CONFIG_WATCH_PUBLISH_H

#include "config/connect.h"
#include "config/settings.h"
#include "storage/notify/metrics.h"

/* Whether metrics are configured. */
bool publish_is_wanted(const struct settings *s);

/* Checks that metrics can be published: the folder exists and is writable, and
 * the password can be read. Writes and sends nothing. */
int publish_check(const struct settings *s, struct err *err);

/* Reads the state, lets `change` modify it, saves it and publishes it. A
 * failure is a warning in the log. */
void publish_change(const struct settings *s, const char *program,
    const struct connect_env *env,
    void (*change)(void *ctx, struct metrics *all), void *ctx);

#endif
