#include "storage/kube/prefetch.h"

#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <pthread.h>
#include <stdlib.h>

void kube_in_flight_enter(struct kube_in_flight *f)
{
	if (!f)
		return;
	atomic_fetch_add(&f->requests, 1);
	if (atomic_load(&f->kept))
		atomic_fetch_sub(&f->kept, 1);
}

void kube_in_flight_leave(struct kube_in_flight *f)
{
	if (f)
		atomic_fetch_sub(&f->requests, 1);
}

bool kube_in_flight_try(struct kube_in_flight *f)
{
	/* Read first: a place that is taken meanwhile is then counted twice,
	 * which is safe. */
	size_t kept = f ? atomic_load(&f->kept) : 0;

	if (f && atomic_fetch_add(&f->requests, 1) + kept < f->most)
		return true;
	kube_in_flight_leave(f);
	return false;
}

enum stage { SENT, RECEIVED, DROPPED };

struct kube_prefetch {
	struct kube_client *client;
	struct kube_request wanted; /* what the caller asked for */
	char *query;
	struct cancel cancel;
	pthread_t thread;
	bool joined;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum stage stage;

	/* Belongs to the thread until it is joined. */
	struct kube_answer answer;
	struct err err;
	int result;
};

/* Where the data waits for the caller: 0 once the caller has come for it, -1 if
 * the caller does not want it any more. */
static int wait_for_receiver(struct kube_prefetch *a, struct err *err)
{
	pthread_mutex_lock(&a->lock);
	while (a->stage == SENT)
		pthread_cond_wait(&a->changed, &a->lock);
	bool dropped = a->stage == DROPPED;
	pthread_mutex_unlock(&a->lock);
	return dropped ? err_set(err, ERR_CANCELLED, "not wanted any more") : 0;
}

static int on_data(void *ctx, const void *data, size_t len, struct err *err)
{
	struct kube_prefetch *a = ctx;

	if (wait_for_receiver(a, err))
		return -1;
	return a->wanted.on_data(a->wanted.ctx, data, len, err);
}

/* Nothing was delivered yet, so a repeated attempt need not be reported to the
 * caller. */
static int on_attempt(void *ctx, struct err *err)
{
	struct kube_prefetch *a = ctx;

	pthread_mutex_lock(&a->lock);
	bool received = a->stage == RECEIVED;
	pthread_mutex_unlock(&a->lock);
	if (!received || !a->wanted.on_attempt)
		return 0;
	return a->wanted.on_attempt(a->wanted.ctx, err);
}

static void *run(void *ctx)
{
	struct kube_prefetch *a = ctx;
	struct kube_request r = a->wanted;

	r.query = a->query;
	r.on_data = on_data;
	r.on_attempt = on_attempt;
	r.cancel = &a->cancel;
	r.ctx = a;
	a->result = kube_client_send(a->client, &r, &a->answer, &a->err);
	return NULL;
}

struct kube_prefetch *kube_prefetch_send(
    struct kube_client *c, const struct kube_request *r)
{
	struct kube_prefetch *a = mem_new(struct kube_prefetch);

	a->client = c;
	a->wanted = *r;
	a->query = str_dup(r->query);
	a->cancel.outer = kube_client_cancel(c);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	if (pthread_create(&a->thread, NULL, run, a) == 0)
		return a;
	a->joined = true;
	kube_prefetch_free(a);
	return NULL;
}

static void end(struct kube_prefetch *a, enum stage stage)
{
	pthread_mutex_lock(&a->lock);
	a->stage = stage;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	a->joined = true;
}

int kube_prefetch_receive(
    struct kube_prefetch *a, struct kube_answer *answer, struct err *err)
{
	end(a, RECEIVED);
	kube_answer_done(answer);
	*answer = a->answer;
	a->answer = (struct kube_answer)KUBE_ANSWER_INIT;
	if (a->result)
		*err = a->err;
	return a->result;
}

void kube_prefetch_free(struct kube_prefetch *a)
{
	if (!a)
		return;
	if (!a->joined) {
		cancel_request(&a->cancel);
		end(a, DROPPED);
	}
	kube_answer_done(&a->answer);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a->query);
	free(a);
}

void kube_prefetch_freep(struct kube_prefetch **a)
{
	kube_prefetch_free(*a);
}
