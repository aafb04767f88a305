#include "restore/run/run.h"

#include "storage/base/mem.h"

#include <stdlib.h>

enum { IN_FLIGHT = 16, GATE_TIMEOUT_MS = 5 * 60 * 1000 };

void run_init(
    struct run *r, struct plan *p, size_t nodes, const struct run_options *o)
{
	*r = (struct run){.p = p, .o = o};
	pthread_mutex_init(&r->lock, NULL);
	r->report = mem_new(struct report);
	r->report->dry_run = o->dry_run;
	r->nodes = nodes;
	r->outcomes = mem_zalloc((nodes + 1) * sizeof(*r->outcomes));
	r->gates = mem_zalloc(nodes + 1);
	r->postponed = mem_zalloc(nodes + 1);
	r->lost_status = mem_zalloc(nodes + 1);
	r->dry = mem_zalloc(nodes + 1);
	r->blocked = mem_zalloc((nodes + 1) * sizeof(*r->blocked));
}

void run_done(struct run *r)
{
	for (size_t i = 0; i < r->nodes; i++)
		outcome_done(&r->outcomes[i]);
	free(r->outcomes);
	free(r->gates);
	free(r->postponed);
	free(r->lost_status);
	free(r->dry);
	free(r->blocked);
	journal_close(r->journal);
	report_free(r->report);
	pthread_mutex_destroy(&r->lock);
}

void run_fail(struct run *r, const struct err *err)
{
	pthread_mutex_lock(&r->lock);
	if (!atomic_load(&r->failed))
		r->failure = *err;
	atomic_store(&r->failed, true);
	pthread_mutex_unlock(&r->lock);
}

bool run_is_dry(const struct run *r, uint32_t node)
{
	return r->o->dry_run || r->dry[node];
}

bool run_must_stop(const struct run *r)
{
	return cancel_requested(r->o->cancel) || atomic_load(&r->failed);
}

const struct clock *run_clock(const struct run *r)
{
	return r->o->clock ? r->o->clock : clock_system();
}

size_t run_in_flight(const struct run *r)
{
	return r->o->in_flight ? r->o->in_flight : IN_FLIGHT;
}

int run_gate_timeout_ms(const struct run *r)
{
	return r->o->gate_timeout_ms ? r->o->gate_timeout_ms : GATE_TIMEOUT_MS;
}

int64_t run_ticks_ms(const struct run *r)
{
	return clock_ticks_ms(run_clock(r));
}

const struct journal_node *run_before(const struct run *r, uint32_t node)
{
	return r->journal && r->journal->node_count > node
		   ? &r->journal->nodes[node]
		   : NULL;
}
