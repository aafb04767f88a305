#include "storage/archive/packer.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

enum {
	BYTES_MEMORY = 128 * 1024,
	LINES_MEMORY = 64 * 1024,
	/* After a huge item its memory is released, not kept until the lane
	 * ends. */
	KEPT_BYTES = 1024 * 1024,
};

struct packer {
	struct packed packed;
	struct part *part;
	pthread_t thread;
	bool joined;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	struct buf given; /* what the thread works on, or will next */
	bool busy;	  /* it is */
	bool ended;	  /* nothing more comes */
	struct err failure;
};

void packed_done(struct packed *p)
{
	spool_done(&p->bytes);
	spool_done(&p->lines);
	vec_done(&p->frames);
}

static void *run(void *ctx)
{
	struct packer *p = ctx;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->busy && !p->ended)
			pthread_cond_wait(&p->changed, &p->lock);
		if (!p->busy)
			break;
		bool failed = p->failure.code != ERR_NONE;
		pthread_mutex_unlock(&p->lock);
		/* While the thread is busy, `given` belongs to it. */
		struct err err = ERR_INIT;
		if (!failed)
			part_add_run(p->part, &p->given, &err);
		if (p->given.cap > KEPT_BYTES)
			buf_wipe(&p->given);
		else
			buf_clear(&p->given);
		pthread_mutex_lock(&p->lock);
		if (err.code != ERR_NONE)
			p->failure = err;
		p->busy = false;
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void count_known(void *ctx, uint64_t bytes)
{
	struct packed *p = ctx;

	p->known++;
	p->known_bytes += bytes;
}

struct packer *packer_new(const struct compress_options *o,
    const struct part_form *form, const char *scratch, struct err *err)
{
	struct packer *p = mem_new(struct packer);
	const struct part_options part = {.compress = *o,
	    .form = {.form = form->form,
		.known = form->known,
		.on_known = count_known,
		.ctx = &p->packed},
	    .lines = &p->packed.lines,
	    .frames = &p->packed.frames};

	spool_init(&p->packed.bytes, scratch, BYTES_MEMORY);
	spool_init(&p->packed.lines, scratch, LINES_MEMORY);
	p->part = part_new(&part, spool_sink(&p->packed.bytes), err);
	if (!p->part) {
		packed_done(&p->packed);
		free(p);
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	if (pthread_create(&p->thread, NULL, run, p))
		abort();
	return p;
}

/* Waits until the thread has nothing to do; needs the lock. */
static int wait_idle(struct packer *p, struct err *err)
{
	while (p->busy)
		pthread_cond_wait(&p->changed, &p->lock);
	if (p->failure.code == ERR_NONE)
		return 0;
	*err = p->failure;
	return -1;
}

int packer_give(struct packer *p, struct buf *records, struct err *err)
{
	pthread_mutex_lock(&p->lock);
	int failed = wait_idle(p, err);
	if (!failed) {
		struct buf empty = p->given;
		p->given = *records;
		*records = empty;
		p->busy = true;
		pthread_cond_broadcast(&p->changed);
	}
	pthread_mutex_unlock(&p->lock);
	return failed;
}

static void join(struct packer *p)
{
	if (p->joined)
		return;
	pthread_mutex_lock(&p->lock);
	p->ended = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	p->joined = true;
}

int packer_finish(struct packer *p, struct packed *out, struct err *err)
{
	join(p);
	if (p->failure.code != ERR_NONE) {
		*err = p->failure;
		return -1;
	}
	if (part_end(p->part, err))
		return -1;
	*out = p->packed;
	spool_init(&p->packed.bytes, NULL, 0);
	spool_init(&p->packed.lines, NULL, 0);
	p->packed.frames = (struct frames)VEC_INIT;
	return 0;
}

void packer_free(struct packer *p)
{
	if (!p)
		return;
	join(p);
	part_free(p->part);
	packed_done(&p->packed);
	buf_wipe(&p->given); /* it may contain secrets */
	pthread_cond_destroy(&p->changed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
