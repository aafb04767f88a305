#include "storage/vault/lock.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	DEFAULT_STALE_S = 30 * 60,
	DEFAULT_BEAT_S = 5 * 60,
	MAX_LOCK_BYTES = 4096,
	READ_TRIES = 5,
	GENERATION_DIGITS = 6,
	BEAT_DIGITS = 8,
	ID_BYTES = 16,
};

struct vault_lock {
	struct vault *vault;
	char *name;
	char *holder;
	struct buf id; /* hex, in every beat: by it we know our own */
	const struct clock *clock;
	uint64_t generation;
	uint64_t beat;
	int64_t taken; /* seconds */
	int64_t beat_s;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool lost; /* taken over; never to be renewed again */
	bool ending;
	bool has_thread;
	pthread_t thread;
};

/* One object of the row, from its name. */
struct mark {
	const struct vault_item *item;
	uint64_t generation;
	uint64_t beat;
};

static char *prefix_of(const char *name)
{
	return str_printf("%s.lock-", name);
}

static char *object_name(const char *name, uint64_t generation, uint64_t beat)
{
	return str_printf("%s.lock-%06llu-%08llu", name,
	    (unsigned long long)generation, (unsigned long long)beat);
}

static int parse_mark(
    const struct vault_item *item, const char *prefix, struct mark *out)
{
	const char *rest = item->name + strlen(prefix);

	if (strlen(rest) != GENERATION_DIGITS + 1 + BEAT_DIGITS ||
	    rest[GENERATION_DIGITS] != '-')
		return -1;
	autofree char *generation = str_ndup(rest, GENERATION_DIGITS);
	out->item = item;
	return str_parse_u64(generation, UINT64_MAX, &out->generation) ||
		       str_parse_u64(
			   rest + GENERATION_DIGITS + 1, UINT64_MAX, &out->beat)
		   ? -1
		   : 0;
}

/* The highest generation's highest beat: who holds the lock. `found` is false
 * where nobody does. */
static bool holder_of(
    const struct vault_items *items, const char *prefix, struct mark *top)
{
	bool found = false;

	VEC_EACH (items, item) {
		struct mark m;
		if (parse_mark(item, prefix, &m))
			continue;
		if (!found || m.generation > top->generation ||
		    (m.generation == top->generation && m.beat > top->beat))
			*top = m;
		found = true;
	}
	return found;
}

static void write_content(const struct vault_lock *l, struct buf *out)
{
	cleanup(json_freep) struct json_object *j = json_new_object();

	json_set_str(j, "holder", l->holder);
	json_set_str(j, "id", buf_str(&l->id));
	json_set_int(j, "taken", l->taken);
	json_set_int(j, "renewed", clock_now_ms(l->clock) / 1000);
	json_write(out, j, JSON_COMPACT);
	buf_add_char(out, '\n');
}

void vault_lock_info_done(struct vault_lock_info *i)
{
	free(i->holder);
	*i = (struct vault_lock_info){0};
}

static void read_content(
    const struct buf *text, const struct mark *m, struct vault_lock_info *info)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(text), text->len, &ignored);
	const char *holder = json_get_str(j, "holder");

	/* One that cannot be read counts by the store's clock alone. */
	info->held = true;
	info->holder = str_dup(holder ? holder : "somebody");
	info->stored = m->item->stored_at;
	info->taken = json_get_int(j, "taken", m->item->stored_at);
	info->renewed = json_get_int(j, "renewed", m->item->stored_at);
}

/* Who holds it. The holder may renew between the list and the read: then it
 * is looked at again. */
static int look(struct vault *v, const char *name,
    const struct vault_lock_options *o, uint64_t *generation,
    struct vault_lock_info *info, struct err *err)
{
	autofree char *prefix = prefix_of(name);
	int64_t stale_s = o->stale_s ? o->stale_s : DEFAULT_STALE_S;

	*generation = 0;
	for (int attempt = 1;; attempt++) {
		cleanup(vault_items_done) struct vault_items items = VEC_INIT;
		cleanup(buf_done) struct buf text = BUF_INIT;
		struct mark top = {0};
		int64_t store_now;
		if (vault_list(v, prefix, &items, err))
			return -1;
		if (!holder_of(&items, prefix, &top))
			return 0;
		if (vault_read(v, top.item->name, MAX_LOCK_BYTES, &text, err)) {
			if (err->code == ERR_NOT_FOUND && attempt < READ_TRIES)
				continue;
			return -1;
		}
		if (vault_now(v, &store_now, err))
			return -1;
		*generation = top.generation;
		read_content(&text, &top, info);
		int64_t now = clock_now_ms(o->clock) / 1000;
		info->stale = now - info->renewed > stale_s &&
			      store_now - info->stored > stale_s;
		return 0;
	}
}

int vault_lock_show(struct vault *v, const char *name,
    const struct vault_lock_options *o, struct vault_lock_info *info,
    struct err *err)
{
	uint64_t generation;

	*info = (struct vault_lock_info){0};
	if (look(v, name, o, &generation, info, err))
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

static int put_beat(struct vault_lock *l, uint64_t beat, struct err *err)
{
	cleanup(buf_done) struct buf content = BUF_INIT;
	autofree char *object = object_name(l->name, l->generation, beat);

	write_content(l, &content);
	return vault_put_small(l->vault, object, content.data, content.len,
	    VAULT_RETAIN_NONE, err);
}

static void remove_beat(struct vault_lock *l, uint64_t beat)
{
	struct err ignored = ERR_INIT;
	autofree char *object = object_name(l->name, l->generation, beat);

	/* What stays behind is below the highest beat and decides nothing. */
	(void)vault_remove(l->vault, object, &ignored);
}

/* What is left of generations below that one, the oldest first. */
static void remove_below(struct vault_lock *l, uint64_t generation)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = prefix_of(l->name);
	struct err ignored = ERR_INIT;

	if (vault_list(l->vault, prefix, &items, &ignored))
		return;
	VEC_EACH (&items, item) {
		struct mark m;
		if (parse_mark(item, prefix, &m) == 0 &&
		    m.generation < generation)
			(void)vault_remove(l->vault, item->name, &ignored);
	}
}

/* 1: we wrote it, 0: we did not, or it is gone, -1: cannot tell. */
static int is_ours(struct vault_lock *l, const char *object, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err why = ERR_INIT;

	if (vault_read(l->vault, object, MAX_LOCK_BYTES, &text, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	cleanup(json_freep) struct json_object *j =
	    json_parse(buf_str(&text), text.len, &why);
	return str_eq(json_get_str(j, "id"), buf_str(&l->id));
}

/* Whether the highest beat is one that we wrote. Its number alone does not
 * say so: once a lock was given back or broken, numbers begin anew. A beat of
 * ours above the last that we know of is one whose writing seemed to fail. */
static int holds(struct vault_lock *l, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = prefix_of(l->name);
	struct mark top = {0};

	if (vault_list(l->vault, prefix, &items, err))
		return -1;
	if (!holder_of(&items, prefix, &top) ||
	    top.generation != l->generation || top.beat < l->beat)
		return 0;
	int ours = is_ours(l, top.item->name, err);
	if (ours > 0)
		l->beat = top.beat;
	return ours;
}

static int check_held(struct vault_lock *l, struct err *err)
{
	int held = l->lost ? 0 : holds(l, err);

	if (held < 0)
		return err_wrap(err, "lock of '%s'", l->name);
	if (held)
		return 0;
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
	if (check_held(l, err) || put_beat(l, l->beat + 1, err))
		return err_wrap(err, "renewing the lock of '%s'", l->name);
	remove_beat(l, l->beat);
	l->beat++;
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
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += (time_t)l->beat_s;
		int woken =
		    pthread_cond_timedwait(&l->changed, &l->lock, &until);
		if (l->ending || !woken)
			continue;
		struct err err = ERR_INIT;
		/* One beat that fails is made up for by the next; the check
		 * before the commit is what decides. */
		(void)renew(l, &err);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static void release_memory(struct vault_lock *l)
{
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l->name);
	free(l->holder);
	buf_done(&l->id);
	free(l);
}

static void new_id(struct buf *out, const struct random *random)
{
	uint8_t raw[ID_BYTES];

	random_fill(random ? random : random_system(), raw, sizeof(raw));
	hex_add(out, raw, sizeof(raw));
}

static void start_thread(struct vault_lock *l)
{
	if (l->beat_s > 0)
		l->has_thread =
		    pthread_create(&l->thread, NULL, renew_regularly, l) == 0;
}

struct vault_lock *vault_lock_take(struct vault *v, const char *name,
    const struct vault_lock_options *o, struct err *err)
{
	cleanup(vault_lock_info_done) struct vault_lock_info info = {0};
	uint64_t generation;

	if (look(v, name, o, &generation, &info, err)) {
		err_wrap(err, "lock of '%s'", name);
		return NULL;
	}
	if (info.held && !info.stale) {
		refuse(&info, name, v, err);
		return NULL;
	}
	struct vault_lock *l = mem_new(struct vault_lock);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->changed, NULL);
	l->vault = v;
	l->name = str_dup(name);
	l->holder = str_dup(o->holder ? o->holder : "backstay");
	new_id(&l->id, o->random);
	l->clock = o->clock;
	l->generation = generation + 1;
	l->taken = clock_now_ms(o->clock) / 1000;
	l->beat_s = o->beat_s ? o->beat_s : DEFAULT_BEAT_S;
	if (put_beat(l, 0, err) &&
	    !(err->code == ERR_EXISTS && holds(l, err) > 0)) {
		/* Of two that try at once, the other was first. */
		if (err->code == ERR_EXISTS)
			err_set(err, ERR_LOCKED,
			    "%s: '%s' was locked by another run just now",
			    vault_describe(v), name);
		release_memory(l);
		return NULL;
	}
	remove_below(l, l->generation);
	start_thread(l);
	return l;
}

void vault_lock_free(struct vault_lock *l)
{
	if (!l)
		return;
	if (l->has_thread) {
		pthread_mutex_lock(&l->lock);
		l->ending = true;
		pthread_cond_broadcast(&l->changed);
		pthread_mutex_unlock(&l->lock);
		pthread_join(l->thread, NULL);
	}
	struct err ignored = ERR_INIT;
	/* What another run holds by now is not ours to remove; a beat of ours
	 * that could not be removed before would stand for us once it is the
	 * highest. */
	if (check_held(l, &ignored) == 0)
		remove_below(l, l->generation + 1);
	release_memory(l);
}

void vault_lock_freep(struct vault_lock **l)
{
	vault_lock_free(*l);
}

int vault_lock_break(struct vault *v, const char *name, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *prefix = prefix_of(name);
	int removed = 0;

	if (vault_list(v, prefix, &items, err))
		return err_wrap(err, "lock of '%s'", name);
	VEC_EACH (&items, item) {
		if (vault_remove(v, item->name, err))
			return err_wrap(err, "lock of '%s'", name);
		removed++;
	}
	return removed;
}
