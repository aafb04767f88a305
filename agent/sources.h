/*
 * The sources of one backup: what the configuration names, connected, captured
 * side by side, each on a thread of its own, each with its own report. What
 * cannot be connected is missing from its source's report; the rest goes on.
 */
#ifndef AGENT_SOURCES_H
#define AGENT_SOURCES_H

#include "agent/kube/capture.h"
#include "config/organisations.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct source_task {
	const char *kind; /* "git", "kubernetes", "terraform" */
	enum archive_rank rank;
	int (*capture)(struct source_task *t, struct err *err);
	const struct settings *settings;
	struct capture_env env;
	struct capture_report report;
	int status; /* of the capture: 0 or -1 */
	/* Between these all of it was read, in ms: they tell how far apart the
	 * sources of one snapshot are. */
	int64_t started_ms, finished_ms;
	int64_t took_ms; /* by the monotonic clock */
	struct err err;
	/* For the progress line, under the lock of the sources. */
	struct sources *sources;
	char item[240];
	uint64_t done, total;
	bool ended;
	pthread_t thread;
};

enum { SOURCES_MAX = 3 };

struct sources {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t running;
	struct archive_writer *writer;
	const struct organisations *organisations;
	const struct settings *whole;
	struct source_task tasks[SOURCES_MAX];
	size_t count;
};

/* The tasks that the settings of the organisations name; all borrowed. An
 * organisation that could not be listed is missing from git's report. `whole`
 * has the sources of the whole snapshot, of which these may be a part. */
void sources_init(struct sources *s, const struct organisations *organisations,
    const struct settings *whole, const struct capture_env *env);
void sources_done(struct sources *s);
/* Captures all, and returns when all have ended. `tick` is called a few times
 * a second meanwhile, from the calling thread. */
void sources_run(
    struct sources *s, void (*tick)(void *ctx, struct sources *s), void *ctx);
/* What a capture of that cluster is told; both borrowed. */
struct capture_kube_cluster sources_cluster(
    const struct settings_cluster *c, struct kube_client *client);
/* Appends how far each is, then what it is at: " | git 1/3 | helm-charts". */
void sources_describe(struct sources *s, struct buf *out);
/* How long they will take on, if all goes on as it went since so long; -1 where
 * one does not know how much it has to read. */
int64_t sources_left_ms(struct sources *s, int64_t elapsed_ms);
/* Whether nothing of it could be captured. */
bool sources_note_failed(const struct source_task *t);

#endif
