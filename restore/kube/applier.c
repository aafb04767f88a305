#include "restore/kube/applier.h"

#include "restore/kube/prune.h"
#include "restore/kube/quiesce.h"
#include "restore/kube/ready.h"
#include "restore/kube/relink.h"
#include "restore/kube/same.h"
#include "restore/kube/target.h"
#include "restore/kube/task.h"
#include "storage/base/mem.h"

#include <stdlib.h>

static void begin(void *ctx, struct run *r)
{
	struct applier *a = ctx;

	a->run = r;
	for (size_t i = 0; i < a->target_count; i++) {
		throttle_done(&a->targets[i].throttle);
		throttle_init(&a->targets[i].throttle, run_in_flight(r));
	}
}

static enum apply_result apply(
    void *ctx, uint32_t node, struct outcome *outcome, struct err *err)
{
	(void)err; /* the next object may be accepted */
	return task_run(ctx, node, outcome) == TASK_LATER ? APPLY_LATER
							  : APPLY_ENDED;
}

static enum gate_state ready(void *ctx, uint32_t node)
{
	return ready_wait(ctx, node);
}

static void same(void *ctx, const uint32_t *nodes, size_t count)
{
	same_unchanged(ctx, nodes, count);
}

static void finish(void *ctx)
{
	relink_late(ctx);
}

static void prune(void *ctx)
{
	prune_objects(ctx);
}

static void release(void *ctx)
{
	quiesce_release(ctx);
}

struct applier *applier_new(const struct applier_options *o)
{
	struct applier *a = mem_new(struct applier);

	a->gates = o->gates;
	a->target_count = o->cluster_count;
	a->targets = mem_zalloc((o->cluster_count + 1) * sizeof(*a->targets));
	for (size_t i = 0; i < o->cluster_count; i++) {
		struct target *t = &a->targets[i];

		t->client = o->clusters[i].client;
		t->name = o->clusters[i].name;
		throttle_init(&t->throttle, 1);
		pthread_mutex_init(&t->lock, NULL);
	}
	a->driver = (struct apply_driver){
	    .ctx = a,
	    .begin = begin,
	    .same = same,
	    .apply = apply,
	    .ready = ready,
	    .finish = finish,
	    .prune = prune,
	    .release = release,
	};
	return a;
}

void applier_free(struct applier *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->target_count; i++) {
		throttle_done(&a->targets[i].throttle);
		pthread_mutex_destroy(&a->targets[i].lock);
	}
	free(a->targets);
	free(a);
}

void applier_freep(struct applier **a)
{
	applier_free(*a);
}

const struct apply_driver *applier_driver(struct applier *a)
{
	return &a->driver;
}
