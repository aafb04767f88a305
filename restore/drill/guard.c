#include "restore/drill/guard.h"

#include "storage/base/clock.h"

enum { EVERY_MS = 200 };

static bool all_run(const struct guard *g)
{
	bool all = true;

	for (size_t i = 0; i < g->count; i++)
		all &= control_plane_runs(&g->planes[i]);
	return all;
}

static void *watch(void *ctx)
{
	struct guard *g = ctx;

	while (!atomic_load(&g->over)) {
		if (!all_run(g)) {
			cancel_request(&g->cancel);
			return NULL;
		}
		clock_sleep_ms(clock_system(), EVERY_MS);
	}
	return NULL;
}

int guard_begin(struct guard *g, struct control_plane *planes, size_t count,
    struct err *err)
{
	g->planes = planes;
	g->count = count;
	int failure = pthread_create(&g->thread, NULL, watch, g);
	if (failure)
		return err_system(err, failure, "starting a thread");
	g->watches = true;
	return 0;
}

void guard_end(struct guard *g)
{
	atomic_store(&g->over, true);
	if (g->watches)
		pthread_join(g->thread, NULL);
	g->watches = false;
}

int guard_explain(const struct guard *g, struct err *err)
{
	for (size_t i = 0; i < g->count; i++)
		if (!control_plane_runs(&g->planes[i]))
			return control_plane_ended(&g->planes[i], err);
	return -1;
}
