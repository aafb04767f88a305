/*
 * A simulated store and the vaults that lead to it: objects in memory, and the
 * faults of disks, buckets and lists. What it does is drawn from the timeline's
 * randomness, or told by the actor who works with it; nothing waits, and
 * nothing runs beside it.
 */
#ifndef TESTS_SIM_VAULT_STORE_H
#define TESTS_SIM_VAULT_STORE_H

#include "storage/base/buf.h"
#include "storage/base/vec.h"
#include "storage/vault/vault.h"
#include "tests/sim/vault/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_object {
	char *name;
	uint64_t name_hash;
	struct buf data;
	int64_t stored_at;
	/* Until then no list names it, and it is not found at all. */
	int64_t unlisted_until, hidden_until;
	int64_t kept_until; /* by Object Lock */
};
struct sim_unfinished {
	char *name;
	int64_t begun_at;
};

struct sim_store {
	const char *name;
	const char *state_dir; /* where those who work with it remember */
	VEC_DEFINE(, struct sim_object) objects;
	VEC_DEFINE(, struct sim_unfinished) unfinished;
	uint64_t capacity; /* bytes; 0: no limit */
	int64_t keeps_s; /* Object Lock: how long it keeps what a snapshot is */
	/* How its lists are wrong. */
	bool doubles, drops, unsorted;
	/* A prune ended while it made room for its record, of whole snapshots
	 * where archives were not enough: nothing says that they were pruned.
	 */
	bool unrecorded;
	const int64_t *now; /* seconds, the timeline's */
	struct sim_random *random;
};
void sim_store_done(struct sim_store *s);
/* What the owner of the bucket does: asks nobody, and is told nothing. */
struct sim_object *sim_store_find(const struct sim_store *s, const char *name);
struct sim_object *sim_store_set(
    struct sim_store *s, const char *name, const void *data, size_t len);
void sim_store_drop(struct sim_store *s, const char *name);
bool sim_store_keeps(const struct sim_store *s, const struct sim_object *o);
uint64_t sim_store_used(const struct sim_store *s);

/* One run of one program, and what goes wrong in it, counted in calls of
 * vaults: from kill_at on nothing that it does has an effect. */
struct sim_actor {
	const char *what; /* "backup", "prune" */
	unsigned calls;
	unsigned kill_at;  /* 0: it lives */
	unsigned fail_at;  /* that call fails */
	bool fails_lost;   /* ... after it took effect: the answer is lost */
	unsigned pause_at; /* before that call others run */
	void (*pause)(void *ctx);
	bool dead, failed, paused, was_full;
	/* Told of each object that it removes, while it is still there. */
	void (*removing)(
	    void *ctx, const struct sim_store *s, const char *object);
	void *ctx;
};

/* A way to the store for one actor; vault_free releases it. */
struct vault *sim_vault_open(struct sim_store *s, struct sim_actor *a);

#endif
