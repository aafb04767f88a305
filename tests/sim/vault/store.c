#include "tests/sim/vault/store.h"

#include "storage/base/cleanup.h"
#include "storage/base/mem.h"
#include "storage/base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the store ----------------------------------------------------------- */

static void object_done(struct sim_object *o)
{
	free(o->name);
	buf_done(&o->data);
}

void sim_store_done(struct sim_store *s)
{
	VEC_EACH (&s->objects, o)
		object_done(o);
	vec_done(&s->objects);
	VEC_EACH (&s->unfinished, u)
		free(u->name);
	vec_done(&s->unfinished);
}

struct sim_object *sim_store_find(const struct sim_store *s, const char *name)
{
	uint64_t hash = sim_hash(name, strlen(name));

	VEC_EACH (&s->objects, o)
		if (o->name_hash == hash && str_eq(o->name, name))
			return o;
	return NULL;
}

struct sim_object *sim_store_set(
    struct sim_store *s, const char *name, const void *data, size_t len)
{
	struct sim_object *o = sim_store_find(s, name);

	if (!o) {
		o = vec_add(&s->objects);
		o->name = str_dup(name);
		o->name_hash = sim_hash(name, strlen(name));
	}
	buf_done(&o->data);
	buf_add(&o->data, data, len);
	o->stored_at = *s->now;
	return o;
}

void sim_store_drop(struct sim_store *s, const char *name)
{
	struct sim_object *o = sim_store_find(s, name);

	if (!o)
		return;
	object_done(o);
	*o = s->objects.items[--s->objects.len];
}

bool sim_store_keeps(const struct sim_store *s, const struct sim_object *o)
{
	return o && *s->now < o->kept_until;
}

uint64_t sim_store_used(const struct sim_store *s)
{
	uint64_t used = 0;

	VEC_EACH (&s->objects, o)
		used += o->data.len;
	return used;
}

/* ---- an actor's way to it ------------------------------------------------ */

struct way {
	struct vault vault;
	struct sim_store *store;
	struct sim_actor *actor;
};

static struct way *of(struct vault *v)
{
	return (struct way *)v;
}

static int unreachable(const struct way *w, struct err *err)
{
	return err_set(
	    err, ERR_NETWORK, "%s: no answer", vault_describe(&w->vault));
}

/* Each call begins here: what goes wrong before it has an effect. */
static int enter(struct way *w, struct err *err)
{
	struct sim_actor *a = w->actor;

	if (a->dead)
		return unreachable(w, err);
	a->calls++;
	if (a->calls == a->pause_at && a->pause) {
		a->paused = true;
		a->pause(a->ctx);
	}
	if (a->calls == a->kill_at)
		a->dead = true;
	else if (a->calls == a->fail_at)
		a->failed = true;
	else
		return 0;
	return a->fails_lost ? 0 : unreachable(w, err);
}

/* And ends here, where it had one. */
static int leave(struct way *w, struct err *err)
{
	struct sim_actor *a = w->actor;
	bool lost = a->dead || a->calls == a->fail_at;

	return lost ? unreachable(w, err) : 0;
}

static int check_room(struct way *w, size_t more, struct err *err)
{
	const struct sim_store *s = w->store;

	if (!s->capacity || !more || sim_store_used(s) + more <= s->capacity)
		return 0;
	w->actor->was_full = true;
	return err_system(err, ENOSPC, "%s", vault_describe(&w->vault));
}

static int check_free(struct way *w, const char *name, struct err *err)
{
	return sim_store_find(w->store, name)
		   ? err_set(err, ERR_EXISTS, "'%s' is there already", name)
		   : 0;
}

static int sim_put_small(struct vault *v, const char *name, const void *data,
    size_t len, enum vault_retain retain, struct err *err)
{
	struct way *w = of(v);

	if (enter(w, err) || check_free(w, name, err) ||
	    check_room(w, len, err))
		return -1;
	struct sim_object *o = sim_store_set(w->store, name, data, len);
	if (retain == VAULT_RETAIN_SNAPSHOT)
		o->kept_until = *w->store->now + w->store->keeps_s;
	return leave(w, err);
}

struct upload {
	struct sink sink;
	struct way *way;
	char *name;
	enum vault_retain retain;
	struct buf data;
};

static int upload_write(
    struct sink *sink, const void *data, size_t len, struct err *err)
{
	struct upload *u = (struct upload *)sink;

	if (enter(u->way, err) || check_room(u->way, u->data.len + len, err))
		return -1;
	buf_add(&u->data, data, len);
	return leave(u->way, err);
}

static void forget_unfinished(struct sim_store *s, const char *name)
{
	for (size_t i = s->unfinished.len; i-- > 0;) {
		struct sim_unfinished *one = &s->unfinished.items[i];
		if (!str_eq(one->name, name))
			continue;
		free(one->name);
		*one = s->unfinished.items[--s->unfinished.len];
	}
}

static int upload_finish(struct sink *sink, struct err *err)
{
	struct upload *u = (struct upload *)sink;
	struct way *w = u->way;

	if (enter(w, err) || check_free(w, u->name, err) ||
	    check_room(w, u->data.len, err))
		return -1;
	struct sim_object *o =
	    sim_store_set(w->store, u->name, buf_str(&u->data), u->data.len);
	if (u->retain == VAULT_RETAIN_SNAPSHOT)
		o->kept_until = *w->store->now + w->store->keeps_s;
	forget_unfinished(w->store, u->name);
	return leave(w, err);
}

static void upload_abort(struct sink *sink)
{
	struct upload *u = (struct upload *)sink;

	if (!u->way->actor->dead)
		forget_unfinished(u->way->store, u->name);
}

static void upload_release(struct sink *sink)
{
	struct upload *u = (struct upload *)sink;

	free(u->name);
	buf_done(&u->data);
	free(u);
}

static struct sink *sim_put(struct vault *v, const char *name,
    enum vault_retain retain, struct err *err)
{
	static const struct sink_ops ops = {.write = upload_write,
	    .finish = upload_finish,
	    .abort = upload_abort,
	    .release = upload_release};
	struct way *w = of(v);

	if (enter(w, err) || check_free(w, name, err))
		return NULL;
	struct sim_unfinished *begun = vec_add(&w->store->unfinished);
	begun->name = str_dup(name);
	begun->begun_at = *w->store->now;
	if (leave(w, err))
		return NULL;
	struct upload *u = mem_new(struct upload);
	u->sink.ops = &ops;
	u->way = w;
	u->name = str_dup(name);
	u->retain = retain;
	return &u->sink;
}

static void add_item(const struct sim_object *o, struct vault_items *out)
{
	struct vault_item *item = vec_add(out);

	item->name = str_dup(o->name);
	item->bytes = o->data.len;
	item->stored_at = o->stored_at;
}

static void shuffle(struct sim_random *r, struct vault_items *items)
{
	for (size_t i = items->len; i > 1; i--) {
		size_t j = sim_draw(r, i);
		struct vault_item last = items->items[i - 1];
		items->items[i - 1] = items->items[j];
		items->items[j] = last;
	}
}

static int sim_list(struct vault *v, const char *prefix,
    struct vault_items *out, struct err *err)
{
	struct way *w = of(v);
	struct sim_store *s = w->store;

	if (enter(w, err))
		return -1;
	VEC_EACH (&s->objects, o) {
		if (!str_starts(o->name, prefix) ||
		    *s->now < o->unlisted_until || *s->now < o->hidden_until ||
		    (s->drops && sim_one_in(s->random, 8)))
			continue;
		add_item(o, out);
		if (s->doubles && sim_one_in(s->random, 4))
			add_item(o, out);
	}
	if (s->unsorted)
		shuffle(s->random, out);
	return leave(w, err);
}

static struct sim_object *see(struct way *w, const char *name, struct err *err)
{
	struct sim_object *o = sim_store_find(w->store, name);

	if (o && *w->store->now >= o->hidden_until)
		return o;
	err_set(err, ERR_NOT_FOUND, "%s: '%s' is not there",
	    vault_describe(&w->vault), name);
	return NULL;
}

static int sim_stat(
    struct vault *v, const char *name, struct vault_stat *out, struct err *err)
{
	struct way *w = of(v);

	if (enter(w, err))
		return -1;
	struct sim_object *o = see(w, name, err);
	if (!o)
		return -1;
	*out = (struct vault_stat){.bytes = o->data.len,
	    .stored_at = o->stored_at,
	    .kept_until = o->kept_until};
	return leave(w, err);
}

/* A download has what was there when it began. */
struct download {
	struct source source;
	struct way *way;
	struct buf data;
	size_t at;
};

static ssize_t download_read(
    struct source *source, void *data, size_t len, struct err *err)
{
	struct download *d = (struct download *)source;
	size_t n = d->data.len - d->at;

	if (enter(d->way, err) || leave(d->way, err))
		return -1;
	n = n < len ? n : len;
	memcpy(data, buf_str(&d->data) + d->at, n);
	d->at += n;
	return (ssize_t)n;
}

static void download_release(struct source *source)
{
	buf_done(&((struct download *)source)->data);
	free(source);
}

static struct source *sim_get(
    struct vault *v, const char *name, uint64_t offset, struct err *err)
{
	static const struct source_ops ops = {
	    .read = download_read, .release = download_release};
	struct way *w = of(v);

	if (enter(w, err))
		return NULL;
	const struct sim_object *o = see(w, name, err);
	if (!o || leave(w, err))
		return NULL;
	struct download *d = mem_new(struct download);
	d->source.ops = &ops;
	d->way = w;
	d->at = offset < o->data.len ? offset : o->data.len;
	buf_add(&d->data, o->data.data, o->data.len);
	return &d->source;
}

static int sim_remove(struct vault *v, const char *name, struct err *err)
{
	struct way *w = of(v);

	if (enter(w, err))
		return -1;
	const struct sim_object *o = sim_store_find(w->store, name);
	if (sim_store_keeps(w->store, o))
		return err_set(
		    err, ERR_DENIED, "'%s' is kept by Object Lock", name);
	if (o) {
		if (w->actor->removing)
			w->actor->removing(w->actor->ctx, w->store, name);
		sim_store_drop(w->store, name);
	}
	return leave(w, err);
}

static int sim_keep(struct vault *v, const char *name, struct err *err)
{
	struct way *w = of(v);
	int64_t until = *w->store->now + w->store->keeps_s;

	if (enter(w, err))
		return -1;
	struct sim_object *o = see(w, name, err);
	if (!o)
		return -1;
	if (w->store->keeps_s && o->kept_until < until)
		o->kept_until = until;
	return leave(w, err);
}

static int sim_now(struct vault *v, int64_t *seconds, struct err *err)
{
	struct way *w = of(v);

	if (enter(w, err))
		return -1;
	*seconds = *w->store->now;
	return leave(w, err);
}

static int sim_tidy(
    struct vault *v, const struct vault_tidy *what, struct err *err)
{
	struct way *w = of(v);
	struct sim_store *s = w->store;
	int removed = 0;

	if (enter(w, err))
		return -1;
	for (size_t i = s->unfinished.len; i-- > 0;) {
		struct sim_unfinished *one = &s->unfinished.items[i];
		if (!str_starts(one->name, what->prefix) ||
		    *s->now - one->begun_at < what->older_than_s ||
		    !what->meant(what->ctx, one->name))
			continue;
		free(one->name);
		*one = s->unfinished.items[--s->unfinished.len];
		removed++;
	}
	return leave(w, err) ? -1 : removed;
}

static void sim_release(struct vault *v)
{
	free(v);
}

struct vault *sim_vault_open(struct sim_store *s, struct sim_actor *a)
{
	static const struct vault_ops ops = {.put = sim_put,
	    .put_small = sim_put_small,
	    .list = sim_list,
	    .get = sim_get,
	    .stat = sim_stat,
	    .remove = sim_remove,
	    .keep = sim_keep,
	    .now = sim_now,
	    .tidy = sim_tidy,
	    .release = sim_release};
	struct way *w = mem_new(struct way);

	w->vault.ops = &ops;
	w->vault.description = str_printf("store '%s'", s->name);
	w->vault.reads_are_cheap = 1;
	w->store = s;
	w->actor = a;
	vault_set_name(&w->vault, s->name);
	vault_set_id(&w->vault, s->name);
	vault_set_memory(&w->vault, s->state_dir);
	return &w->vault;
}
