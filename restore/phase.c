#include "restore/phase.h"

#include "storage/base/cleanup.h"
#include "storage/base/estimate.h"
#include "storage/base/json_text.h"
#include "storage/base/log.h"
#include "storage/base/str.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { RENEW_AFTER_MS = 100 };

static const struct {
	const char *name, *doing;
	bool bytes;
	const char *one, *many;
} kinds[PHASE_COUNT] = {
    [PHASE_START] = {"start", "starting", .one = "control plane",
	.many = "control planes"},
    [PHASE_VERIFY] = {"verify", "verifying", .bytes = true},
    [PHASE_UNPACK] = {"unpack", "unpacking", .bytes = true},
    [PHASE_CHECK] = {"check", "checking", .one = "entry", .many = "entries"},
    [PHASE_COPY] = {"copy", "copying", .bytes = true},
    [PHASE_PLAN] = {.name = "plan", .doing = "planning"},
    [PHASE_ASK] = {"ask", "asking the targets", .one = "step", .many = "steps"},
    [PHASE_RESTORE] = {"restore", "restoring", .one = "step", .many = "steps"},
    [PHASE_COMPARE] = {.name = "compare", .doing = "comparing"},
};

static void show(const struct phase *p, uint64_t done, int64_t now_ms)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	const struct estimate e = {.bytes = kinds[p->kind].bytes,
	    .done = done,
	    .before = p->before,
	    .total = p->total,
	    .elapsed_ms = now_ms - p->began_ms};

	buf_add_str(&text, kinds[p->kind].doing);
	if (p->total) {
		buf_add_str(&text, ": ");
		estimate_add(&text, &e);
	}
	log_progress("%s", buf_str(&text));
}

static void add_total(const struct phase *p, struct buf *text)
{
	if (kinds[p->kind].bytes)
		str_add_bytes(text, p->total);
	else
		str_add_count(
		    text, p->total, kinds[p->kind].one, kinds[p->kind].many);
}

static void add_before(const struct phase *p, struct buf *text)
{
	buf_add_str(text, ", of which ");
	if (kinds[p->kind].bytes)
		str_add_bytes(text, p->before);
	else
		buf_printf(text, "%llu", (unsigned long long)p->before);
	buf_add_str(text, " are done");
}

static void tell(struct phase *p, const char *what)
{
	cleanup(buf_done) struct buf text = BUF_INIT, facts = BUF_INIT;

	json_text_str(&facts, "phase", kinds[p->kind].name);
	buf_add_str(&text, kinds[p->kind].doing);
	if (what) {
		json_text_str(&facts, "snapshot", what);
		buf_printf(&text, " %s", what);
	}
	if (p->total) {
		json_text_int(&facts, kinds[p->kind].bytes ? "bytes" : "items",
		    (int64_t)p->total);
		buf_add_str(&text, what ? ": " : " ");
		add_total(p, &text);
	}
	if (p->before)
		add_before(p, &text);
	log_named(
	    LOG_LEVEL_INFO, "phase.started", &facts, "%s", buf_str(&text));
}

void phase_go_on(struct phase *p, const struct clock *clock,
    enum phase_kind kind, const char *what, uint64_t before, uint64_t total)
{
	bool told = p->told & 1U << kind;

	p->kind = kind;
	p->clock = clock;
	p->before = before;
	p->total = total;
	p->began_ms = clock_ticks_ms(clock);
	p->told |= 1U << kind;
	atomic_store(&p->shown_ms, p->began_ms);
	if (log_progress_shown())
		show(p, before, p->began_ms);
	else if (!told)
		tell(p, what);
}

void phase_begin(struct phase *p, const struct clock *clock,
    enum phase_kind kind, const char *what, uint64_t total)
{
	phase_go_on(p, clock, kind, what, 0, total);
}

/* Of several threads, one renews the line. */
void phase_at(struct phase *p, uint64_t done)
{
	int64_t now, shown;

	if (!log_progress_shown())
		return;
	now = clock_ticks_ms(p->clock);
	shown = atomic_load(&p->shown_ms);
	if (done < p->total && now - shown < RENEW_AFTER_MS)
		return;
	if (atomic_compare_exchange_strong(&p->shown_ms, &shown, now) ||
	    done >= p->total)
		show(p, done, now);
}

void phase_forget(struct phase *p)
{
	p->told = 0;
}

/* ---- what is read ---- */

static void on_read(void *ctx, uint64_t done, uint64_t total)
{
	(void)total;
	phase_at(ctx, done);
}

struct source *phase_source(
    struct phase *p, uint64_t before, struct source *from)
{
	return source_counted(from, before, p->total, on_read, p);
}
