#include "tests/sim/vault/looks.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/sim/vault/acts.h"
#include "tests/sim/vault/restores.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400, FLOOD = 12 };

struct look {
	struct sim_actor actor; /* nothing goes wrong in it */
	struct vault *vault;
	struct snapshots list;
	struct chain_terms terms;
	struct chain chain;
	struct strvec named; /* by the log */
};

static int look(struct look *l, struct sim_timeline *t, struct sim_store *s)
{
	struct err err = ERR_INIT;

	*l = (struct look){.actor = {.what = "look"}};
	l->vault = sim_vault_open(s, &l->actor);
	l->terms = (struct chain_terms){.vault = l->vault,
	    .name = SIM_NAME,
	    .list = &l->list,
	    .trust = &t->world->trust,
	    .head = &t->heads[sim_truth_index(&t->truth, s)],
	    .now = t->now};
	t->looks++;
	const struct sim_witnessed *w =
	    &t->witnessed[sim_truth_index(&t->truth, s)];
	if (t->world->witness) {
		sim_witnessed_name(w, &l->named);
		l->terms.named = &l->named;
	}
	if (snapshot_list(l->vault, SIM_NAME, &l->list, &err) ||
	    chain_check(&l->terms, &l->chain, &err))
		return -1;
	if (t->world->witness)
		sim_witnessed_hold(w, &l->terms, &l->chain);
	return 0;
}

static void look_done(struct look *l)
{
	chain_done(&l->chain);
	snapshots_done(&l->list);
	strvec_done(&l->named);
	vault_free(l->vault);
}

static void remember(struct look *l, struct chain_head *head)
{
	struct chain_head next;

	if (chain_remember(&l->terms, &l->chain, &next))
		return;
	chain_head_done(head);
	*head = next;
}

/* What a list leaves out of snapshots is asked for by name. Of records nobody
 * knows the names, and what cannot be found at all is gone, as far as anybody
 * can tell. */
bool sim_look_shows_all(const struct sim_store *s)
{
	VEC_EACH (&s->objects, o)
		if (*s->now < o->hidden_until ||
		    (*s->now < o->unlisted_until &&
			(strstr(o->name, ".pruned.") ||
			    strstr(o->name, ".verified-"))))
			return false;
	return !s->drops;
}

static bool is_true(const struct sim_timeline *t, const struct sim_store *s,
    const struct chain_finding *f)
{
	size_t at = (size_t)(s - t->stores);

	if (s->unrecorded &&
	    (f->kind == CHAIN_DELETE || f->kind == CHAIN_TRUNCATE ||
		f->kind == CHAIN_FORK))
		return true;
	VEC_EACH (&t->truth.snapshots, one) {
		if (f->kind == CHAIN_FREEZE &&
		    sim_truth_whole(&t->truth, one, s) &&
		    sim_truth_listed(&t->truth, one, s) &&
		    t->now - one->time < 3 * DAY_S)
			return false;
		if (f->kind == CHAIN_MIX && str_eq(one->label, f->label))
			return !one->copied[at];
		if (f->kind == CHAIN_REPLAY && str_eq(one->label, f->label))
			return one->unsaid[at] || t->blind[at];
	}
	return f->kind == CHAIN_FREEZE;
}

bool sim_look_finds(struct sim_timeline *t, struct sim_store *s)
{
	struct look l;
	bool found = false;

	if (!look(&l, t, s))
		VEC_EACH (&l.chain.findings, f)
			found = found || is_true(t, s, f);
	look_done(&l);
	return found;
}

void sim_look(struct sim_timeline *t, struct sim_store *s, bool harmed)
{
	struct look l;

	if (!look(&l, t, s)) {
		VEC_EACH (&l.chain.findings, f) {
			sim_note(t, "look at '%s': %s", s->name, f->text);
			if (!harmed && sim_look_shows_all(s) &&
			    !is_true(t, s, f))
				sim_broken(t, SIM_FALSE_ALARM, "'%s': %s",
				    s->name, f->text);
		}
		/* Who does not see all of it accepts nothing. */
		size_t at = sim_truth_index(&t->truth, s);
		if (harmed || !l.chain.findings.len || sim_look_shows_all(s)) {
			remember(&l, &t->heads[at]);
			t->blind[at] = t->blind[at] || !sim_look_shows_all(s);
		}
	}
	look_done(&l);
}

/* ---- trials -------------------------------------------------------------- */

static void drop_snapshot(struct sim_store *s, const struct sim_snapshot *one)
{
	autofree char *manifest = str_printf("%s.manifest.json", one->label);
	autofree char *minisig = str_printf("%s.minisig", manifest);

	sim_store_drop(s, manifest);
	sim_store_drop(s, minisig);
	sim_store_drop(s, one->archive_name);
}

static void put_snapshot(struct sim_store *s, const struct sim_snapshot *one)
{
	autofree char *manifest = str_printf("%s.manifest.json", one->label);
	autofree char *minisig = str_printf("%s.minisig", manifest);

	sim_store_set(
	    s, one->archive_name, one->archive.data, one->archive.len);
	sim_store_set(s, minisig, one->signature.data, one->signature.len);
	sim_store_set(s, manifest, one->manifest.data, one->manifest.len);
}

static struct sim_snapshot *truth_of(struct sim_timeline *t, const char *label)
{
	VEC_EACH (&t->truth.snapshots, one)
		if (str_eq(one->label, label))
			return one;
	return NULL;
}

/* The newest is gone; with `on`, the agent has gone on. */
static bool truncate_it(
    struct sim_timeline *t, struct sim_store *s, const struct look *l, bool on)
{
	const struct chain_head *h = &t->heads[sim_truth_index(&t->truth, s)];
	const struct sim_snapshot *one = truth_of(t, h->label);

	/* Who wrote it may have withdrawn it, with a record, and failed to
	 * remove it. */
	if (!one || !sim_truth_whole(&t->truth, one, s) ||
	    snapshot_removals_find(&l->chain.pruned, h->label))
		return false;
	drop_snapshot(s, one);
	if (on)
		sim_act_backup(t);
	return true;
}

static const struct chain_link *any_link(
    struct sim_timeline *t, const struct look *l)
{
	return &l->chain.links.items[sim_draw(&t->random, l->chain.links.len)];
}

/* One that a later one names. */
static bool delete_it(
    struct sim_timeline *t, struct sim_store *s, const struct look *l)
{
	const struct manifest_previous *p =
	    manifest_previous_in(&any_link(t, l)->manifest, s->name, s->name);
	struct sim_snapshot *one = p && p->label ? truth_of(t, p->label) : NULL;

	if (!one || !sim_truth_whole(&t->truth, one, s) ||
	    snapshot_removals_find(&l->chain.pruned, p->label))
		return false;
	drop_snapshot(s, one);
	return true;
}

/* One that a record says was pruned, and that was written here. */
static bool replay_it(
    struct sim_timeline *t, struct sim_store *s, const struct look *l)
{
	const struct chain_head *h = &t->heads[sim_truth_index(&t->truth, s)];

	VEC_EACH (&l->chain.pruned, removal) {
		const char *label = removal->label;
		struct sim_snapshot *one = truth_of(t, label);
		autofree char *manifest = str_printf("%s.manifest.json", label);
		if (!one || sim_store_find(s, manifest) ||
		    one->time > h->time || one->copied[s - t->stores] ||
		    chain_head_has(&h->marks, label) ||
		    !strstr(buf_str(&one->manifest), s->name))
			continue;
		put_snapshot(s, one);
		return true;
	}
	return false;
}

/* One of another store that was neither written nor copied here. */
static bool mix_it(struct sim_timeline *t, struct sim_store *s)
{
	const struct chain_head *h = &t->heads[sim_truth_index(&t->truth, s)];
	autofree char *here = str_printf("\"vault_id\":\"%s\"", s->name);
	autofree char *spaced = str_printf("\"vault_id\": \"%s\"", s->name);

	VEC_EACH (&t->truth.snapshots, one) {
		autofree char *manifest =
		    str_printf("%s.manifest.json", one->label);
		const char *text = buf_str(&one->manifest);
		if (strstr(text, here) || strstr(text, spaced) ||
		    one->copied[s - t->stores] || sim_store_find(s, manifest) ||
		    chain_head_has(&h->marks, one->label))
			continue;
		put_snapshot(s, one);
		return true;
	}
	return false;
}

static bool flood_it(struct sim_timeline *t, struct sim_store *s)
{
	for (int i = 0; i < FLOOD; i++) {
		char stamp[CLOCK_TEXT_MAX];
		clock_stamp(t->now + 1000 + i, stamp);
		autofree char *name =
		    str_printf(SIM_NAME "-%s.manifest.json", stamp);
		sim_store_set(s, name, "{}", 2);
	}
	return true;
}

/* Whether there was something to harm so. */
static bool harm(struct sim_timeline *t, struct sim_store *s,
    const struct look *before, enum chain_kind kind)
{
	switch (kind) {
	case CHAIN_DELETE:
		return delete_it(t, s, before);
	case CHAIN_REPLAY:
		return replay_it(t, s, before);
	case CHAIN_TRUNCATE:
		return truncate_it(t, s, before, false);
	case CHAIN_FORK:
		return truncate_it(t, s, before, true);
	case CHAIN_FREEZE:
		t->now += 3650LL * DAY_S;
		return before->chain.links.len > 3;
	case CHAIN_MIX:
		return mix_it(t, s);
	case CHAIN_FLOOD:
		return flood_it(t, s);
	default:
		return false;
	}
}

void sim_look_trial(struct sim_timeline *t, struct sim_store *s)
{
	enum chain_kind kind =
	    (enum chain_kind)sim_draw(&t->random, CHAIN_KINDS);
	struct look before, after;

	sim_look(t, s, false);
	bool ready = !look(&before, t, s) && before.chain.links.len &&
		     sim_look_shows_all(s);
	if (ready && harm(t, s, &before, kind)) {
		sim_note(
		    t, "trial of '%s': %s", s->name, chain_kind_name(kind));
		t->trials++;
		if (!look(&after, t, s) && !after.chain.findings.len)
			sim_broken(t, SIM_UNNAMED, "%s of '%s'",
			    chain_kind_name(kind), s->name);
		else if (!sim_restore_is_refused(t, s))
			sim_broken(t, SIM_UNNAMED,
			    "%s of '%s', of which a restore takes the latest",
			    chain_kind_name(kind), s->name);
		look_done(&after);
	}
	look_done(&before);
}

/* The vault as it was before the newest that the witness knows, or before some
 * more; with its log of then, or with that of now put beside it. */
static bool roll_back(
    struct sim_timeline *t, struct sim_store *s, const struct look *before)
{
	struct sim_witnessed *w = &t->witnessed[sim_truth_index(&t->truth, s)];
	bool any = false;

	if (!w->cosigned.size)
		return false;
	size_t left = sim_draw(&t->random, w->cosigned.size);
	bool with_log = sim_one_in(&t->random, 2);
	while (w->log.leaves.len > left) {
		struct vault_log_leaf *leaf =
		    &w->log.leaves.items[w->log.leaves.len - 1];
		const struct sim_snapshot *one = truth_of(t, leaf->label);
		/* Of what was pruned, nothing would come to light. */
		if (one && chain_find(&before->chain, leaf->label)) {
			drop_snapshot(s, one);
			any = true;
		}
		if (with_log && !any)
			return false;
		if (with_log)
			break;
		free(leaf->label);
		w->log.leaves.len--;
	}
	return any || !with_log;
}

void sim_look_rolled_back(struct sim_timeline *t, struct sim_store *s)
{
	struct look before, after;
	struct chain_head *head = &t->heads[sim_truth_index(&t->truth, s)];

	sim_look(t, s, false);
	bool ready = !look(&before, t, s) && before.chain.links.len &&
		     !before.chain.findings.len && sim_look_shows_all(s);
	if (ready && roll_back(t, s, &before)) {
		chain_head_done(head);
		t->trials++;
		if (!look(&after, t, s) && !after.chain.findings.len)
			sim_broken(t, SIM_UNNAMED,
			    "'%s' was rolled back below what the witness "
			    "co-signed",
			    s->name);
		look_done(&after);
	}
	look_done(&before);
}
