#include "restore/run/throttle.h"

enum { EASE_EVERY_MS = 500 };

void throttle_init(struct throttle *t, size_t most)
{
	*t = (struct throttle){
	    .most = most, .limit = most, .eased_ms = INT64_MIN / 2};
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
}

void throttle_done(struct throttle *t)
{
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->changed);
}

void throttle_enter(struct throttle *t)
{
	pthread_mutex_lock(&t->lock);
	while (t->active >= t->limit)
		pthread_cond_wait(&t->changed, &t->lock);
	t->active++;
	pthread_mutex_unlock(&t->lock);
}

void throttle_leave(struct throttle *t, bool smooth)
{
	pthread_mutex_lock(&t->lock);
	t->active--;
	/* One more after as many answers as would fill it four times. */
	if (smooth && t->limit < t->most && ++t->smooth >= t->limit * 4) {
		t->limit++;
		t->smooth = 0;
	}
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
}

void throttle_ease(struct throttle *t, int64_t ticks_ms)
{
	pthread_mutex_lock(&t->lock);
	if (ticks_ms - t->eased_ms >= EASE_EVERY_MS) {
		t->limit = t->limit > 1 ? t->limit / 2 : 1;
		t->smooth = 0;
		t->eased_ms = ticks_ms;
	}
	pthread_mutex_unlock(&t->lock);
}
