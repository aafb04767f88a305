/*
 * The journal of one restore. Each line is a JSON object that records that a
 * node was begun, or how it ended, and is written before the next step. With
 * it, --resume continues where a killed run stopped; an incomplete last line is
 * cut off.
 *
 *     {"backstay":"restore","version":1,"snapshot":"...","digest":"..."}
 *     {"layers":[...]}, {"layer":0,"starts":true,...}: see layer_lines.h
 *     {"n":12,"begin":"<UID that was live, or empty>","at":1796000000}
 *     {"n":12,"end":"created","uid":"...","detail":"...","notes":[...],
 *       "at":1796000000}
 *     {"n":12,"pause":{"cluster":"prod","path":"/apis/...","pointer":
 *       "/spec/suspend","annotation":null,"paused":null,
 *       "before":null,"map":null,"level":4,"what":"..."}}
 *     {"release":"<cluster> <path>","pointer":"/spec/suspend"}
 *     {"done":true}
 *
 * A line reaches the kernel before the call returns, and the disk within a
 * fraction of a second; the first lines and the last one wait for that. Times
 * are seconds since the epoch, UTC.
 *
 * A run holds a lock on the file; journal_inspect reads it without one.
 */
#ifndef RESTORE_RUN_JOURNAL_H
#define RESTORE_RUN_JOURNAL_H

#include "restore/run/layer_lines.h"
#include "restore/run/outcome.h"
#include "storage/base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object that was restored paused. */
struct journal_pause {
	char *cluster;
	char *path; /* of the API */
	char *pointer;
	char *annotation; /* or NULL */
	char *paused;	  /* JSON text, see pause.h; or NULL */
	char *before;	  /* the same */
	char *map;	  /* the pointer of the map made for it; or NULL */
	char *what;
	uint32_t level;
	bool released;
};

/* What a journal records about one node. */
struct journal_node {
	bool begun;
	bool ended;
	char *live_uid; /* when it was begun; "" where it was not there */
	char *uid;	/* when it had ended, or NULL */
	int64_t at_s;	/* of its newest line; 0: it does not say */
	struct outcome outcome;
};

struct journal {
	char *path;
	int fd;
	char *digest;
	bool done;
	char *snapshot;
	struct journal_node *nodes; /* node_count of them */
	size_t node_count; /* 0 for a new run: only what was before is here */
	bool all_nodes;	   /* node_count follows what is read */
	struct layer_line_vec layers;
	VEC_DEFINE(, struct journal_pause) pauses;
	struct journal_lock *lock;
	const struct clock *clock;
	int64_t synced_ms;
	bool failed; /* a line could not be written */
};

struct journal_options {
	const char *dir;
	const char *snapshot;
	const char *digest; /* of the plan; NULL: any, for a release */
	size_t nodes;
	bool resume; /* continue the journal; else only its pauses are kept */
	const struct clock *clock;
};

/* ERR_LOCKED where another run has it; ERR_USAGE where it is of another plan
 * (with resume), ERR_NOT_FOUND where there is none to go on with. The caller
 * closes it. */
struct journal *journal_open(const struct journal_options *o, struct err *err);
void journal_close(struct journal *j); /* takes NULL; syncs */
void journal_closep(struct journal **j);

/* Where the journal of a snapshot lies; the caller frees. */
char *journal_path(const char *dir, const char *snapshot);
/* What is in a journal so far, also while a run writes it; nothing is locked or
 * changed. `at_work` becomes whether a run holds it. The caller closes it. */
struct journal *journal_inspect(
    const char *path, bool *at_work, struct err *err);

/* Each may be called from several threads. A line that cannot be written ends
 * the run: 0, or -1. */
int journal_begin(
    struct journal *j, uint32_t node, const char *live_uid, struct err *err);
int journal_end(struct journal *j, uint32_t node, const char *uid,
    const struct outcome *outcome, struct err *err);
/* Which nodes belong to which layer, once, before the first of them. */
int journal_layers(
    struct journal *j, const struct layer_line_vec *layers, struct err *err);
/* That layer starts, or waits for approval. */
int journal_layer(
    struct journal *j, size_t layer, bool starts, struct err *err);
int journal_pause(struct journal *j, uint32_t node,
    const struct journal_pause *pause, struct err *err);
int journal_release(
    struct journal *j, struct journal_pause *pause, struct err *err);
/* Whether the journal has such a pause that was not released. */
bool journal_is_paused(struct journal *j, const char *cluster, const char *path,
    const char *pointer);
/* Cancels what journal_pause recorded for an object, at all its pointers. */
int journal_unpause(
    struct journal *j, const char *cluster, const char *path, struct err *err);
int journal_done(struct journal *j, struct err *err);

/* Reads one line into the struct; pure. -1 with ERR_FORMAT. */
int journal_read_line(
    struct journal *j, const char *line, size_t len, struct err *err);

#endif
