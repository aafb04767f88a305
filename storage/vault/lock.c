#include "storage/vault/lock.h"

#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/mem.h"
#include "storage/base/process.h"
#include "storage/base/str.h"
#include "storage/vault/lock_row.h"
#include "storage/vault/skew.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	DEFAULT_STALE_S = 30 * 60,
	DEFAULT_BEAT_S = 5 * 60,
	BREAK_TRIES = 3,
};

struct vault_lock {
	struct vault *vault;
	char *name;
	const struct clock *clock;
	int64_t beat_s;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	struct lock_beat own; /* the last one written */
	bool
	    lost; /* another run has taken it over; never to be renewed again */
	bool ending;
	bool has_thread;
	pthread_t thread;
};

static int64_t now_s(const struct clock *clock)
{
	return clock_now_ms(clock) / 1000;
}

void vault_lock_info_done(struct vault_lock_info *i)
{
	free(i->holder);
	*i = (struct vault_lock_info){0};
}

/* A sign of life with a time in the future cannot be trusted: it must not hold
 * the lock for ever, so the time at which the store received it counts. */
static int64_t renewed_at(const struct lock_beat *top, const struct clock *c)
{
	return skew_in_future(c, top->renewed) ? top->stored : top->renewed;
}

static int read_lock(struct vault *v, const char *name,
    const struct vault_lock_options *o, uint64_t *generation,
    struct vault_lock_info *info, struct err *err)
{
	cleanup(lock_beat_done) struct lock_beat top = {0};
	int64_t stale_s = o->stale_s ? o->stale_s : DEFAULT_STALE_S;
	int64_t store_now;

	*generation = 0;
	if (lock_row_top(v, name, &top, &info->held, err))
		return -1;
	*generation = top.generation;
	info->held &= !top.over;
	if (!info->held)
		return 0;
	if (vault_now(v, &store_now, err))
		return -1;
	info->holder = steal(top.holder);
	info->taken = top.taken;
	info->renewed = top.renewed;
	info->stored = top.stored;
	info->stale = now_s(o->clock) - renewed_at(&top, o->clock) > stale_s &&
		      store_now - top.stored > stale_s;
	/* The holder was a process of this machine and is dead: there is
	 * nothing to wait for. */
	info->stale |= process_is_dead(top.process);
	return 0;
}

int vault_lock_show(struct vault *v, const char *name,
    const struct vault_lock_options *o, struct vault_lock_info *info,
    struct err *err)
{
	uint64_t generation;

	*info = (struct vault_lock_info){0};
	if (read_lock(v, name, o, &generation, info, err))
		return err_wrap(err, "lock of '%s'", name);
	return 0;
}

static int refuse(const struct vault_lock_info *info, const char *name,
    struct vault *v, struct err *err)
{
	char taken[CLOCK_TEXT_MAX], renewed[CLOCK_TEXT_MAX];

	clock_rfc3339(info->taken, taken);
	clock_rfc3339(info->renewed, renewed);
	return err_set(err, ERR_LOCKED,
	    "%s: '%s' is locked by %s since %s (last sign of life %s); if that "
	    "run is dead, `backstay-agent unlock` removes its lock",
	    vault_describe(v), name, info->holder, taken, renewed);
}

/* The lock is ours as long as we wrote the highest beat. Its numbers alone do
 * not prove that, since they begin anew after a lock was given back or broken.
 * A beat of ours above the last known one is one whose writing seemed to fail.
 */
static bool is_ours(const struct vault_lock *l, const struct lock_beat *top)
{
	if (top->over || top->generation != l->own.generation)
		return false;
	if (l->own.bare && top->bare)
		return top->beat == l->own.beat && top->stored == l->own.stored;
	return top->beat >= l->own.beat && str_eq(top->id, l->own.id);
}

static int check_held(struct vault_lock *l, struct err *err)
{
	cleanup(lock_beat_done) struct lock_beat top = {0};
	bool found = false;

	if (!l->lost && lock_row_top(l->vault, l->name, &top, &found, err))
		return err_wrap(err, "lock of '%s'", l->name);
	if (!l->lost && found && is_ours(l, &top)) {
		l->own.beat = top.beat;
		return 0;
	}
	l->lost = true;
	return err_set(err, ERR_LOCKED,
	    "%s: the lock of '%s' was taken over by another run, or removed: "
	    "this one must have stood still for too long",
	    vault_describe(l->vault), l->name);
}

int vault_lock_check(struct vault_lock *l, struct err *err)
{
	pthread_mutex_lock(&l->lock);
	int result = check_held(l, err);
	pthread_mutex_unlock(&l->lock);
	return result;
}

static int renew(struct vault_lock *l, struct err *err)
{
	if (check_held(l, err))
		return err_wrap(err, "renewing the lock of '%s'", l->name);
	struct lock_beat next = l->own;
	next.beat++;
	next.renewed = now_s(l->clock);
	if (lock_row_put(l->vault, l->name, &next, err))
		return err_wrap(err, "renewing the lock of '%s'", l->name);
	lock_row_remove(l->vault, l->name, l->own.generation, l->own.beat);
	l->own = next;
	return 0;
}

int vault_lock_renew(struct vault_lock *l, struct err *err)
{
	pthread_mutex_lock(&l->lock);
	int result = renew(l, err);
	pthread_mutex_unlock(&l->lock);
	return result;
}

static void *renew_regularly(void *arg)
{
	struct vault_lock *l = arg;
	struct timespec until;

	pthread_mutex_lock(&l->lock);
	while (!l->ending) {
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += (time_t)l->beat_s;
		int woken =
		    pthread_cond_timedwait(&l->changed, &l->lock, &until);
		if (l->ending || !woken)
			continue;
		struct err err = ERR_INIT;
		pthread_mutex_unlock(&l->lock);
		/* If one beat fails, the next makes up for it; the check before
		 * the commit decides. */
		(void)vault_lock_renew(l, &err);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* Several beats have to fail before the lock counts as dead. */
static int64_t beat_for(int64_t stale_s)
{
	int64_t often = stale_s ? stale_s / 6 : DEFAULT_BEAT_S;

	return often < 1 ? 1 : often < DEFAULT_BEAT_S ? often : DEFAULT_BEAT_S;
}

/* Waits by the monotonic clock: setting the other clock must not stop the
 * beats. */
static struct vault_lock *new_lock(struct vault *v, const char *name,
    const struct vault_lock_options *o, uint64_t generation)
{
	struct vault_lock *l = mem_new(struct vault_lock);
	uint8_t id[(LOCK_ID_TEXT - 1) / 2];
	pthread_condattr_t attr;

	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->changed, &attr);
	pthread_condattr_destroy(&attr);
	l->vault = v;
	l->name = str_dup(name);
	l->clock = o->clock;
	l->beat_s = o->beat_s ? o->beat_s : beat_for(o->stale_s);
	random_fill(o->random ? o->random : random_system(), id, sizeof(id));
	digest_hex(id, sizeof(id), l->own.id);
	l->own.generation = generation;
	l->own.holder = str_dup(o->holder ? o->holder : "backstay");
	l->own.process = process_self();
	l->own.taken = l->own.renewed = now_s(o->clock);
	return l;
}

static void release_memory(struct vault_lock *l)
{
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l->name);
	lock_beat_done(&l->own);
	free(l);
}

static int put_over(
    struct vault *v, const char *name, struct lock_beat *top, struct err *err)
{
	top->beat++;
	top->over = true;
	return lock_row_put(v, name, top, err);
}

/* Removes what we hold, and what could not be removed before and would become
 * the highest beat. What another run holds by now is not ours. */
static int give_back(struct vault_lock *l, struct err *err)
{
	struct err why = ERR_INIT;
	int result = 0;

	vault_cleanup_begin(l->vault);
	if (check_held(l, &why) == 0 && lock_row_remove_below(l->vault, l->name,
					    l->own.generation + 1, err) < 0) {
		result = 1;
		if (put_over(l->vault, l->name, &l->own, &why)) {
			result = -1;
			*err = why;
		}
	} else if (why.code != ERR_NONE && why.code != ERR_LOCKED) {
		result = -1;
		*err = why;
	}
	l->lost = true;
	vault_cleanup_end(l->vault);
	return result;
}

/* There is no number after the last one: the lock with that number is dead and
 * is removed. A run that takes the lock meanwhile begins below and is not
 * affected. */
static int make_way(struct vault *v, const char *name,
    const struct vault_lock_options *o, uint64_t *generation,
    struct vault_lock_info *info, struct err *err)
{
	enum { TRIES = 8 };

	for (int i = 0; i < TRIES; i++) {
		if (!info->held || !info->stale ||
		    *generation < LOCK_GENERATION_MAX)
			return 0;
		vault_lock_info_done(info);
		if (lock_row_remove_top(v, name, err) ||
		    read_lock(v, name, o, generation, info, err))
			return -1;
	}
	return 0;
}

/* A stop does not end it: the store might carry it out after the lock was
 * released, and nobody would remove it. */
static int put_first(struct vault_lock *l, struct err *err)
{
	vault_cleanup_begin(l->vault);
	int failed = lock_row_put(l->vault, l->name, &l->own, err);
	vault_cleanup_end(l->vault);
	return failed;
}

/* Writes the first beat; if two runs try at once, one of them is first. */
static int begin(struct vault_lock *l, struct err *err)
{
	struct err ignored = ERR_INIT;

	if (put_first(l, err) &&
	    !(err->code == ERR_EXISTS && check_held(l, &ignored) == 0)) {
		if (err->code == ERR_EXISTS)
			return err_set(err, ERR_LOCKED,
			    "%s: '%s' was locked by another run just now",
			    vault_describe(l->vault), l->name);
		/* It may have been stored although the answer was an error. */
		(void)give_back(l, &ignored);
		return -1;
	}
	/* Objects of generations that lost count for nothing. */
	(void)lock_row_remove_below(
	    l->vault, l->name, l->own.generation, &ignored);
	if (l->beat_s > 0)
		l->has_thread =
		    pthread_create(&l->thread, NULL, renew_regularly, l) == 0;
	return 0;
}

struct vault_lock *vault_lock_acquire(struct vault *v, const char *name,
    const struct vault_lock_options *o, struct err *err)
{
	cleanup(vault_lock_info_done) struct vault_lock_info info = {0};
	uint64_t generation;

	if (read_lock(v, name, o, &generation, &info, err) ||
	    make_way(v, name, o, &generation, &info, err)) {
		err_wrap(err, "lock of '%s'", name);
		return NULL;
	}
	if (info.held && !info.stale) {
		refuse(&info, name, v, err);
		return NULL;
	}
	struct vault_lock *l = new_lock(v, name, o, generation + 1);
	if (begin(l, err) == 0)
		return l;
	release_memory(l);
	return NULL;
}

int vault_lock_release(struct vault_lock *l, struct err *err)
{
	if (l->has_thread) {
		pthread_mutex_lock(&l->lock);
		l->ending = true;
		pthread_cond_broadcast(&l->changed);
		pthread_mutex_unlock(&l->lock);
		pthread_join(l->thread, NULL);
	}
	l->has_thread = false;
	int result = l->lost ? 0 : give_back(l, err);
	return result < 0
		   ? err_wrap(err, "giving back the lock of '%s'", l->name)
		   : result;
}

void vault_lock_free(struct vault_lock *l)
{
	struct err ignored = ERR_INIT;

	if (!l)
		return;
	(void)vault_lock_release(l, &ignored);
	release_memory(l);
}

void vault_lock_freep(struct vault_lock **l)
{
	vault_lock_free(*l);
}

/* If a row cannot be removed, we write the beat that its holder would write
 * next: if both do, one is first. */
static int break_by_beat(struct vault *v, const char *name, struct err *err)
{
	for (int attempt = 1;; attempt++) {
		cleanup(lock_beat_done) struct lock_beat top = {0};
		bool found = false;
		if (lock_row_top(v, name, &top, &found, err))
			return -1;
		if (!found || top.over || put_over(v, name, &top, err) == 0)
			return 0;
		if (err->code != ERR_EXISTS || attempt == BREAK_TRIES)
			return -1;
	}
}

int vault_lock_break(struct vault *v, const char *name, struct err *err)
{
	struct err why = ERR_INIT;
	int removed = lock_row_remove_below(v, name, UINT64_MAX, &why);

	if (removed < 0 && why.code == ERR_DENIED)
		removed = break_by_beat(v, name, err);
	else if (removed < 0)
		*err = why;
	return removed < 0 ? err_wrap(err, "lock of '%s'", name) : removed;
}
