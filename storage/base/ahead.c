#include "storage/base/ahead.h"

#include "storage/base/mem.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 128 * 1024, PIECES = 8 };

struct piece {
	size_t len;
	char data[PIECE_BYTES];
};

struct ahead {
	struct source source;
	struct source *from;
	pthread_t thread;
	size_t at;	      /* in the piece that is being read */
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	size_t filled;	 /* pieces ever filled */
	size_t consumed; /* pieces ever read */
	bool dropped;	 /* nobody reads any more */
	bool ended;
	bool failed;
	struct err err;
	struct piece pieces[PIECES]; /* a ring */
};

static void *run(void *ctx)
{
	struct ahead *a = ctx;
	struct err err = ERR_INIT;

	pthread_mutex_lock(&a->lock);
	for (;;) {
		while (a->filled - a->consumed == PIECES && !a->dropped)
			pthread_cond_wait(&a->changed, &a->lock);
		if (a->dropped)
			break;
		struct piece *p = &a->pieces[a->filled % PIECES];
		pthread_mutex_unlock(&a->lock);
		p->len = 0;
		int end =
		    source_fill(a->from, p->data, PIECE_BYTES, &p->len, &err);
		pthread_mutex_lock(&a->lock);
		a->filled += p->len > 0;
		a->ended = end > 0;
		a->failed = end < 0;
		a->err = err;
		pthread_cond_signal(&a->changed);
		if (end)
			break;
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* The piece that is read next; NULL at the end, or after an error. */
static const struct piece *await(struct ahead *a)
{
	pthread_mutex_lock(&a->lock);
	while (a->filled == a->consumed && !a->ended && !a->failed)
		pthread_cond_wait(&a->changed, &a->lock);
	bool any = a->filled != a->consumed;
	pthread_mutex_unlock(&a->lock);
	return any ? &a->pieces[a->consumed % PIECES] : NULL;
}

static ssize_t ahead_read(
    struct source *s, void *data, size_t len, struct err *err)
{
	struct ahead *a = (struct ahead *)s;
	const struct piece *p = await(a);

	if (!p && a->failed) {
		*err = a->err;
		return -1;
	}
	if (!p)
		return 0;
	size_t n = p->len - a->at < len ? p->len - a->at : len;
	memcpy(data, p->data + a->at, n);
	a->at += n;
	if (a->at < p->len)
		return (ssize_t)n;
	a->at = 0;
	pthread_mutex_lock(&a->lock);
	a->consumed++;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
	return (ssize_t)n;
}

static void ahead_release(struct source *s)
{
	struct ahead *a = (struct ahead *)s;

	pthread_mutex_lock(&a->lock);
	a->dropped = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	source_free(a->from);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	for (size_t i = 0; i < PIECES && i < a->filled + 1; i++)
		mem_wipe(a->pieces[i].data, PIECE_BYTES);
	free(a);
}

static const struct source_ops ops = {
    .read = ahead_read, .release = ahead_release};

struct source *ahead_source(struct source *from)
{
	struct ahead *a = mem_new(struct ahead);

	a->source.ops = &ops;
	a->from = from;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	if (pthread_create(&a->thread, NULL, run, a))
		abort();
	return &a->source;
}
