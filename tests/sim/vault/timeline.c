#include "tests/sim/vault/timeline.h"

#include "storage/base/file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BEGIN = 1767225600 /* 2026-01-01 */, DAY_S = 86400 };

static int64_t now_ms(void *ctx)
{
	const struct sim_timeline *t = ctx;

	return (t->now + t->skew_s) * 1000;
}

static int64_t ticks_ms(void *ctx)
{
	return ((const struct sim_timeline *)ctx)->now * 1000;
}

static void sleep_ms(void *ctx, int64_t duration_ms)
{
	((struct sim_timeline *)ctx)->now += duration_ms / 1000 + 1;
}

void sim_timeline_init(
    struct sim_timeline *t, const struct sim_world *world, uint64_t seed)
{
	static const char *const names[SIM_STORES] = {"near", "far"};

	*t = (struct sim_timeline){.world = world, .seed = seed, .now = BEGIN};
	sim_random_init(&t->random, seed);
	t->clock = (struct clock){.now_ms = now_ms,
	    .ticks_ms = ticks_ms,
	    .sleep_ms = sleep_ms,
	    .ctx = t};
	t->store_count = 1 + sim_draw(&t->random, SIM_STORES);
	for (size_t i = 0; i < SIM_STORES; i++)
		t->stores[i] = (struct sim_store){.name = names[i],
		    .state_dir = world->state_dir,
		    .keeps_s = sim_one_in(&t->random, 5)
				   ? (int64_t)sim_draw(&t->random, 10 * DAY_S)
				   : 0,
		    .now = &t->now,
		    .random = &t->random};
	t->truth.stores = t->stores;
	t->policy = (struct retention_policy){
	    .keep_last = 1 + (unsigned)sim_draw(&t->random, 4),
	    .keep_daily = (unsigned)sim_draw(&t->random, 4),
	    .keep_min = 1 + (unsigned)sim_draw(&t->random, 3),
	    .verified_only = sim_one_in(&t->random, 6)};
	sim_note(t, "keeps the last %u, %u days, at least %u%s",
	    t->policy.keep_last, t->policy.keep_daily, t->policy.keep_min,
	    t->policy.verified_only ? ", verified ones only" : "");
}

void sim_timeline_forget(struct sim_timeline *t)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < SIM_STORES; i++)
		chain_head_done(&t->heads[i]);
	if (file_exists(t->world->state_dir) &&
	    file_remove_tree(t->world->state_dir, &err)) {
		fprintf(stderr, "simulate: %s\n", err.message);
		exit(2);
	}
}

void sim_timeline_done(struct sim_timeline *t)
{
	sim_timeline_forget(t);
	for (size_t i = 0; i < SIM_STORES; i++)
		sim_store_done(&t->stores[i]);
	for (size_t i = 0; i < SIM_STORES; i++)
		sim_witnessed_done(&t->witnessed[i]);
	sim_truth_done(&t->truth);
	VEC_EACH (&t->relics, r) {
		free(r->name);
		buf_done(&r->data);
	}
	vec_done(&t->relics);
}

__attribute__((format(printf, 2, 0))) static void say(
    const struct sim_timeline *t, const char *fmt, va_list ap)
{
	printf("%llu %lld %*s", (unsigned long long)t->seed,
	    (long long)(t->now - BEGIN), (int)t->depth * 2, "");
	vprintf(fmt, ap);
	putchar('\n');
}

void sim_note(struct sim_timeline *t, const char *fmt, ...)
{
	va_list ap;

	if (!t->world->trace)
		return;
	va_start(ap, fmt);
	say(t, fmt, ap);
	va_end(ap);
}

void sim_broken(
    struct sim_timeline *t, enum sim_breach what, const char *fmt, ...)
{
	static const char *const names[SIM_BREACHES] = {

	    "LOST", "FALSE SUCCESS", "REFUSED", "FALSE ALARM", "UNNAMED"};
	va_list ap;

	t->breaches[what]++;
	printf("%s: ", names[what]);
	va_start(ap, fmt);
	say(t, fmt, ap);
	va_end(ap);
}
