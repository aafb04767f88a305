#include "tests/sim/vault/adversary.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, MOST_RELICS = 400, YEAR_S = 365 * 86400 };

static bool is_collected(
    const struct sim_timeline *t, size_t store, const struct sim_object *o)
{
	VEC_EACH (&t->relics, r)
		if (r->store == store && str_eq(r->name, o->name) &&
		    r->data.len == o->data.len)
			return true;
	return false;
}

void sim_adversary_collect(struct sim_timeline *t)
{
	for (size_t i = 0; i < t->store_count; i++)
		VEC_EACH (&t->stores[i].objects, o) {
			if (t->relics.len >= MOST_RELICS ||
			    is_collected(t, i, o))
				continue;
			struct sim_relic *r = vec_add(&t->relics);
			r->store = i;
			r->name = str_dup(o->name);
			buf_add(&r->data, buf_str(&o->data), o->data.len);
		}
}

static struct sim_object *any_object(
    struct sim_timeline *t, struct sim_store *s)
{
	return s->objects.len
		   ? &s->objects.items[sim_draw(&t->random, s->objects.len)]
		   : NULL;
}

/* Of a snapshot that is, was or will be. */
static char *any_label(struct sim_timeline *t)
{
	char stamp[CLOCK_TEXT_MAX];

	if (t->truth.snapshots.len && sim_one_in(&t->random, 2))
		return str_dup(
		    t->truth.snapshots
			.items[sim_draw(&t->random, t->truth.snapshots.len)]
			.label);
	int64_t ahead = sim_one_in(&t->random, 2)
			    ? (int64_t)sim_draw(&t->random, 3 * HOUR_S)
			    : (int64_t)sim_draw(&t->random, 900LL * YEAR_S);
	clock_stamp(t->now + ahead, stamp);
	return str_printf(SIM_NAME "-%s", stamp);
}

static void put(struct sim_timeline *t, struct sim_store *s, const char *name,
    const void *data, size_t len)
{
	if (sim_store_keeps(s, sim_store_find(s, name)))
		return;
	sim_note(t, "adversary: writes '%s' in '%s'", name, s->name);
	if (sim_store_find(s, name))
		sim_truth_shake(&t->truth, s, name);
	sim_store_set(s, name, data, len);
}

/* What others leave beside archives, and what looks like ours. */
static void write_foreign(struct sim_timeline *t, struct sim_store *s)
{
	static const char *const ends[] = {".tar.zst.age.sha256",
	    ".tar.zst.age.part", ".tar.gz", ".tar.zst.age", ".manifest.json",
	    ".manifest.json.minisig", ".manifest.json.bak", ".tar.", "",
	    ".pruned.json", ".pruned.json.minisig", ".archive.json",
	    ".archive.json.minisig",
	    ".verified-20360101T000000Z-full-good.json",
	    ".verified-20250101T000000Z-full-failed.json"};
	enum { COUNT = sizeof(ends) / sizeof(*ends) };
	autofree char *label = any_label(t);
	autofree char *name =
	    str_printf("%s%s", label, ends[sim_draw(&t->random, COUNT)]);

	if (!sim_store_find(s, name))
		put(t, s, name, "{}", sim_one_in(&t->random, 3) ? 0 : 2);
}

static void write_lock(struct sim_timeline *t, struct sim_store *s)
{
	autofree char *name = str_printf(SIM_NAME ".lock-%06llu-%08llu",
	    (unsigned long long)sim_draw(
		&t->random, sim_one_in(&t->random, 2) ? 5 : 1000000),
	    (unsigned long long)sim_draw(&t->random, 100000000));
	autofree char *text = str_printf(
	    "{\"holder\":\"me\",\"id\":\"00\",\"taken\":%lld,\"renewed\":%lld}",
	    (long long)t->now,
	    (long long)(t->now +
			(sim_one_in(&t->random, 2) ? 900LL * YEAR_S : 0)));

	put(t, s, name, text, strlen(text));
}

/* Unsigned, or with the signature of something else. */
static void forge_pruned(struct sim_timeline *t, struct sim_store *s)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	autofree char *label = any_label(t);
	autofree char *name = str_printf("%s.pruned.json", label);

	buf_add_str(&text, "{\"name\":\"" SIM_NAME "\",\"pruned\":[");
	VEC_EACH (&t->truth.snapshots, one)
		buf_printf(&text, "%s{\"label\":\"%s\",\"reason\":\"\"}",
		    one == t->truth.snapshots.items ? "" : ",", one->label);
	buf_add_str(&text, "]}");
	put(t, s, name, text.data, text.len);
}

static void forge_verified(struct sim_timeline *t, struct sim_store *s)
{
	autofree char *label = any_label(t);
	char stamp[CLOCK_TEXT_MAX];

	clock_stamp(t->now + (int64_t)sim_draw(&t->random, YEAR_S), stamp);
	autofree char *name = str_printf("%s.verified-%s-full-%s.json", label,
	    stamp, sim_one_in(&t->random, 2) ? "good" : "failed");
	put(t, s, name, "", 0);
}

static void delete_one(struct sim_timeline *t, struct sim_store *s)
{
	const struct sim_object *o = any_object(t, s);

	if (!o || sim_store_keeps(s, o))
		return;
	sim_note(t, "adversary: deletes '%s' in '%s'", o->name, s->name);
	sim_truth_shake(&t->truth, s, o->name);
	sim_store_drop(s, o->name);
}

static void damage_one(struct sim_timeline *t, struct sim_store *s)
{
	struct sim_object *o = any_object(t, s);

	if (!o || !o->data.len || sim_store_keeps(s, o))
		return;
	sim_note(t, "adversary: damages '%s' in '%s'", o->name, s->name);
	sim_truth_shake(&t->truth, s, o->name);
	if (sim_one_in(&t->random, 2))
		o->data.data[sim_draw(&t->random, o->data.len)] ^= 1;
	else
		o->data.len = sim_draw(&t->random, o->data.len);
}

/* An object of once, of this store or another, under its name or another's. */
static void replay_one(struct sim_timeline *t, struct sim_store *s)
{
	if (!t->relics.len)
		return;
	const struct sim_relic *r =
	    &t->relics.items[sim_draw(&t->random, t->relics.len)];
	const char *rest = strchr(r->name, '.');
	autofree char *label = any_label(t);
	autofree char *other = str_printf("%s%s", label, rest ? rest : "");
	put(t, s, sim_one_in(&t->random, 2) ? r->name : other,
	    buf_str(&r->data), r->data.len);
}

/* All of one snapshot of once. */
static void replay_snapshot(struct sim_timeline *t, struct sim_store *s)
{
	if (!t->truth.snapshots.len)
		return;
	const struct sim_snapshot *one =
	    &t->truth.snapshots
		 .items[sim_draw(&t->random, t->truth.snapshots.len)];
	autofree char *manifest = str_printf("%s.manifest.json", one->label);
	autofree char *minisig = str_printf("%s.minisig", manifest);

	put(t, s, one->archive_name, buf_str(&one->archive), one->archive.len);
	put(t, s, minisig, buf_str(&one->signature), one->signature.len);
	put(t, s, manifest, buf_str(&one->manifest), one->manifest.len);
}

void sim_adversary_strike(struct sim_timeline *t, struct sim_store *s)
{
	static void (*const deeds[])(struct sim_timeline *,
	    struct sim_store *) = {write_foreign, write_foreign, write_foreign,
	    write_lock, forge_pruned, forge_verified, forge_verified,
	    delete_one, damage_one, replay_one, replay_one, replay_snapshot};
	enum { COUNT = sizeof(deeds) / sizeof(*deeds) };

	deeds[sim_draw(&t->random, COUNT)](t, s);
}

/* A lagging list, or a mount that is not there, for archives or for all. */
static void hide(struct sim_timeline *t, struct sim_store *s)
{
	int64_t until = t->now + (int64_t)sim_draw(&t->random, 48 * HOUR_S);
	bool archives = sim_one_in(&t->random, 2);
	bool listed = sim_one_in(&t->random, 2);

	sim_note(t, "mishap: %s of '%s' %s for %lld s",
	    archives ? "archives" : "half of the objects", s->name,
	    listed ? "are in no list" : "cannot be found",
	    (long long)(until - t->now));
	VEC_EACH (&s->objects, o) {
		if (archives ? !strstr(o->name, ".tar.")
			     : sim_one_in(&t->random, 2))
			continue;
		if (listed)
			o->unlisted_until = until;
		else
			o->hidden_until = until;
	}
}

void sim_adversary_mishap(struct sim_timeline *t, struct sim_store *s)
{
	switch (sim_draw(&t->random, 4)) {
	case 0:
		hide(t, s);
		break;
	case 1:
		s->doubles = sim_one_in(&t->random, 2);
		s->unsorted = sim_one_in(&t->random, 2);
		break;
	case 2:
		s->drops = sim_one_in(&t->random, 4);
		break;
	default:
		s->capacity =
		    sim_one_in(&t->random, 2)
			? 0
			: sim_store_used(s) + sim_draw(&t->random, 2000);
		break;
	}
}
