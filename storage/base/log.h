/*
 * Events, one a line, on standard error. Only the mains and the orchestrators
 * log; library code returns what it has to say. Outside text is made safe for
 * a terminal (text) or escaped (JSON); secrets never come here.
 *
 * On a terminal a progress line stands below the events and is renewed in
 * place. Safe from several threads: a line is written whole.
 */
#ifndef STORAGE_BASE_LOG_H
#define STORAGE_BASE_LOG_H

#include "storage/base/clock.h"

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* The clock is borrowed for the life of the program. Progress lines are shown
 * only where `progress` is set: standard error is a terminal, text format. */
void log_setup(enum log_level level, enum log_format format, bool progress,
    const struct clock *clock);

void log_event(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...) log_event(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_event(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_event(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_event(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Renews the progress line; "" takes it away. It is cut to the width of the
 * terminal, so the most telling comes first. */
void log_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool log_progress_shown(void);

#endif
