/*
 * Reports the start, the end and the measurements of a run: as the first and
 * the last event of the log, as notices to the recipients under `notify`, and
 * as metrics.
 *
 * Nothing here ever fails a run: what cannot be reported is a warning in the
 * log.
 */
#ifndef CONFIG_WATCH_WATCH_H
#define CONFIG_WATCH_WATCH_H

#include "config/connect.h"
#include "config/settings.h"
#include "storage/base/err.h"
#include "storage/notify/metrics.h"

/* Tries, without sending anything, whether metrics can be published and each
 * notification could be sent: `note` is called once for each that is
 * configured; err NULL: it can be used. */
void watch_check(const struct settings *s,
    void (*note)(void *ctx, const char *what, const struct err *err),
    void *ctx);

struct watch_options {
	const char *program; /* "backstay-agent" */
	const char *command; /* "backup" */
	const struct settings *settings;
	struct connect_env env;
};

struct watch;
struct watch *watch_start(const struct watch_options *o); /* all borrowed */
/* The exit status, or -1 with the error. Frees it. */
void watch_finish(struct watch *w, int status, const struct err *err);

/* All of these take NULL, and are for the thread that started it. */

/* Whether the run is no more than a part of one: if that ends well, it is not
 * reported as a backup that did. */
void watch_apart(struct watch *w, bool apart);
/* The snapshot that the run made or read. */
void watch_snapshot(struct watch *w, const char *label);
/* Ends the phase before, and begins one: "open", "capture", "seal", "commit",
 * "prune". */
void watch_phase(struct watch *w, const char *phase);
/* Whether metrics are configured. If not, a caller can save the requests that
 * measuring would cost. */
bool watch_measures(const struct watch *w);
/* A sample of series.h; `labels` besides `name`, ended by NULL; a counter is
 * added to. */
void watch_sample(struct watch *w, const char *family,
    const struct metrics_label *labels, int64_t value);
/* The same with one label, or none (NULL). */
void watch_value(struct watch *w, const char *family, const char *label,
    const char *of, int64_t value);

#endif
