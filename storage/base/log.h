/*
 * Events, one a line, on standard error. Only the mains and the orchestrators
 * log, and storage/http each request at the level of details; other library
 * code returns what it has to say. Outside text is made safe for a terminal
 * (text) or escaped (JSON); secrets never come here.
 *
 * An event that a program may wait for has a name, which never changes, and
 * facts: members of its JSON line besides `time`, `level`, `run` and `message`.
 * backstay-agent(1) lists them. The run is the same in all lines of a process.
 *
 * What systemd-journald reads has the priority before each line, as
 * sd-daemon(3) says.
 *
 * On a terminal a progress line stands below the events and is renewed in
 * place. Safe from several threads: a line is written whole.
 */
#ifndef STORAGE_BASE_LOG_H
#define STORAGE_BASE_LOG_H

#include "storage/base/buf.h"
#include "storage/base/clock.h"

#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

enum { LOG_RUN_MAX = 33 };

struct log_options {
	enum log_level level;
	enum log_format format;
	bool progress; /* standard error is a terminal: text format only */
	bool colour;   /* of the level, likewise */
	bool journal;
	char run[LOG_RUN_MAX];	   /* "": lines do not have it */
	const struct clock *clock; /* borrowed for the life of the program */
};
void log_setup(const struct log_options *o);
/* Whether standard error goes to the journal: systemd.exec(5),
 * $JOURNAL_STREAM. */
bool log_reaches_journal(void);
/* Of this process, "" where it was set up with none. */
const char *log_run(void);

void log_event(enum log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* An event with a name. The facts are members, written by json_text into an
 * empty buf; NULL: none. */
void log_named(enum log_level level, const char *name, const struct buf *facts,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool log_is_shown(enum log_level level);

/* Appends the last lines as text, at most so many bytes: those down to
 * LOG_LEVEL_INFO, whatever is shown. */
void log_tail(struct buf *out, size_t max_bytes);

#define log_error(...) log_event(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_event(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_event(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_event(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Renews the progress line; "" takes it away. It is cut to the width of the
 * terminal, so the most telling comes first. */
void log_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool log_progress_shown(void);

#endif
