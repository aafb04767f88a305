#include "storage/base/relay.h"

#include "storage/base/mem.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE_BYTES = 256 * 1024, PIECES = RELAY_AHEAD / PIECE_BYTES };

struct piece {
	char *data; /* NULL while nothing is in it */
	size_t len;
};

struct relay {
	struct sink sink;
	struct sink *next;
	struct piece pieces[PIECES]; /* a ring */
	size_t most;		     /* pieces at a time */
	pthread_t thread;
	bool joined;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	size_t filled;	 /* pieces ever filled; the writer's is the one after */
	size_t consumed; /* pieces ever passed on */
	/* Memory of pieces that were passed on, the last one first: it is still
	 * in the processor's cache. If the next stage keeps up, no more is ever
	 * allocated. */
	char *spare[PIECES];
	size_t spares;
	bool ended;   /* nothing more comes */
	bool dropped; /* what is left need not be passed on */
	bool failed;
	struct err err;
};

static struct piece *piece_of(struct relay *r, size_t n)
{
	return &r->pieces[n % PIECES];
}

/* Passes one piece on without holding the lock: the writer does not touch a
 * piece that is full. */
static void pass_on(struct relay *r)
{
	struct piece *p = piece_of(r, r->consumed);
	struct err err = ERR_INIT;

	pthread_mutex_unlock(&r->lock);
	int failed = sink_write(r->next, p->data, p->len, &err);
	pthread_mutex_lock(&r->lock);
	r->spare[r->spares++] = p->data;
	*p = (struct piece){.data = NULL};
	r->consumed++;
	if (failed) {
		r->failed = true;
		r->err = err;
	}
	pthread_cond_signal(&r->changed);
}

static void *run(void *ctx)
{
	struct relay *r = ctx;

	pthread_mutex_lock(&r->lock);
	while (!r->failed && !r->dropped) {
		if (r->consumed < r->filled)
			pass_on(r);
		else if (r->ended)
			break;
		else
			pthread_cond_wait(&r->changed, &r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static int failure(struct relay *r, struct err *err)
{
	*err = r->err;
	return -1;
}

static struct piece *piece_to_fill(struct relay *r)
{
	struct piece *p = piece_of(r, r->filled);

	if (p->data)
		return p;
	pthread_mutex_lock(&r->lock);
	if (r->spares)
		p->data = r->spare[--r->spares];
	pthread_mutex_unlock(&r->lock);
	if (!p->data)
		p->data = mem_alloc(PIECE_BYTES);
	return p;
}

/* Hands over the piece that was being filled, and waits for an empty one. */
static int give(struct relay *r, struct err *err)
{
	pthread_mutex_lock(&r->lock);
	r->filled++;
	pthread_cond_signal(&r->changed);
	while (!r->failed && r->filled - r->consumed == r->most)
		pthread_cond_wait(&r->changed, &r->lock);
	bool failed = r->failed;
	pthread_mutex_unlock(&r->lock);
	return failed ? failure(r, err) : 0;
}

static int relay_write(
    struct sink *s, const void *data, size_t len, struct err *err)
{
	struct relay *r = (struct relay *)s;
	const char *at = data;

	while (len) {
		struct piece *p = piece_to_fill(r);
		size_t room = PIECE_BYTES - p->len;
		size_t n = len < room ? len : room;
		memcpy(p->data + p->len, at, n);
		p->len += n;
		at += n;
		len -= n;
		if (p->len == PIECE_BYTES && give(r, err))
			return -1;
	}
	return 0;
}

static void join(struct relay *r, bool drop)
{
	if (r->joined)
		return;
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	r->dropped = drop;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	r->joined = true;
}

static int relay_finish(struct sink *s, struct err *err)
{
	struct relay *r = (struct relay *)s;

	if (piece_of(r, r->filled)->len && give(r, err))
		return -1;
	join(r, false);
	if (r->failed)
		return failure(r, err);
	return sink_finish(r->next, err);
}

static void relay_abort(struct sink *s)
{
	struct relay *r = (struct relay *)s;

	join(r, true);
	sink_abort(r->next);
}

static void relay_release(struct sink *s)
{
	struct relay *r = (struct relay *)s;

	join(r, true);
	sink_free(r->next);
	for (size_t i = 0; i < PIECES; i++)
		free(r->pieces[i].data);
	while (r->spares)
		free(r->spare[--r->spares]);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static const struct sink_ops ops = {.write = relay_write,
    .finish = relay_finish,
    .abort = relay_abort,
    .release = relay_release};

struct sink *relay_sink(struct sink *next, size_t held)
{
	struct relay *r = mem_new(struct relay);

	r->sink.ops = &ops;
	r->next = next;
	r->most = held / PIECE_BYTES;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	if (pthread_create(&r->thread, NULL, run, r))
		abort();
	return &r->sink;
}
