#include "config/retention/outlook.h"

#include "storage/base/cleanup.h"

void outlook_done(struct outlook *o)
{
	proofs_done(&o->proofs);
	hidden_done(&o->hidden);
	lone_archives_done(&o->lone);
	vec_done(&o->items);
	snapshots_done(&o->list);
}

/* A verification that did not find the archive may have asked a store that hid
 * it for a while. It was wrong if the archive is there now, and is believed if
 * another one, a week later, did not find it either: a store that hides it only
 * now and then may have shown it in between. */
static bool is_bad(const struct proof *p)
{
	enum { GONE_S = 7 * 86400 };
	const struct snapshot_verdict *v = &p->verdict;

	if (!v->failed || !v->unseen)
		return v->failed;
	return !p->whole && v->at - v->failed_since >= GONE_S;
}

/* A store that hides a snapshot from a machine that knows the vault does not
 * make it forget. One that was never told of it would drop what it needs. What
 * several machines captured together is never needed by another. */
static bool may_be_needed_unseen(const struct outlook_terms *t, int64_t time)
{
	return t->seen_since && time < t->seen_since &&
	       t->now - t->seen_since < OUTLOOK_MEETING_S &&
	       t->now - time < OUTLOOK_LEFT_S;
}

/* What may need its archive, and is out of sight. */
static void look_for_unseen(const struct outlook *o,
    struct retention_item *item, const struct outlook_terms *t)
{
	const struct hidden_one *hidden =
	    hidden_after(&o->hidden, item->time, t->needed_for_s);

	item->hidden = hidden ? hidden->label : NULL;
	item->met_late = may_be_needed_unseen(t, item->time);
}

/* A manifest that does not hold says nothing of its snapshot, which after a
 * change of keys may be a good one, and on hold. An archive that is not there
 * may be out of sight: only a verification whose word counts makes it bad. */
static void add_item(
    struct outlook *o, const struct proof *p, const struct outlook_terms *t)
{
	struct retention_item *item = vec_add(&o->items);

	item->label = p->snapshot->label;
	item->time = p->snapshot->time;
	item->untrusted = !p->trusted;
	if (!p->trusted)
		return;
	item->unseen = !p->whole;
	item->verified =
	    p->verdict.at && !p->verdict.failed && !p->verdict.drill_failed;
	item->bad = is_bad(p);
	item->partial = p->manifest.partial;
	item->hold = p->manifest.hold;
	item->tags = &p->manifest.tags;
	item->needs = &p->needs;
	item->reducible = t->reduces && p->whole && !item->bad &&
			  !manifest_has_parts(&p->manifest);
	if (p->manifest.is_list)
		look_for_unseen(o, item, t);
	item->met_late = item->met_late && !manifest_has_parts(&p->manifest);
}

/* What a snapshot that was dropped has left for others. */
static void add_lone(struct outlook *o, const struct lone_archive *lone,
    const struct outlook_terms *t)
{
	struct retention_item *item = vec_add(&o->items);

	item->label = lone->label;
	item->time = lone->time;
	item->archive_only = true;
	look_for_unseen(o, item, t);
}

int outlook_gather(
    struct outlook *o, const struct outlook_terms *t, struct err *err)
{
	if (snapshot_list(t->vault, t->name, &o->list, err) ||
	    hidden_gather(t->vault, t->name, t->trust, &o->list, &o->proofs,
		&o->hidden, err) ||
	    lone_archives_gather(
		t->vault, &o->list, t->trust, t->now, &o->lone, err))
		return -1;
	VEC_EACH (&o->proofs, p)
		add_item(o, p, t);
	VEC_EACH (&o->lone, one)
		add_lone(o, one, t);
	return 0;
}

const struct retention_item *outlook_of(
    const struct outlook *o, const char *label)
{
	VEC_EACH (&o->items, item)
		if (str_eq(item->label, label))
			return item;
	return NULL;
}

struct retention_policy outlook_policy(const struct settings_retention *r)
{
	struct retention_policy p = {
	    .keep_last = (unsigned)r->keep_last,
	    .keep_hourly = (unsigned)r->keep_hourly,
	    .keep_daily = (unsigned)r->keep_daily,
	    .keep_weekly = (unsigned)r->keep_weekly,
	    .keep_monthly = (unsigned)r->keep_monthly,
	    .keep_yearly = (unsigned)r->keep_yearly,
	    .keep_within_s = r->keep_within / 1000,
	    .keep_min = (unsigned)r->keep_min,
	    .max_deletions = (unsigned)r->max_deletions,
	    .verified_only = r->verified_only,
	};

	VEC_EACH (&r->keep_tags, tag)
		strvec_add(&p.keep_tags, *tag);
	return p;
}

int64_t outlook_needed_for_s(const struct settings *s)
{
	enum { DEFAULT_S = 7 * 86400 };
	int64_t every_s = s->incremental.full_every / 1000;

	return every_s > DEFAULT_S ? every_s : DEFAULT_S;
}
