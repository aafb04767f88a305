/*
 * One simulated timeline: stores, agents, an operator and an adversary who owns
 * the stores but no key, and what happens to them, drawn from one seed.
 */
#ifndef TESTS_SIM_VAULT_TIMELINE_H
#define TESTS_SIM_VAULT_TIMELINE_H

#include "config/retention/retention.h"
#include "storage/base/clock.h"
#include "storage/crypto/minisign.h"
#include "storage/vault/chain.h"
#include "storage/vault/snapshot.h"
#include "tests/sim/vault/random.h"
#include "tests/sim/vault/store.h"
#include "tests/sim/vault/truth.h"
#include "tests/sim/vault/witnessed.h"

#include <stdbool.h>
#include <stdint.h>

#define SIM_NAME "prod"

/* What lasts longer than a timeline. */
struct sim_world {
	struct minisign_key *key, *verifier;
	struct retention_zone *zone;
	struct snapshot_trust trust;
	/* Of the timeline that runs; removed after it. */
	const char *state_dir;
	char dir[32];
	bool trace, witness;
};

/* What must never be: how often it was, over all timelines. */
enum sim_breach {
	SIM_LOST,	   /* a good snapshot that the policy keeps */
	SIM_FALSE_SUCCESS, /* what is not whole was called good */
	SIM_REFUSED,	   /* a backup, because of what others wrote */
	SIM_FALSE_ALARM, /* the chain is said not to hold, and nobody harmed it
			  */
	SIM_UNNAMED,	 /* ... or to hold, and somebody did */
	SIM_BREACHES
};

/* An object that was once there: the adversary keeps all of them. */
struct sim_relic {
	size_t store;
	char *name;
	struct buf data;
};

struct sim_timeline {
	const struct sim_world *world;
	uint64_t seed;
	struct sim_random random;
	int64_t now; /* seconds */
	struct clock clock;
	int64_t skew_s; /* of the agent that runs */
	struct sim_store stores[SIM_STORES];
	size_t store_count;
	struct sim_truth truth;
	struct chain_head heads[SIM_STORES]; /* that the operator remembers */
	struct sim_witnessed witnessed[SIM_STORES];
	/* What was remembered may lack what could not be found then at all. */
	bool blind[SIM_STORES];
	struct retention_policy policy;
	VEC_DEFINE(, struct sim_relic) relics;
	unsigned depth; /* of runs inside runs */
	unsigned breaches[SIM_BREACHES];
	uint64_t acts, backups, dropped, looks, trials;
	/* Snapshots of which the archive stayed, and such archives that went.
	 */
	uint64_t reduced, released;
};

void sim_timeline_init(
    struct sim_timeline *t, const struct sim_world *world, uint64_t seed);
void sim_timeline_done(struct sim_timeline *t);

/* The state directories are lost: nothing is remembered any more. */
void sim_timeline_forget(struct sim_timeline *t);

/* Tells it where the world is traced, or where it is a breach. */
void sim_note(struct sim_timeline *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void sim_broken(struct sim_timeline *t, enum sim_breach what, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

#endif
