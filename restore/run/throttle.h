/*
 * How many requests may be in flight: fewer after a server refused one as too
 * many (429, 503), more again while it answers.
 */
#ifndef RESTORE_RUN_THROTTLE_H
#define RESTORE_RUN_THROTTLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct throttle {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t most;
	size_t limit;
	size_t active;
	size_t smooth; /* answers since the limit changed */
	int64_t eased_ms;
};

void throttle_init(struct throttle *t, size_t most);
void throttle_done(struct throttle *t);
void throttle_enter(struct throttle *t); /* waits for room */
void throttle_leave(struct throttle *t, bool smooth);
/* Halves the limit, at most once per interval: a burst of refusals is one
 * event. */
void throttle_ease(struct throttle *t, int64_t ticks_ms);

#endif
