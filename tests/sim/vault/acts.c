#include "tests/sim/vault/acts.h"

#include "agent/prune/prune.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"
#include "storage/vault/lock.h"
#include "storage/vault/skew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STALE_S = 30 * 60,
	MOST_CALLS = 80, /* about as many as a run makes */
	FULL_EVERY_S = 4 * 86400,
	ARCHIVE_BYTES = 24,
};

/* ---- a run and its faults ------------------------------------------------ */

struct act {
	struct sim_timeline *t;
	struct sim_actor actor;
	bool prunes;	 /* else it removes no snapshot */
	const char *own; /* label of what it writes itself, and may withdraw */
	bool marked;	 /* what must stay */
};

/* While it stands still, others run, for so long that they take its lock. */
static void others_run(void *ctx)
{
	struct act *a = ctx;
	struct sim_timeline *t = a->t;
	int64_t skew = t->skew_s;

	t->depth++;
	t->now += (int64_t)sim_draw(&t->random, 3 * STALE_S);
	if (sim_one_in(&t->random, 2))
		sim_act_backup(t);
	if (sim_one_in(&t->random, 2))
		sim_act_prune(
		    t, &t->stores[sim_draw(&t->random, t->store_count)]);
	t->depth--;
	t->skew_s = skew;
}

static bool is_of_snapshot(const struct sim_truth *t, const char *object)
{
	VEC_EACH (&t->snapshots, one)
		if (sim_truth_has_object(one, object))
			return true;
	return false;
}

/* At the first removal of a snapshot, when the run has decided: a dead lock, or
 * what a dead run left, goes before that. */
static void mark(struct act *a, const struct sim_store *s, const char *object)
{
	struct sim_timeline *t = a->t;

	if (a->marked)
		return;
	sim_truth_learn_all(&t->truth, s, &t->world->trust.keys);
	if (!is_of_snapshot(&t->truth, object))
		return;
	a->marked = true;
	sim_truth_mark(&t->truth, s, &t->policy, t->now + t->skew_s, t->depth);
}

/* All that our programs remove passes here. */
static void removing(void *ctx, const struct sim_store *s, const char *object)
{
	struct act *a = ctx;
	struct sim_timeline *t = a->t;

	if (a->prunes)
		mark(a, s, object);
	VEC_EACH (&t->truth.snapshots, one) {
		bool own = sim_truth_has_object(one, object);
		if ((!own && !sim_truth_needs_object(&t->truth, one, object)) ||
		    !sim_truth_whole(&t->truth, one, s) ||
		    str_eq(a->own, one->label))
			continue;
		t->dropped++;
		if (!a->prunes)
			sim_broken(t, SIM_LOST,
			    "%s removes '%s' of a whole snapshot in '%s'",
			    a->actor.what, object, s->name);
		else if (one->must_stay[t->depth])
			sim_broken(t, SIM_LOST,
			    "prune removes '%s' in '%s', of '%s', which the "
			    "policy keeps",
			    object, s->name, one->label);
	}
}

static void begin(struct act *a, struct sim_timeline *t, const char *what)
{
	*a = (struct act){.t = t};
	a->actor.what = what;
	a->actor.ctx = a;
	a->actor.removing = removing;
	t->acts++;
	switch (sim_draw(&t->random, 8)) {
	case 0:
		a->actor.kill_at =
		    1 + (unsigned)sim_draw(&t->random, MOST_CALLS);
		break;
	case 1:
		a->actor.fail_at =
		    1 + (unsigned)sim_draw(&t->random, MOST_CALLS);
		break;
	case 2:
		if (t->depth + 1 < SIM_DEPTHS)
			a->actor.pause_at =
			    1 + (unsigned)sim_draw(&t->random, MOST_CALLS);
		a->actor.pause = others_run;
		break;
	default:
		break;
	}
	a->actor.fails_lost = sim_one_in(&t->random, 2);
	t->skew_s = sim_one_in(&t->random, 4)
			? (int64_t)sim_draw(&t->random, 481) - 240
			: 0;
}

/* Nothing of its own went wrong. */
static bool was_quiet(const struct act *a)
{
	return !a->actor.dead && !a->actor.failed && !a->actor.paused &&
	       !a->actor.was_full;
}

/* Each run passes some time. */
static void end(struct act *a)
{
	a->t->skew_s = 0;
	a->t->now += 1 + (int64_t)sim_draw(&a->t->random, 20);
}

static struct vault_lock *lock(struct act *a, struct vault *v, struct err *err)
{
	const struct vault_lock_options o = {.holder = a->actor.what,
	    .clock = &a->t->clock,
	    .random = &a->t->random.random,
	    .stale_s = STALE_S,
	    .beat_s = -1};

	return vault_lock_acquire(v, SIM_NAME, &o, err);
}

/* Somebody may hold it: a lock that was written not so long ago, or one that
 * no list names, so that nobody can tell how old it is. */
static bool may_be_locked(const struct sim_store *s)
{
	VEC_EACH (&s->objects, o)
		if (str_starts(o->name, SIM_NAME ".lock-") &&
		    (*s->now < o->unlisted_until || *s->now < o->hidden_until ||
			*s->now - o->stored_at <= STALE_S + 2 * SKEW_MAX_S))
			return true;
	return false;
}

/* ---- backup -------------------------------------------------------------- */

struct place {
	struct sim_store *store;
	struct vault *vault;
	struct vault_lock *lock;
	bool excused; /* whatever becomes of the run there */
	bool failed;
};

struct backup {
	struct act act;
	struct place places[SIM_STORES];
	struct vault *open[SIM_STORES];
	struct place *open_place[SIM_STORES];
	struct vault_lock *open_lock[SIM_STORES];
	size_t open_count;
	char *label;
};

static void open_places(struct backup *b, struct err *err)
{
	struct sim_timeline *t = b->act.t;

	for (size_t i = 0; i < t->store_count; i++) {
		struct place *p = &b->places[i];
		p->store = &t->stores[i];
		p->excused = may_be_locked(p->store) || p->store->drops;
		p->vault = sim_vault_open(p->store, &b->act.actor);
		p->lock = lock(&b->act, p->vault, err);
		p->failed = !p->lock;
		if (p->failed) {
			sim_note(t, "backup: '%s': %s", p->store->name,
			    err->message);
			continue;
		}
		b->open_place[b->open_count] = p;
		b->open_lock[b->open_count] = p->lock;
		b->open[b->open_count++] = p->vault;
	}
}

static int write_archive(
    struct backup *b, struct snapshot_writer *w, struct err *err)
{
	char content[ARCHIVE_BYTES];
	cleanup(sink_freep) struct sink *sink = snapshot_writer_sink(w, err);

	random_fill(&b->act.t->random.random, content, sizeof(content));
	if (!sink || sink_write(sink, content, sizeof(content) / 2, err) ||
	    sink_write(
		sink, content + sizeof(content) / 2, sizeof(content) / 2, err))
		return -1;
	return sink_finish(sink, err);
}

/* Most are lists; of these, most go on from the one before, and need some of
 * what that one needs. */
static void make_list(
    struct sim_timeline *t, struct snapshot_writer *w, struct manifest *m)
{
	struct err err = ERR_INIT;
	struct manifest before;

	if (sim_one_in(&t->random, 4))
		return;
	m->is_list = m->archive.has_index = true;
	m->archive.index = (struct contents_where){.bytes = 1, .len = 1};
	if (sim_one_in(&t->random, 4))
		return;
	if (!snapshot_writer_link(w, &before, &err)) {
		sim_note(t, "backup: full: %s", err.message);
		return;
	}
	for (size_t i = 0; i < manifest_archive_count(&before); i++) {
		struct manifest_archive a = manifest_archive_at(&before, i);
		int64_t time = 0;
		if (!sim_one_in(&t->random, 4) &&
		    snapshot_label_time(SIM_NAME, a.label, &time) == 0 &&
		    snapshot_writer_time(w) - time < FULL_EVERY_S)
			manifest_add_earlier(m, &a);
	}
	manifest_done(&before);
}

static int commit(struct backup *b, struct snapshot_writer *w,
    struct manifest *made, struct err *err)
{
	struct sim_timeline *t = b->act.t;

	for (size_t i = 0; i < b->open_count; i++) {
		struct err why = ERR_INIT;
		if (vault_lock_check(b->open_place[i]->lock, &why))
			snapshot_writer_fail(w, i, &why);
	}
	made->partial = sim_one_in(&t->random, 5);
	made->hold = sim_one_in(&t->random, 12);
	int status = snapshot_commit(w, made, t->world->key, err);
	for (size_t i = 0; i < b->open_count; i++)
		b->open_place[i]->failed =
		    status || snapshot_writer_failure(w, i);
	return status;
}

static int back_up(struct backup *b, struct err *err)
{
	struct sim_timeline *t = b->act.t;
	const struct snapshot_options o = {.name = SIM_NAME,
	    .clock = &t->clock,
	    .trust = &t->world->trust,
	    .locks = b->open_lock};

	open_places(b, err);
	if (!b->open_count)
		return -1;
	cleanup(snapshot_writer_freep) struct snapshot_writer *w =
	    snapshot_begin(b->open, b->open_count, &o, err);
	if (!w)
		return -1;
	b->label = label_make(SIM_NAME, snapshot_writer_time(w));
	b->act.own = b->label;
	cleanup(manifest_done) struct manifest m;
	manifest_init(&m);
	make_list(t, w, &m);
	return write_archive(b, w, err) ? -1 : commit(b, w, &m, err);
}

static void judge_backup(struct backup *b, int status, const struct err *err)
{
	struct sim_timeline *t = b->act.t;

	for (size_t i = 0; i < t->store_count; i++) {
		struct place *p = &b->places[i];
		bool good = !status && !p->failed;
		/* It may need what a run has committed that stands still. */
		sim_truth_learn_all(&t->truth, p->store, &t->world->trust.keys);
		if (b->label)
			sim_truth_learn(&t->truth, p->store, b->label,
			    &t->world->trust.keys);
		const struct sim_snapshot *one =
		    b->label ? sim_truth_of(&t->truth, p->store, b->label)
			     : NULL;
		if (good && !b->act.actor.paused &&
		    (!one || !sim_truth_committed(&t->truth, one, p->store)))
			sim_broken(t, SIM_FALSE_SUCCESS,
			    "backup committed '%s' to '%s', and it is not "
			    "whole",
			    b->label, p->store->name);
		if (good && one)
			sim_witnessed_add(&t->witnessed[i], p->store->name,
			    b->label, &one->manifest, t->now);
		if (!good && !p->excused && was_quiet(&b->act))
			sim_broken(t, SIM_REFUSED, "backup: '%s': %s",
			    p->store->name, err->message);
	}
	t->backups += !status;
	sim_note(t, "backup %s: %s", b->label ? b->label : "",
	    status ? err->message : "good");
}

void sim_act_backup(struct sim_timeline *t)
{
	struct backup b = {.label = NULL};
	struct err err = ERR_INIT;

	begin(&b.act, t, "backup");
	int status = back_up(&b, &err);
	for (size_t i = 0; i < t->store_count; i++)
		vault_lock_free(b.places[i].lock);
	judge_backup(&b, status, &err);
	for (size_t i = 0; i < t->store_count; i++)
		vault_free(b.places[i].vault);
	free(b.label);
	end(&b.act);
}

/* ---- prune --------------------------------------------------------------- */

static bool has_archive(
    const struct sim_timeline *t, const struct sim_store *s, const char *label)
{
	VEC_EACH (&t->truth.snapshots, one)
		if (str_eq(one->label, label) &&
		    sim_store_find(s, one->archive_name))
			return true;
	return false;
}

/* Of an archive that stays for others, or has stayed for long enough. */
static void judge_lone(struct sim_timeline *t, const struct sim_store *s,
    const struct prune_row *row)
{
	bool there = has_archive(t, s, row->label);
	bool stays = row->stays_for || row->outcome != PRUNE_DROPPED;

	if (row->outcome != PRUNE_DROPPED && row->archive_only)
		return;
	t->reduced += stays;
	t->released += !stays;
	if (there != stays)
		sim_broken(t, SIM_FALSE_SUCCESS,
		    "the archive of '%s' is said to %s '%s', and %s",
		    row->label, stays ? "stay in" : "be gone from", s->name,
		    there ? "is there" : "is gone");
}

/* What it says of each is held against the store. */
static void judge_rows(struct sim_timeline *t, const struct sim_store *s,
    const struct prune_rows *rows)
{
	VEC_EACH (rows, row) {
		if (row->archive_only ||
		    (row->stays_for && row->outcome == PRUNE_DROPPED))
			judge_lone(t, s, row);
		if (row->archive_only)
			continue;
		autofree char *manifest =
		    str_printf("%s.manifest.json", row->label);
		bool there = sim_store_find(s, manifest) != NULL;
		if (row->outcome == PRUNE_DROPPED && there)
			sim_broken(t, SIM_FALSE_SUCCESS,
			    "'%s' is said to be pruned from '%s', and is there",
			    row->label, s->name);
		if (row->outcome == PRUNE_KEPT && !row->bad && !there)
			sim_broken(t, SIM_FALSE_SUCCESS,
			    "'%s' is said to be kept in '%s', and is gone",
			    row->label, s->name);
	}
}

void sim_act_prune(struct sim_timeline *t, struct sim_store *s)
{
	struct act a;
	struct err err = ERR_INIT;
	cleanup(prune_rows_done) struct prune_rows rows = VEC_INIT;

	begin(&a, t, "prune");
	a.prunes = true;
	struct vault *v = sim_vault_open(s, &a.actor);
	struct vault_lock *l = lock(&a, v, &err);
	const struct prune_options o = {.vault = v,
	    .name = SIM_NAME,
	    .policy = &t->policy,
	    .zone = t->world->zone,
	    .trust = &t->world->trust,
	    .needed_for_s = FULL_EVERY_S,
	    .key = t->world->key,
	    .clock = &t->clock,
	    .lock = l};
	int status = l ? prune_run(&o, &rows, &err) : -1;
	if (!status && was_quiet(&a))
		judge_rows(t, s, &rows);
	if (a.actor.was_full && (status || !was_quiet(&a)))
		s->unrecorded = true;
	sim_note(t, "prune '%s': %s, %zu rows", s->name,
	    status ? err.message : "good", rows.len);
	VEC_EACH (&rows, row)
		sim_note(t, "  %s %s: %s", row->label,
		    prune_outcome_name(row->outcome, false), row->reason);
	vault_lock_free(l);
	vault_free(v);
	end(&a);
}

/* ---- verify -------------------------------------------------------------- */

/* A record is written of what was looked into, as `verify` does: 0, -1 where
 * there is none, 1 where nobody knows. */
static int record(struct sim_timeline *t, struct vault *v,
    const struct snapshot *s, const struct err *finding)
{
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct manifest m;

	if (snapshot_manifest(v, s, &t->world->trust, &m, sha256, &err))
		return -1;
	manifest_done(&m);
	const struct snapshot_finding f = {.manifest_sha256 = sha256,
	    .level = "full",
	    .good = !finding,
	    .text = finding ? finding->message : NULL,
	    .by = "simulator"};
	if (snapshot_record_verified(v, s, &f, &t->world->trust,
		t->world->verifier, &t->clock, &err) == 0)
		return 0;
	sim_note(t, "no record: %s", err.message);
	return 1;
}

static void verify_one(struct act *a, const struct sim_store *s,
    struct vault *v, const struct snapshot *which)
{
	struct sim_timeline *t = a->t;
	const struct snapshot_open_options o = {.trust = &t->world->trust};
	struct err err = ERR_INIT;
	struct manifest m;
	int status = snapshot_check(v, which, &o, &m, &err);
	struct sim_snapshot *one = sim_truth_of(&t->truth, s, which->label);
	bool whole = one && sim_truth_whole(&t->truth, one, s);

	sim_note(t, "verify '%s' in '%s': %s", which->label, s->name,
	    status ? err.message : "good");
	if (!status)
		manifest_done(&m);
	if (!status && !whole)
		sim_broken(t, SIM_FALSE_SUCCESS,
		    "verify calls '%s' in '%s' good", which->label, s->name);
	if (status && err.code != ERR_INTEGRITY)
		return;
	int recorded = record(t, v, which, status ? &err : NULL);
	if (!one)
		return;
	size_t at = sim_truth_index(&t->truth, s);
	if (!status && whole)
		one->verified[at] = true;
	if (!status && !recorded)
		one->found_bad[at] = one->perhaps_bad[at] = false;
	/* Of an archive that is out of sight, only that is said. */
	bool damaged = sim_truth_found(&t->truth, one, s) &&
		       sim_truth_damaged(&t->truth, one, s);
	if (status && damaged && recorded >= 0)
		one->perhaps_bad[at] = one->was_bad[at] = true;
	if (status && damaged && !recorded)
		one->found_bad[at] = true;
}

/* What `list` says of each: somebody whose word counts has seen it whole. */
static void judge_verdicts(struct sim_timeline *t, const struct sim_store *s,
    struct vault *v, const struct snapshots *list)
{
	VEC_EACH (list, one) {
		const struct sim_snapshot *truth =
		    sim_truth_of(&t->truth, s, one->label);
		char sha256[DIGEST_SHA256_HEX];
		struct snapshot_verdict verdict;
		struct err err = ERR_INIT;
		struct manifest m;
		if (snapshot_manifest(
			v, one, &t->world->trust, &m, sha256, &err))
			continue;
		/* One that another run's lock was taken over by may have lost
		 * its archive before it wrote its manifest. */
		bool whole = !snapshot_find_archive(v, &m, &err);
		manifest_done(&m);
		if (!truth && whole)
			sim_broken(t, SIM_FALSE_SUCCESS,
			    "the manifest of '%s' in '%s' holds, and no run "
			    "wrote it",
			    one->label, s->name);
		if (truth &&
		    !snapshot_verdict(
			v, one, &t->world->trust, sha256, &verdict, &err) &&
		    verdict.at && !verdict.failed && !truth->verified[0] &&
		    !truth->verified[1])
			sim_broken(t, SIM_FALSE_SUCCESS,
			    "'%s' in '%s' passes for verified", one->label,
			    s->name);
	}
}

void sim_act_verify(struct sim_timeline *t, struct sim_store *s)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct act a;

	begin(&a, t, "verify");
	a.actor.pause_at = 0;
	struct vault *v = sim_vault_open(s, &a.actor);
	if (!snapshot_list(v, SIM_NAME, &list, &err)) {
		judge_verdicts(t, s, v, &list);
		if (list.len)
			verify_one(&a, s, v,
			    sim_one_in(&t->random, 2)
				? &list.items[list.len - 1]
				: &list.items[sim_draw(&t->random, list.len)]);
	}
	vault_free(v);
	end(&a);
}

/* ---- copy ---------------------------------------------------------------- */

static int copy_one(struct act *a, struct vault *from, struct vault *to,
    const struct snapshot *which, struct err *err)
{
	const struct snapshot_open_options o = {.trust = &a->t->world->trust};
	struct vault_lock *l = lock(a, to, err);

	if (!l)
		return -1;
	const struct snapshot_copy_to target = {.vault = to, .lock = l};
	int status = snapshot_copy(from, which, &o, &target, err);
	vault_lock_free(l);
	return status;
}

/* As `copy` does, for the chain. */
static void record_copied(struct act *a, struct vault *v,
    const struct snapshot *s, struct sim_snapshot *one, size_t at)
{
	struct sim_timeline *t = a->t;
	char sha256[DIGEST_SHA256_HEX];
	struct err err = ERR_INIT;
	struct manifest m;

	one->copied[at] = false;
	one->unsaid[at] = true;
	if (snapshot_manifest(v, s, &t->world->trust, &m, sha256, &err))
		return;
	manifest_done(&m);
	const struct snapshot_finding f = {.manifest_sha256 = sha256,
	    .level = "quick",
	    .good = true,
	    .by = "simulator",
	    .copied = true};
	one->verified[at] = true;
	if (snapshot_record_verified(v, s, &f, &t->world->trust,
		t->world->verifier, &t->clock, &err) == 0 &&
	    was_quiet(a))
		one->copied[at] = true;
	one->unsaid[at] = !one->copied[at];
}

static int copy_and_judge(struct act *a, struct vault *v, struct vault *target,
    const struct sim_store *to, const struct snapshot *which, struct err *err)
{
	struct sim_timeline *t = a->t;
	const struct sim_snapshot *before =
	    sim_truth_of(&t->truth, to, which->label);

	a->own = NULL;
	if (!before || !sim_truth_whole(&t->truth, before, to))
		a->own = which->label;
	int status = copy_one(a, v, target, which, err);
	struct sim_snapshot *one = sim_truth_of(&t->truth, to, which->label);
	if (status >= 0 && one)
		record_copied(
		    a, target, which, one, sim_truth_index(&t->truth, to));
	/* Its answer was lost: it may be there, and nobody says who brought it.
	 */
	if (status < 0 && one && a->own)
		one->unsaid[sim_truth_index(&t->truth, to)] = true;
	if (!status && (!one || !sim_truth_committed(&t->truth, one, to)))
		sim_broken(t, SIM_FALSE_SUCCESS,
		    "'%s' was copied to '%s', and is not whole there",
		    which->label, to->name);
	sim_note(t, "copy '%s' to '%s': %s", which->label, to->name,
	    status < 0 ? err->message
	    : status   ? "is there"
		       : "good");
	return status;
}

void sim_act_copy(
    struct sim_timeline *t, struct sim_store *from, struct sim_store *to)
{
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	struct err err = ERR_INIT;
	struct act a;

	begin(&a, t, "copy");
	a.actor.pause_at = 0;
	struct vault *v = sim_vault_open(from, &a.actor);
	struct vault *target = sim_vault_open(to, &a.actor);
	if (!snapshot_list(v, SIM_NAME, &list, &err) && list.len) {
		const struct snapshot *which =
		    &list.items[sim_draw(&t->random, list.len)];
		struct snapshot_refs refs = VEC_INIT;
		int status = snapshot_needs(
		    v, &list, which, &t->world->trust, &refs, &err);
		for (size_t i = 0; status >= 0 && i < refs.len; i++)
			status = copy_and_judge(
			    &a, v, target, to, refs.items[i], &err);
		vec_done(&refs);
	}
	vault_free(v);
	vault_free(target);
	end(&a);
}
