#include "restore/run/outcome.h"

#include "storage/base/cleanup.h"

#include <stdarg.h>
#include <stdlib.h>

static const char *const names[] = {
    [OUTCOME_PENDING] = "pending",
    [OUTCOME_CREATED] = "created",
    [OUTCOME_UPDATED] = "updated",
    [OUTCOME_DELETED] = "deleted",
    [OUTCOME_UNCHANGED] = "unchanged",
    [OUTCOME_SKIPPED] = "skipped",
    [OUTCOME_DIFFERS] = "differs",
    [OUTCOME_ACCEPTED] = "accepted",
    [OUTCOME_UNCHECKED] = "unchecked",
    [OUTCOME_HELD] = "held",
    [OUTCOME_PARTIAL] = "partial",
    [OUTCOME_FAILED] = "failed",
};

void outcome_done(struct outcome *o)
{
	free(o->detail);
	strvec_done(&o->notes);
	*o = (struct outcome)OUTCOME_INIT;
}

const char *outcome_name(enum outcome_kind kind)
{
	return names[kind];
}

bool outcome_is_missing(enum outcome_kind kind)
{
	return kind == OUTCOME_PENDING || kind == OUTCOME_HELD ||
	       kind == OUTCOME_PARTIAL || kind == OUTCOME_FAILED;
}

__attribute__((format(printf, 1, 0))) static char *text(
    const char *fmt, va_list ap)
{
	struct buf b = BUF_INIT;

	buf_vprintf(&b, fmt, ap);
	return buf_steal(&b);
}

void outcome_set(
    struct outcome *o, enum outcome_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *detail = text(fmt, ap);
	va_end(ap);
	free(o->detail);
	o->detail = *detail ? steal(detail) : NULL;
	o->kind = kind;
}

void outcome_note(struct outcome *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*vec_add(&o->notes) = text(fmt, ap);
	va_end(ap);
}

void outcome_failed(struct outcome *o, const struct err *err)
{
	outcome_set(o, OUTCOME_FAILED, "%s", err->message);
}
