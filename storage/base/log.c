#include "storage/base/log.h"

#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLEAR_LINE "\r\x1b[K"

enum { TAIL_BYTES = 10000 };

static struct {
	pthread_mutex_t lock;
	struct log_options o;
	char line[256]; /* the progress line that is shown now, "" for none */
	char tail[TAIL_BYTES];
	size_t tail_len;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .o.level = LOG_LEVEL_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const colours[] = {"\x1b[31m", "\x1b[33m", "", ""};
/* syslog(3): error, warning, informational, debug. */
static const int priorities[] = {3, 4, 6, 7};

void log_setup(const struct log_options *o)
{
	state.o = *o;
	state.o.progress = o->progress && o->format == LOG_FORMAT_TEXT;
	state.line[0] = '\0';
	state.tail_len = 0;
}

bool log_reaches_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st))
		return false;
	autofree char *ours = str_printf("%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return str_eq(stream, ours);
}

const char *log_run(void)
{
	return state.o.run;
}

bool log_is_shown(enum log_level level)
{
	return level <= state.o.level;
}

/* If standard error takes nothing, there is no place left to report that. */
static void put(const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(STDERR_FILENO, data, len);
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* Writes one line with its end. The tail is not coloured. */
static void add_line(struct buf *out, enum log_level level, const char *now,
    const struct buf *message, bool colour)
{
	const char *start = colour ? colours[level] : "";

	buf_printf(out, "%s %s%-5s%s ", now, start, level_names[level],
	    *start ? "\x1b[m" : "");
	str_add_printable(out, buf_str(message), message->len);
	buf_add_char(out, '\n');
}

static void add_text(struct buf *out, enum log_level level, const char *now,
    const struct buf *message)
{
	if (state.line[0])
		buf_add_str(out, CLEAR_LINE);
	add_line(out, level, now, message, state.o.colour);
	buf_add_str(out, state.line);
}

struct event {
	enum log_level level;
	const char *name; /* NULL: none */
	const struct buf *facts;
	struct buf message;
};

static void add_json(struct buf *out, const struct event *e, const char *now)
{
	/* A document of its own: behind a priority, it would get a comma. */
	cleanup(buf_done) struct buf text = BUF_INIT;

	json_text_object(&text, NULL);
	json_text_str(&text, "time", now);
	json_text_str(&text, "level", level_names[e->level]);
	if (state.o.run[0])
		json_text_str(&text, "run", state.o.run);
	json_text_str(&text, "event", e->name ? e->name : "message");
	json_text_str(&text, "message", buf_str(&e->message));
	if (e->facts && e->facts->len) {
		buf_add_char(&text, ',');
		buf_add(&text, e->facts->data, e->facts->len);
	}
	json_text_object_end(&text);
	buf_add_char(&text, '\n');
	buf_add(out, text.data, text.len);
}

/* A whole line is printed in the same way as any other event. */
static void keep(const struct event *e, const char *now)
{
	cleanup(buf_done) struct buf line = BUF_INIT;

	if (e->level > LOG_LEVEL_INFO)
		return;
	add_line(&line, e->level, now, &e->message, false);
	if (line.len > TAIL_BYTES) {
		buf_truncate(&line, TAIL_BYTES - 1);
		buf_add_char(&line, '\n');
	}
	size_t drop = 0;
	while (state.tail_len - drop + line.len > TAIL_BYTES) {
		const char *end =
		    memchr(state.tail + drop, '\n', state.tail_len - drop);
		drop = (size_t)(end - state.tail) + 1;
	}
	memmove(state.tail, state.tail + drop, state.tail_len - drop);
	state.tail_len -= drop;
	memcpy(state.tail + state.tail_len, line.data, line.len);
	state.tail_len += line.len;
}

static void show(const struct event *e, const char *now)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (!log_is_shown(e->level))
		return;
	if (state.o.journal)
		buf_printf(&out, "<%d>", priorities[e->level]);
	if (state.o.format == LOG_FORMAT_JSON)
		add_json(&out, e, now);
	else
		add_text(&out, e->level, now, &e->message);
	put(out.data, out.len);
}

__attribute__((format(printf, 2, 0))) static void add_event(
    struct event *e, const char *fmt, va_list ap)
{
	const struct clock *c = state.o.clock ? state.o.clock : clock_system();
	char now[CLOCK_TEXT_MAX];

	if (!log_is_shown(e->level) && e->level > LOG_LEVEL_INFO)
		return;
	buf_vprintf(&e->message, fmt, ap);
	clock_rfc3339(clock_now_ms(c) / 1000, now);
	pthread_mutex_lock(&state.lock);
	show(e, now);
	keep(e, now);
	pthread_mutex_unlock(&state.lock);
	buf_done(&e->message);
}

void log_event(enum log_level level, const char *fmt, ...)
{
	struct event e = {.level = level, .message = BUF_INIT};
	va_list ap;

	va_start(ap, fmt);
	add_event(&e, fmt, ap);
	va_end(ap);
}

void log_named(enum log_level level, const char *name, const struct buf *facts,
    const char *fmt, ...)
{
	struct event e = {
	    .level = level, .name = name, .facts = facts, .message = BUF_INIT};
	va_list ap;

	va_start(ap, fmt);
	add_event(&e, fmt, ap);
	va_end(ap);
}

void log_tail(struct buf *out, size_t max_bytes)
{
	size_t start = 0;

	pthread_mutex_lock(&state.lock);
	while (state.tail_len - start > max_bytes) {
		const char *end =
		    memchr(state.tail + start, '\n', state.tail_len - start);
		start = (size_t)(end - state.tail) + 1;
	}
	buf_add(out, state.tail + start, state.tail_len - start);
	pthread_mutex_unlock(&state.lock);
}

bool log_progress_shown(void)
{
	return state.o.progress;
}

/* A line that wraps could not be replaced in place. The last column stays free,
 * since some terminals wrap there already. */
static size_t columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col < 2)
		return 79;
	return size.ws_col - 1U;
}

void log_progress(const char *fmt, ...)
{
	cleanup(buf_done) struct buf text = BUF_INIT, out = BUF_INIT;
	va_list ap;

	if (!state.o.progress)
		return;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	pthread_mutex_lock(&state.lock);
	if (text.len >= sizeof(state.line))
		buf_truncate(&text, sizeof(state.line) - 1);
	buf_truncate(&text, str_fit(buf_str(&text), columns()));
	memcpy(state.line, buf_str(&text), text.len + 1);
	buf_add_str(&out, CLEAR_LINE);
	buf_add(&out, state.line, text.len);
	put(out.data, out.len);
	pthread_mutex_unlock(&state.lock);
}
