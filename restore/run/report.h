/*
 * What became of every node, for people and for programs.
 */
#ifndef RESTORE_RUN_REPORT_H
#define RESTORE_RUN_REPORT_H

#include "restore/run/outcome.h"
#include "storage/base/buf.h"
#include "storage/base/texts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct report_item {
	const char *group; /* summary line: "git", "terraform", "Secret" */
	const char *what;  /* "Deployment staging/web" */
	uint32_t level;
	struct outcome outcome;
};

/* A wait for something to be ready. */
struct report_gate {
	char *what;
	bool passed;
	char *detail; /* how long, or why not */
};

/* A layer of the platform. */
struct report_layer {
	char *name;
	const char *state; /* "restored", "failed", "held", "pending",
			      "waiting for approval" */
	size_t nodes, restored;
};

struct report {
	char *snapshot;
	VEC_DEFINE(, struct report_item) items;
	struct texts texts; /* of the items */
	VEC_DEFINE(, struct report_gate) gates;
	VEC_DEFINE(, struct report_layer) layers;
	struct strvec warnings;
	struct strvec held_paused; /* left paused for the operator */
	char *waits_for; /* the layer that nobody has approved, or NULL */
	bool stopped;	 /* by request; --resume continues */
	bool dry_run;
	char *next; /* what the operator should do now, or NULL */
};

void report_free(struct report *r); /* takes NULL */
void report_freep(struct report **r);
/* One more item; the texts are copied. Valid until the next is added. */
struct report_item *report_add(
    struct report *r, const char *group, const char *what);
/* True where anything is missing: exit status 1. */
bool report_is_missing(const struct report *r);
/* True where nothing failed, and a layer waits for approval: exit status 6. */
bool report_waits(const struct report *r);
/* `all` false: only what was not simply created, updated or unchanged. */
void report_print_table(const struct report *r, bool all, struct buf *out);
/* command NULL: it is a part of the document of another. */
void report_print_json(
    const struct report *r, const char *command, struct buf *out);

#endif
