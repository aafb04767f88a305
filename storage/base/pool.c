#include "storage/base/pool.h"

#include "storage/base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct job {
	pool_fn *fn;
	void *arg;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *ring;
	size_t ring_len;
	size_t first;
	size_t waiting; /* jobs in the ring */
	size_t running;
	bool closing;
	pthread_t *threads;
	size_t workers;
};

static void *work(void *arg)
{
	struct pool *p = arg;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->waiting && !p->closing)
			pthread_cond_wait(&p->changed, &p->lock);
		if (!p->waiting)
			break;
		struct job job = p->ring[p->first];
		p->first = (p->first + 1) % p->ring_len;
		p->waiting--;
		p->running++;
		pthread_cond_broadcast(&p->changed);
		pthread_mutex_unlock(&p->lock);
		job.fn(job.arg);
		pthread_mutex_lock(&p->lock);
		p->running--;
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

struct pool *pool_new(size_t workers, size_t queue_len)
{
	struct pool *p = mem_new(struct pool);

	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	p->ring_len = queue_len ? queue_len : 1;
	p->ring = mem_resize(NULL, p->ring_len, sizeof(*p->ring));
	p->threads = mem_resize(NULL, workers, sizeof(*p->threads));
	for (; p->workers < workers; p->workers++)
		if (pthread_create(&p->threads[p->workers], NULL, work, p))
			break;
	/* With fewer threads than wanted the work still gets done; with none it
	 * would not. */
	if (p->workers == 0)
		abort();
	return p;
}

void pool_submit(struct pool *p, pool_fn *fn, void *arg)
{
	pthread_mutex_lock(&p->lock);
	while (p->waiting == p->ring_len)
		pthread_cond_wait(&p->changed, &p->lock);
	p->ring[(p->first + p->waiting++) % p->ring_len] =
	    (struct job){.fn = fn, .arg = arg};
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

void pool_wait(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (p->waiting || p->running)
		pthread_cond_wait(&p->changed, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->closing = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < p->workers; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p->threads);
	free(p->ring);
	free(p);
}

struct each {
	void (*fn)(void *ctx, size_t i);
	void *ctx;
	size_t count;
	atomic_size_t next;
};

static void each_worker(void *arg)
{
	struct each *e = arg;

	for (size_t i; (i = atomic_fetch_add(&e->next, 1)) < e->count;)
		e->fn(e->ctx, i);
}

void pool_each(
    size_t workers, size_t count, void (*fn)(void *ctx, size_t i), void *ctx)
{
	struct each e = {.fn = fn, .ctx = ctx, .count = count};

	if (workers > count)
		workers = count;
	if (workers <= 1) {
		each_worker(&e);
		return;
	}
	struct pool *p = pool_new(workers - 1, workers - 1);
	for (size_t i = 1; i < workers; i++)
		pool_submit(p, each_worker, &e);
	each_worker(&e);
	pool_free(p);
}
