/*
 * The life of a run, as those who watch over it are told: that it started, and
 * how it ended. Both programs' commands that change something, or prove
 * something, are watched.
 */
#ifndef CONFIG_WATCH_WATCH_H
#define CONFIG_WATCH_WATCH_H

#include "config/connect.h"
#include "config/settings.h"
#include "storage/base/err.h"

struct watch_options {
	const char *program; /* "backstay-agent" */
	const char *command; /* "backup" */
	const struct settings *settings;
	struct connect_env env;
};

struct watch;
/* All borrowed. Never fails: whoever cannot be told is named in a warning. */
struct watch *watch_start(const struct watch_options *o);
/* The exit status, or -1 with the error. Frees it. */
void watch_finish(struct watch *w, int status, const struct err *err);

#endif
