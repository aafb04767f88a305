#include "config/watch/watch.h"

#include "storage/base/cleanup.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"

#include <stdlib.h>

struct watch {
	const struct watch_options o;
	int64_t started_ticks;
};

static const char *result_of(int status)
{
	return status == 0 ? "success" : status == 1 ? "partial" : "failure";
}

struct watch *watch_start(const struct watch_options *o)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;
	struct watch w = {
	    .o = *o, .started_ticks = clock_ticks_ms(o->env.clock)};

	json_text_str(&facts, "program", o->program);
	json_text_str(&facts, "version", BACKSTAY_VERSION);
	json_text_str(&facts, "command", o->command);
	json_text_str(&facts, "name", o->settings->name);
	log_named(LOG_LEVEL_INFO, "run.started", &facts,
	    "%s of '%s' started, version %s, run %s", o->command,
	    o->settings->name, BACKSTAY_VERSION, log_run());
	return mem_dup(&w, sizeof(w));
}

static void log_finished(
    const struct watch *w, int status, const struct err *err)
{
	cleanup(buf_done) struct buf facts = BUF_INIT;
	int64_t ms = clock_ticks_ms(w->o.env.clock) - w->started_ticks;
	const char *result = result_of(status);

	json_text_str(&facts, "command", w->o.command);
	json_text_str(&facts, "result", result);
	json_text_int(&facts, "exit_status", status);
	json_text_int(&facts, "milliseconds", ms);
	if (err)
		json_text_str(&facts, "error", err->message);
	log_named(LOG_LEVEL_INFO, "run.finished", &facts,
	    "%s of '%s' finished: %s, exit status %d, %lld.%02lld s",
	    w->o.command, w->o.settings->name, result, status,
	    (long long)(ms / 1000), (long long)(ms / 10 % 100));
}

void watch_finish(struct watch *w, int status, const struct err *err)
{
	if (status < 0)
		log_finished(w, err_exit_status(err), err);
	else
		log_finished(w, status, NULL);
	free(w);
}
