/*
 * One run at a time in a vault, for each snapshot name. The lock is a row of
 * objects, a generation for each that takes it over and a beat for each sign
 * of life, which are created and never changed.
 *
 * The holder is the highest generation; it renews by writing the next beat and
 * removing the last. Taking over a dead run's lock creates the next generation,
 * so that of two takers one wins and the dead one, should it wake, sees that
 * it has lost. A lock is dead only when its last beat is too old by the
 * writer's clock (the time in it against ours) and by the store's.
 *
 * Giving it back removes its objects. Where the store lets nothing be removed
 * (credentials that may only add, against ransomware), a last beat says that it
 * is over, and the next holder takes the generation above; the objects stay
 * until a holder who may remove them comes, or the store's lifecycle rule.
 */
#ifndef STORAGE_VAULT_LOCK_H
#define STORAGE_VAULT_LOCK_H

#include "storage/base/clock.h"
#include "storage/base/err.h"
#include "storage/base/random.h"
#include "storage/vault/vault.h"

#include <stdbool.h>
#include <stdint.h>

struct vault_lock_options {
	const char *holder; /* "backup on host7, pid 12", for people */
	const struct clock *clock;
	const struct random *random;
	int64_t stale_s; /* 0: 30 minutes */
	/* 0: a sixth of that, at most 5 minutes; below 0: no thread renews it
	 */
	int64_t beat_s;
};

struct vault_lock;

/* ERR_LOCKED names the holder and since when. Starts a thread that renews it.
 */
struct vault_lock *vault_lock_acquire(struct vault *v, const char *name,
    const struct vault_lock_options *o, struct err *err);
/* Asks the store whether it is still ours; ERR_LOCKED if another run has taken
 * it over. To be called before anything that cannot be undone. */
int vault_lock_check(struct vault_lock *l, struct err *err);
/* Writes one beat now; the thread does the same. */
int vault_lock_renew(struct vault_lock *l, struct err *err);
/* Gives it back, once. 0: nothing of it is left; 1: it has ended, but its
 * objects stay, because (err) our credentials may not remove them; -1: it still
 * stands, and keeps others out until it counts as dead. */
int vault_lock_release(struct vault_lock *l, struct err *err);
void vault_lock_free(struct vault_lock *l); /* gives it back; takes NULL */
void vault_lock_freep(struct vault_lock **l);

struct vault_lock_info {
	bool held;
	bool stale; /* by both clocks, or its process died on this machine */
	char *holder;
	int64_t taken;	 /* seconds, by the writer's clock */
	int64_t renewed; /* the same */
	int64_t stored;	 /* seconds, by the store's clock */
};
void vault_lock_info_done(struct vault_lock_info *i);
int vault_lock_show(struct vault *v, const char *name,
    const struct vault_lock_options *o, struct vault_lock_info *info,
    struct err *err);
/* For the operator: ends the lock, whoever holds it, and removes what may be
 * removed. The number of objects, or -1 if it still stands. */
int vault_lock_break(struct vault *v, const char *name, struct err *err);

#endif
