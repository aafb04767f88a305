/*
 * Simulated timelines of vaults:
 *
 *     simulate [--seeds N] [--from SEED] [--trace] [--real] [--witness]
 *
 * Each seed is a timeline of its own, and gives the same in each run. The exit
 * status is 1 where something happened that must never be; the seed is told,
 * and `--from SEED --seeds 1 --trace` shows how it came to that. With
 * `--witness`, what a witness co-signed counts at each look at a chain, and
 * each timeline that nobody harmed ends with a vault that is rolled back below
 * it.
 */
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/sim/vault/acts.h"
#include "tests/sim/vault/adversary.h"
#include "tests/sim/vault/looks.h"
#include "tests/sim/vault/quick.h"
#include "tests/sim/vault/restores.h"
#include "tests/sim/vault/signatures.h"
#include "tests/sim/vault/timeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ACTS_MIN = 8, ACTS_MORE = 20, DAY_S = 86400 };

struct totals {
	uint64_t seeds, acts, backups, dropped, looks, trials;
	uint64_t reduced, released;
	uint64_t breaches[SIM_BREACHES];
};

static struct sim_store *any_store(struct sim_timeline *t)
{
	return &t->stores[sim_draw(&t->random, t->store_count)];
}

static void step(struct sim_timeline *t, bool attacked, bool mishaps)
{
	uint64_t what = sim_draw(&t->random, 15);

	if (sim_one_in(&t->random, 40)) {
		sim_note(t, "the state directories are lost");
		sim_timeline_forget(t);
	}
	if (attacked && sim_one_in(&t->random, 3))
		sim_adversary_strike(t, any_store(t));
	if (mishaps && sim_one_in(&t->random, 6))
		sim_adversary_mishap(t, any_store(t));
	if (what < 5)
		sim_act_backup(t);
	else if (what < 8)
		sim_act_prune(t, any_store(t));
	else if (what < 11)
		sim_act_verify(t, any_store(t));
	else if (what < 12)
		sim_act_copy(t, any_store(t), any_store(t));
	else if (what < 13)
		sim_restore(t, any_store(t), attacked);
	else
		sim_look(t, any_store(t), attacked);
	if (attacked)
		sim_adversary_collect(t);
	t->now += (int64_t)sim_draw(&t->random, DAY_S);
}

static void run(
    const struct sim_world *world, uint64_t seed, struct totals *totals)
{
	struct sim_timeline t;

	sim_timeline_init(&t, world, seed);
	bool attacked = sim_one_in(&t.random, 2);
	bool mishaps = sim_one_in(&t.random, 2);
	uint64_t steps = ACTS_MIN + sim_draw(&t.random, ACTS_MORE);
	while (steps--)
		step(&t, attacked, mishaps);
	if (!attacked && !mishaps && world->witness)
		sim_look_rolled_back(&t, any_store(&t));
	else if (!attacked && !mishaps)
		sim_look_trial(&t, any_store(&t));
	totals->seeds++;
	totals->looks += t.looks;
	totals->trials += t.trials;
	totals->acts += t.acts;
	totals->backups += t.backups;
	totals->dropped += t.dropped;
	totals->reduced += t.reduced;
	totals->released += t.released;
	for (int i = 0; i < SIM_BREACHES; i++)
		totals->breaches[i] += t.breaches[i];
	sim_timeline_done(&t);
}

static struct minisign_key *make_key(struct sim_random *random)
{
	cleanup(buf_done) struct buf public = BUF_INIT;
	cleanup(secret_freep) struct secret *text =
	    minisign_keygen(&random->random, &public);
	struct err err = ERR_INIT;

	return minisign_key_parse(text, NULL, "key", &err);
}

static int open_world(struct sim_world *w, struct err *err)
{
	struct sim_random random;

	sim_random_init(&random, 1);
	w->key = make_key(&random);
	w->verifier = make_key(&random);
	/* In memory, where there is such a file system: a timeline is as many
	 * small files as it has runs. */
	w->state_dir = strcpy(w->dir, access("/dev/shm", W_OK)
					  ? "/tmp/simulate-XXXXXX"
					  : "/dev/shm/simulate-XXXXXX");
	if (!mkdtemp(w->dir))
		return err_system(err, errno, "making '%s'", w->dir);
	w->zone = retention_zone_open("UTC", err);
	if (!w->zone)
		return -1;
	*vec_add(&w->trust.keys) = *minisign_key_public(w->key);
	*vec_add(&w->trust.pruners) = *minisign_key_public(w->key);
	*vec_add(&w->trust.verifiers) = *minisign_key_public(w->verifier);
	return 0;
}

static void close_world(struct sim_world *w)
{
	(void)rmdir(w->dir);
	minisign_key_free(w->key);
	minisign_key_free(w->verifier);
	retention_zone_free(w->zone);
	snapshot_trust_done(&w->trust);
}

static int tell(const struct totals *t)
{
	bool broken = false;

	for (int i = 0; i < SIM_BREACHES; i++)
		broken = broken || t->breaches[i];
	printf("%llu timelines, %llu runs, %llu snapshots committed, %llu "
	       "pruned, %llu of which the archive stayed for others, %llu such "
	       "archives that went later, %llu looks at chains, %llu of them "
	       "after harm: %llu "
	       "good snapshots lost, %llu false successes, %llu refusals to "
	       "back up, %llu false alarms, %llu harms without a name\n",
	    (unsigned long long)t->seeds, (unsigned long long)t->acts,
	    (unsigned long long)t->backups, (unsigned long long)t->dropped,
	    (unsigned long long)t->reduced, (unsigned long long)t->released,

	    (unsigned long long)t->looks, (unsigned long long)t->trials,
	    (unsigned long long)t->breaches[SIM_LOST],
	    (unsigned long long)t->breaches[SIM_FALSE_SUCCESS],
	    (unsigned long long)t->breaches[SIM_REFUSED],
	    (unsigned long long)t->breaches[SIM_FALSE_ALARM],
	    (unsigned long long)t->breaches[SIM_UNNAMED]);
	return broken ? 1 : 0;
}

static int usage(void)
{
	fputs("usage: simulate [--seeds N] [--from SEED] [--trace] "
	      "[--real] [--witness]\n",
	    stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct sim_world world = {.trace = false};
	struct totals totals = {.seeds = 0};
	struct err err = ERR_INIT;
	uint64_t seeds = 1000, from = 1;

	for (int i = 1; i < argc; i++) {
		uint64_t *number = str_eq(argv[i], "--seeds")  ? &seeds
				   : str_eq(argv[i], "--from") ? &from
							       : NULL;
		if (number) {
			if (++i == argc ||
			    str_parse_u64(argv[i], UINT64_MAX, number))
				return usage();
		} else if (str_eq(argv[i], "--trace")) {
			world.trace = true;
		} else if (str_eq(argv[i], "--witness")) {
			world.witness = true;
		} else if (str_eq(argv[i], "--real")) {
			sim_signatures_use_real(true);
			sim_quick_use_real(true);
		} else {
			return usage();
		}
	}
	if (open_world(&world, &err)) {
		fprintf(stderr, "simulate: %s\n", err.message);
		return 2;
	}
	for (uint64_t seed = from; seed < from + seeds; seed++)
		run(&world, seed, &totals);
	close_world(&world);
	sim_quick_done();
	return tell(&totals);
}
