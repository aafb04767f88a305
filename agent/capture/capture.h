/*
 * A capture reads one kind of source, puts what it finds into lanes of the
 * archive, and reports what it could not get. A new kind of source is one room
 * below agent whose capture fills a report.
 *
 * A capture never fails as a whole because one thing did: what is missing is
 * named in the report, and the snapshot is then partial.
 */
#ifndef AGENT_CAPTURE_CAPTURE_H
#define AGENT_CAPTURE_CAPTURE_H

#include "storage/archive/writer.h"
#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/random.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;
struct manifest;

/* Something that should have been captured and was not. */
struct capture_missing {
	char *what;   /* "repository 'helm-charts'", "secrets in 'staging'" */
	char *reason; /* the whole error message */
	enum err_code code;
	/* Of a list that the account may not read, {cluster, resource,
	 * namespace}: many such are told in one line. Owned, or NULL. */
	struct json_object *refused;
};
VEC_DEFINE(missing_vec, struct capture_missing);

struct capture_report {
	uint64_t items; /* repositories, objects, states that are in */
	uint64_t bytes;
	struct missing_vec missing;
	struct strvec warnings;
	/* This source's part of the manifest; owned, or NULL. */
	struct json_object *summary;
};
#define CAPTURE_REPORT_INIT                                                    \
	{                                                                      \
		.items = 0                                                     \
	}

void capture_report_done(struct capture_report *r);
/* Safe from several workers of one capture only under their own lock. What is
 * added is handed out, good until the next. */
struct capture_missing *capture_report_missing(
    struct capture_report *r, const struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void capture_report_warning(struct capture_report *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* What is missing, as a manifest has it; the caller's. */
struct json_object *capture_report_missing_list(const struct capture_report *r);

/* Into a manifest: what is missing and the warnings, each of at most
 * CAPTURE_NAMED entries and CAPTURE_NAMED_BYTES; how many more there are is one
 * entry more. A manifest has to read, however much went wrong. */
enum { CAPTURE_NAMED = 5000, CAPTURE_NAMED_BYTES = 1536 * 1024 };
void capture_report_record(
    const struct capture_report *r, const char *kind, struct manifest *m);

/* Whether something was refused, and what to do then. */
bool capture_report_refused(const struct capture_report *r);
extern const char capture_refused_advice[];

/* What every capture is given besides its own options; all borrowed. */
struct capture_env {
	struct archive_writer *writer;
	const char *state_dir; /* survives from run to run */
	const char *name;      /* of the configuration: whose state it is */
	const char *scratch;   /* private, gone at the end */
	const struct clock *clock;
	const struct random *random;
	const struct cancel *cancel;
	/* Tells how far one item is; may be NULL. Safe from any thread. */
	void (*progress)(
	    void *ctx, const char *item, uint64_t done, uint64_t total);
	void *progress_ctx;
	/* Called with each object of a cluster that is put into the archive;
	 * `key` is that of its resource. May be NULL. Has to be safe from any
	 * thread. */
	void (*note)(void *ctx, const char *cluster, const char *key,
	    const char *ns, const char *name, const char *text, size_t len);
	/* Told each repository whose mirror, in `dir`, is up to date, while the
	 * archive reads that: its lock is held. NULL: nobody is. Safe from any
	 * thread. */
	void (*mirrored)(
	    void *ctx, const char *name, const char *url, const char *dir);
	void *note_ctx; /* of both */
};

#endif
