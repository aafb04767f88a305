/*
 * The journal of one restore: what was begun and what became of it, a line of
 * JSON each, written before the next step is taken, so that a run that died
 * can be gone on with. What a kill leaves of a last line is cut off.
 *
 *     {"backstay":"restore","version":1,"snapshot":"...","digest":"..."}
 *     {"n":12,"begin":"<UID that was live, or empty>"}
 *     {"n":12,"end":"created","uid":"...","detail":"...","notes":[...]}
 *     {"n":12,"pause":{"cluster":"prod","path":"/apis/...","pointer":
 *       "/spec/suspend","annotation":null,"paused":null,
 *       "before":null,"level":4,"what":"..."}}
 *     {"release":"<cluster> <path>","pointer":"/spec/suspend"}
 *     {"done":true}
 *
 * A line reaches the kernel before the call returns, and the disk within
 * a fraction of a second; journal_sync waits for that.
 */
#ifndef RESTORE_RUN_JOURNAL_H
#define RESTORE_RUN_JOURNAL_H

#include "restore/run/outcome.h"
#include "storage/base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Something that was restored paused and is still so. */
struct journal_pause {
	char *cluster;
	char *path; /* of the API */
	char *pointer;
	char *annotation; /* or NULL */
	char *paused;	  /* JSON text, see pause.h; or NULL */
	char *before;	  /* the same */
	char *what;
	uint32_t level;
	bool released;
};

/* What a journal says of one node. */
struct journal_node {
	bool begun;
	bool ended;
	char *live_uid; /* when it was begun; "" where it was not there */
	char *uid;	/* when it had ended, or NULL */
	struct outcome outcome;
};

struct journal {
	char *path;
	int fd;
	char *digest;
	bool done;
	struct journal_node *nodes; /* node_count of them */
	size_t node_count;
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
	bool resume; /* go on; else only what is paused is taken over */
	const struct clock *clock;
};

/* ERR_LOCKED where another run has it; ERR_USAGE where it is of another plan
 * (with resume), ERR_NOT_FOUND where there is none to go on with. The caller
 * closes it. */
struct journal *journal_open(const struct journal_options *o, struct err *err);
void journal_close(struct journal *j); /* takes NULL; syncs */
void journal_closep(struct journal **j);

/* Each may be called from several threads. A line that cannot be written ends
 * the run: 0, or -1. */
int journal_begin(
    struct journal *j, uint32_t node, const char *live_uid, struct err *err);
int journal_end(struct journal *j, uint32_t node, const char *uid,
    const struct outcome *outcome, struct err *err);
int journal_pause(struct journal *j, uint32_t node,
    const struct journal_pause *pause, struct err *err);
int journal_release(
    struct journal *j, struct journal_pause *pause, struct err *err);
/* Whether it says so, and of no release. */
bool journal_is_paused(struct journal *j, const char *cluster, const char *path,
    const char *pointer);
/* Takes back what journal_pause said of all places of an object. */
int journal_unpause(
    struct journal *j, const char *cluster, const char *path, struct err *err);
int journal_done(struct journal *j, struct err *err);
int journal_sync(struct journal *j, struct err *err);

/* The pure half: one line into what is known. -1 with ERR_FORMAT. */
int journal_read_line(
    struct journal *j, const char *line, size_t len, struct err *err);

#endif
