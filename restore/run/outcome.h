/*
 * What became of one node of a restore: a repository, a state object, a
 * Kubernetes object. The driver of its kind fills it; the journal keeps it and
 * the report prints it.
 */
#ifndef RESTORE_RUN_OUTCOME_H
#define RESTORE_RUN_OUTCOME_H

#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdbool.h>

enum outcome_kind {
	OUTCOME_PENDING,   /* not tried yet, or stopped before it was */
	OUTCOME_CREATED,   /* was not there, is now */
	OUTCOME_UPDATED,   /* was there and was changed */
	OUTCOME_DELETED,   /* was there, and is no longer: pruned */
	OUTCOME_UNCHANGED, /* was there and equal: nothing was written */
	OUTCOME_SKIPPED,  /* left alone by policy or request; detail says why */
	OUTCOME_DIFFERS,  /* was there and is another: left alone by policy */
	OUTCOME_ACCEPTED, /* by a dry run beside others that wrote */
	OUTCOME_UNCHECKED, /* in a dry run: it cannot be asked about yet */
	OUTCOME_HELD,	   /* something it depends on failed */
	OUTCOME_PARTIAL,   /* applied, but parts were refused: see the notes */
	OUTCOME_FAILED,
};

struct outcome {
	enum outcome_kind kind;
	char *detail;	     /* one line for people, or NULL */
	struct strvec notes; /* what was left out or must be done by hand */
};
#define OUTCOME_INIT                                                           \
	{                                                                      \
		.kind = OUTCOME_PENDING                                        \
	}

void outcome_done(struct outcome *o);
const char *outcome_name(enum outcome_kind kind);
/* Whether the exit status must say that something is missing. */
bool outcome_is_missing(enum outcome_kind kind);
/* An empty text sets no detail. */
void outcome_set(struct outcome *o, enum outcome_kind kind, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
void outcome_note(struct outcome *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* FAILED with the message of err. */
void outcome_failed(struct outcome *o, const struct err *err);

#endif
