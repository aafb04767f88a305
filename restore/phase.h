/*
 * What whoever waits for a long command is told. On a terminal, a line that is
 * renewed: what is done, how fast, and how long it will take on. Where there is
 * none, an event of the log as each phase begins.
 */
#ifndef RESTORE_PHASE_H
#define RESTORE_PHASE_H

#include "storage/base/clock.h"
#include "storage/base/stream.h"

#include <stdint.h>

enum phase_kind {
	PHASE_NONE,
	PHASE_START,   /* control planes */
	PHASE_VERIFY,  /* bytes of archives, as they are stored */
	PHASE_UNPACK,  /* the same */
	PHASE_CHECK,   /* entries, whose content is looked into */
	PHASE_COPY,    /* bytes of archives */
	PHASE_PLAN,    /* nothing that is counted */
	PHASE_ASK,     /* steps of a plan, sent as dry runs */
	PHASE_RESTORE, /* steps of a plan */
	PHASE_COMPARE, /* nothing that is counted */
	PHASE_COUNT
};

/* All zero: nothing has begun. */
struct phase {
	enum phase_kind kind;
	const struct clock *clock; /* borrowed */
	uint64_t total, before;
	int64_t began_ms;
	/* When the line was last renewed: each time would cost more than what
	 * it tells of. */
	_Atomic int64_t shown_ms;
	unsigned told; /* of those kinds the log has an event: one bit each */
};

/* `what` is the snapshot that it is about, or NULL; total 0: not known. Of one
 * that has begun before, as with each archive of a list, the log says nothing
 * more, until phase_forget. */
void phase_begin(struct phase *p, const struct clock *clock,
    enum phase_kind kind, const char *what, uint64_t total);
/* The same where so much of it was done by an earlier run. */
void phase_go_on(struct phase *p, const struct clock *clock,
    enum phase_kind kind, const char *what, uint64_t before, uint64_t total);
/* From any thread. */
void phase_at(struct phase *p, uint64_t done);
/* Another snapshot follows. */
void phase_forget(struct phase *p);

/* A source that shows how much of it was read, as what follows `before` bytes
 * of the phase's total. It owns `from`, and borrows the phase. */
struct source *phase_source(
    struct phase *p, uint64_t before, struct source *from);

#endif
