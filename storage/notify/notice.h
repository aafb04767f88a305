/*
 * What is told of one moment of a run, and the forms in which it is told. It
 * holds no secret: names, counts, and lines of the log, which has none either.
 */
#ifndef STORAGE_NOTIFY_NOTICE_H
#define STORAGE_NOTIFY_NOTICE_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stddef.h>
#include <stdint.h>

struct notice {
	const char *event; /* "start", "success", "partial", "failure" */
	const char *program, *command;
	const char *name; /* of the configuration */
	const char *host;
	const char *run;
	int exit_status; /* 0 at the start */
	int64_t milliseconds;
	const char *snapshot; /* label, or NULL */
	const char *error;    /* or NULL */
	const char *log;      /* the last lines */
};

/* "backup of platform on host: partial" */
void notice_title(const struct notice *n, struct buf *out);
/* One object with all that is there. */
void notice_json(const struct notice *n, struct buf *out);
/* The template with each {{event}}, {{program}}, {{command}}, {{name}},
 * {{host}}, {{run}}, {{exit_status}}, {{seconds}}, {{snapshot}}, {{error}},
 * {{log}} and {{title}} replaced by that text, escaped as inside a JSON string;
 * "" for what is not there. ERR_USAGE where it names another, or where what
 * comes out is not JSON. */
int notice_fill(const struct notice *n, const char *template, size_t len,
    struct buf *out, struct err *err);
/* "BACKSTAY_EVENT=start" and so on, for the environment of a program. */
void notice_environment(const struct notice *n, struct strvec *out);

#endif
