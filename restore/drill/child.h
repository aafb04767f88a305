/*
 * A program that runs beside this process and no longer than it: the kernel
 * ends it when the thread that started it ends, however that happens
 * (PR_SET_PDEATHSIG, prctl(2)). It gets no descriptor, no signal of our
 * terminal, and none of our environment.
 */
#ifndef RESTORE_DRILL_CHILD_H
#define RESTORE_DRILL_CHILD_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid; /* 0: none */
	char *log; /* a file with all that it prints */
};

/* From a thread that lives as long as the child is to. args: the first is the
 * path of the program. It starts in `dir`, and logs to the new file
 * `dir`/`name`.log. ERR_NOT_FOUND, ERR_DENIED or ERR_SYSTEM if it cannot be
 * started. */
int child_start(struct child *c, const struct strvec *args, const char *dir,
    const char *name, struct err *err);
/* Whether it has not ended by itself. */
bool child_runs(struct child *c);
/* Appends the last line that it printed, printable, for a message. */
void child_last_line(const struct child *c, struct buf *out);
/* Ends it and waits for that. */
void child_done(struct child *c);

#endif
