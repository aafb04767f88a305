/*
 * Runs another program to its end and reads what it prints: plugins that give
 * credentials. It gets nothing from us but its arguments and environment. It is
 * ended, with all that it started, if it takes too long or if we are to stop.
 */
#ifndef STORAGE_BASE_PROGRAM_H
#define STORAGE_BASE_PROGRAM_H

#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct program {
	const struct strvec *args; /* the first is the program, found in PATH */
	const struct strvec *env;  /* "NAME=value", over our own; or NULL */
	size_t max_output_bytes;
	int64_t time_limit_ms;
	const struct clock *clock; /* NULL: the system's */
	const struct cancel *cancel;
};

/* The path of a program of that name that may be executed, in one of the
 * absolute directories of PATH; the caller frees. NULL: there is none. */
char *program_find(const char *name);

/* Starts it with these files as its standard input, output and error; -1 as
 * input: /dev/null. The caller keeps its own, and waits for the end. Only args
 * and env of the program count. It leads a process group of its own. Errors as
 * of program_run. */
int program_spawn(
    const struct program *p, const int files[3], pid_t *pid, struct err *err);
/* Ends it and all that it started, at once, and waits for that. */
void program_kill(pid_t pid);

/* Appends what it prints on its standard output. -1 with
 *   ERR_NOT_FOUND  there is no such program
 *   ERR_DENIED     it ended with a status or by a signal; the message has the
 *                  first line that it printed on its standard error
 *   ERR_FORMAT     it printed more than it may
 *   ERR_NETWORK    it was not done in time
 *   ERR_CANCELLED, ERR_SYSTEM */
int program_run(const struct program *p, struct buf *out, struct err *err);

#endif
