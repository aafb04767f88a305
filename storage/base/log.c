#include "storage/base/log.h"

#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/str.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CLEAR_LINE "\r\x1b[K"

static struct {
	pthread_mutex_t lock;
	enum log_level level;
	enum log_format format;
	bool progress;
	const struct clock *clock;
	char line[256]; /* the progress line as it stands, "" for none */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = LOG_LEVEL_INFO};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_setup(enum log_level level, enum log_format format, bool progress,
    const struct clock *clock)
{
	state.level = level;
	state.format = format;
	state.progress = progress && format == LOG_FORMAT_TEXT;
	state.clock = clock;
}

/* Standard error that takes nothing has nobody to be told so. */
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

static void add_text(struct buf *out, enum log_level level, const char *now,
    const struct buf *message)
{
	if (state.line[0])
		buf_add_str(out, CLEAR_LINE);
	buf_printf(out, "%s %-5s ", now, level_names[level]);
	str_add_printable(out, buf_str(message), message->len);
	buf_add_char(out, '\n');
	buf_add_str(out, state.line);
}

static void add_json(struct buf *out, enum log_level level, const char *now,
    const struct buf *message)
{
	json_text_object(out, NULL);
	json_text_str(out, "time", now);
	json_text_str(out, "level", level_names[level]);
	json_text_str(out, "message", buf_str(message));
	json_text_object_end(out);
	buf_add_char(out, '\n');
}

void log_event(enum log_level level, const char *fmt, ...)
{
	cleanup(buf_done) struct buf message = BUF_INIT, out = BUF_INIT;
	char now[CLOCK_TEXT_MAX];
	va_list ap;

	if (level > state.level)
		return;
	va_start(ap, fmt);
	buf_vprintf(&message, fmt, ap);
	va_end(ap);
	const struct clock *c = state.clock ? state.clock : clock_system();
	clock_rfc3339(clock_now_ms(c) / 1000, now);
	pthread_mutex_lock(&state.lock);
	if (state.format == LOG_FORMAT_JSON)
		add_json(&out, level, now, &message);
	else
		add_text(&out, level, now, &message);
	put(out.data, out.len);
	pthread_mutex_unlock(&state.lock);
}

bool log_progress_shown(void)
{
	return state.progress;
}

/* A line that wraps could not be renewed in place. The last column stays
 * free, where some terminals wrap already. */
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

	if (!state.progress)
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
