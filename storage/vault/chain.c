#include "storage/vault/chain.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/vault/label.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* As many as that are not a mishap any more. */
enum { FLOOD_MIN = 10, SHOWN = 10, PRUNED_ASKED = 32 };
enum { GAPS_MIN = 3, GAPS_MAX = 10, DAY_S = 86400 };

static const char *const names[CHAIN_KINDS] = {
    [CHAIN_DELETE] = "delete",
    [CHAIN_REPLAY] = "replay",
    [CHAIN_TRUNCATE] = "truncate",
    [CHAIN_FORK] = "fork",
    [CHAIN_FREEZE] = "freeze",
    [CHAIN_MIX] = "mix",
    [CHAIN_BACK_DATE] = "back-date",
    [CHAIN_FLOOD] = "flood",
};

const char *chain_kind_name(enum chain_kind kind)
{
	return names[kind];
}

void chain_done(struct chain *c)
{
	VEC_EACH (&c->links, l) {
		free(l->label);
		manifest_done(&l->manifest);
	}
	vec_done(&c->links);
	VEC_EACH (&c->findings, f) {
		free(f->label);
		free(f->text);
	}
	vec_done(&c->findings);
	strvec_done(&c->hearsay);
	snapshot_removals_done(&c->pruned);
	strvec_done(&c->unheld);
}

void chain_fault(struct chain *c, enum chain_kind kind, const char *label,
    const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	/* One snapshot has one fault of a kind, however many tell of it. */
	VEC_EACH (&c->findings, f)
		if (f->kind == kind && label && str_eq(f->label, label))
			return;
	buf_printf(&text, "%s: ", names[kind]);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	struct chain_finding *f = vec_add(&c->findings);
	f->kind = kind;
	f->label = str_dup(label);
	f->text = buf_steal(&text);
}

const struct chain_link *chain_find(const struct chain *c, const char *label)
{
	VEC_EACH (&c->links, l)
		if (str_eq(l->label, label))
			return l;
	return NULL;
}

static bool is_pruned(const struct chain *c, const char *label)
{
	return snapshot_removals_find(&c->pruned, label) != NULL;
}

static const struct manifest_previous *before(
    const struct chain_terms *t, const struct chain_link *l)
{
	return manifest_previous_in(
	    &l->manifest, vault_name(t->vault), t->vault->id);
}

/* ---- manifests and records of the vault ---------------------------------- */

static bool is_inconclusive(const struct err *err)
{
	return err->code == ERR_INTEGRITY || err->code == ERR_FORMAT ||
	       err->code == ERR_NOT_FOUND;
}

static int add_link(const struct chain_terms *t, struct chain *c,
    const struct snapshot *s, bool listed, struct err *err)
{
	struct chain_link l = {.time = s->time, .listed = listed};
	struct snapshot_verdict verdict;
	struct err why = ERR_INIT;

	if (snapshot_manifest(
		t->vault, s, t->trust, &l.manifest, l.sha256, &why) == 0) {
		l.label = str_dup(s->label);
		manifest_drop_sources(&l.manifest);
		*vec_add(&c->links) = l;
		if (before(t, &l) && !is_pruned(c, s->label) &&
		    !chain_head_has(&t->head->gone, s->label))
			return 0;
		if (snapshot_verdict(
			t->vault, s, t->trust, l.sha256, &verdict, err))
			return -1;
		c->links.items[c->links.len - 1].copied = verdict.copied;
		return 0;
	}
	if (!is_inconclusive(&why)) {
		*err = why;
		return err_wrap(err, "snapshot '%s'", s->label);
	}
	if (!listed)
		return 0;
	strvec_add(&c->unheld, s->label);
	if (c->unheld.len <= SHOWN) {
		autofree char *text =
		    str_printf("forged or damaged: snapshot '%s': %s", s->label,
			why.message);
		strvec_add(&c->hearsay, text);
	}
	return 0;
}

/* That a list leaves one out says nothing. */
static int ask_for(const struct chain_terms *t, struct chain *c,
    const char *label, struct err *err)
{
	struct label l;

	if (chain_find(c, label) || strvec_has(&c->unheld, label) ||
	    label_parse_of(t->name, label, &l) || label[l.len])
		return 0;
	struct snapshot s = {.label = str_dup(label),
	    .name = str_dup(t->name),
	    .time = l.time,
	    .has_signature = true};
	int status = add_link(t, c, &s, false, err);
	free(s.label);
	free(s.name);
	return status;
}

static int by_time(const void *a, const void *b)
{
	const struct chain_link *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return strcmp(x->label, y->label);
}

/* Of one that a record says was pruned, the store may keep what the list leaves
 * out: it is not a replay when the list names it again. */
static int ask_for_pruned(
    const struct chain_terms *t, struct chain *c, struct err *err)
{
	size_t asked = 0;

	for (size_t i = c->pruned.len; i-- > 0;) {
		const char *label = c->pruned.items[i].label;
		if (chain_find(c, label) ||
		    (!chain_head_has(&t->head->marks, label) &&
			asked >= PRUNED_ASKED))
			continue;
		asked++;
		if (ask_for(t, c, label, err))
			return -1;
	}
	return 0;
}

/* Those of the list, then whatever they, the records or the memory name. */
static int gather(const struct chain_terms *t, struct chain *c, struct err *err)
{
	VEC_EACH (t->list, s)
		if (add_link(t, c, s, true, err))
			return -1;
	if (ask_for_pruned(t, c, err))
		return -1;
	if (t->head->label && ask_for(t, c, t->head->label, err))
		return -1;
	for (size_t i = 0; t->named && i < t->named->len; i++)
		if (!is_pruned(c, t->named->items[i]) &&
		    ask_for(t, c, t->named->items[i], err))
			return -1;
	for (size_t i = 0; i < c->links.len; i++) {
		const struct manifest_previous *p =
		    before(t, &c->links.items[i]);
		if (!p || !p->label || is_pruned(c, p->label))
			continue;
		autofree char *label = str_dup(p->label);
		if (ask_for(t, c, label, err))
			return -1;
	}
	vec_sort(&c->links, by_time);
	return 0;
}

static int gather_records(
    const struct chain_terms *t, struct chain *c, struct err *err)
{
	cleanup(strvec_done) struct strvec forged = VEC_INIT;

	if (snapshot_pruned(
		t->vault, t->name, t->trust, &c->pruned, &forged, err))
		return -1;
	VEC_EACH (&forged, object) {
		autofree char *text = str_printf(
		    "'%s' is ignored: no key that may record what was pruned "
		    "signed it, or it is of another vault",
		    *object);
		strvec_add(&c->hearsay, text);
		strvec_add(&c->unheld, *object);
	}
	return 0;
}

/* ---- what it says -------------------------------------------------------- */

/* Gone, and nothing says why. */
bool chain_is_missing(
    const struct chain_terms *t, const struct chain *c, const char *label)
{
	return !chain_find(c, label) && !is_pruned(c, label) &&
	       !chain_head_has(&t->head->gone, label);
}

/* What it says of the one before it. */
static void follow(struct chain *c, const struct chain_link *l,
    const struct manifest_previous *p)
{
	const struct chain_link *there = chain_find(c, p->label);

	if (there && !str_eq(there->sha256, p->sha256))
		chain_fault(c, CHAIN_FORK, p->label,
		    "'%s' was replaced: '%s' was written after another "
		    "manifest of that name",
		    p->label, l->label);
	if (there && there->time >= l->time)
		chain_fault(c, CHAIN_BACK_DATE, l->label,
		    "'%s' was written after '%s', and bears an older time",
		    l->label, p->label);
}

static void find_missing(struct chain *c, const char *label, const char *after)
{
	if (strvec_has(&c->unheld, label))
		chain_fault(c, CHAIN_DELETE, label,
		    "the manifest of '%s' does not hold: '%s' was written "
		    "after it, so that it was good; it was damaged, or its key "
		    "is not trusted any more",
		    label, after);
	else
		chain_fault(c, CHAIN_DELETE, label,
		    "'%s' is missing: '%s' was written after it, and no record "
		    "says that it was pruned",
		    label, after);
}

/* A manifest of an earlier version names vaults without their ids: who calls
 * the vault otherwise cannot tell whether it was written here. */
static bool is_of_elsewhere(
    const struct chain_terms *t, const struct chain_link *l)
{
	if (!t->vault->id || !l->manifest.previous.len)
		return false;
	VEC_EACH (&l->manifest.previous, p)
		if (!p->id)
			return false;
	return true;
}

static void judge_copy(
    const struct chain_terms *t, struct chain *c, const struct chain_link *l)
{
	const struct chain_head *h = t->head;
	bool marked = h->label && (chain_head_has(&h->marks, l->label) ||
				      l->time < h->since);

	c->elsewhere++;
	if (!l->copied && !marked && is_of_elsewhere(t, l))
		chain_fault(c, CHAIN_MIX, l->label,
		    "'%s' was not written to this vault, and nobody whose word "
		    "counts has copied it here (as in a copy of a vault that "
		    "was adopted as one of its own)",
		    l->label);
}

/* Oldest first. One that was copied here says what was before it elsewhere:
 * that holds against what is here, but nothing can be missing of it. */
static void walk(const struct chain_terms *t, struct chain *c)
{
	VEC_EACH (&c->links, l) {
		const struct manifest_previous *here = before(t, l);
		VEC_EACH (&l->manifest.previous, p)
			if (p->label)
				follow(c, l, p);
		if (!here)
			judge_copy(t, c, l);
		else if (here->label && chain_is_missing(t, c, here->label))
			find_missing(c, here->label, l->label);
	}
}

int64_t chain_newest_time(const struct chain *c)
{
	return c->links.len ? c->links.items[c->links.len - 1].time : 0;
}

/* Whether one that is there was written after it. */
bool chain_is_followed(const struct chain *c, const char *label)
{
	VEC_EACH (&c->links, l)
		VEC_EACH (&l->manifest.previous, p)
			if (str_eq(p->label, label))
				return true;
	return false;
}

static void recall_newest(const struct chain_terms *t, struct chain *c)
{
	const struct chain_head *h = t->head;
	const struct chain_link *there = chain_find(c, h->label);

	if (there && !str_eq(there->sha256, h->sha256))
		chain_fault(c, CHAIN_FORK, h->label,
		    "'%s' was replaced since it was last seen", h->label);
	if (!chain_is_missing(t, c, h->label))
		return;
	chain_fault(c,
	    chain_is_followed(c, h->label)   ? CHAIN_DELETE
	    : chain_newest_time(c) > h->time ? CHAIN_FORK
					     : CHAIN_TRUNCATE,
	    h->label,
	    "the vault was rolled back: '%s' was its newest when it was last "
	    "seen, %s, and no record says that it was pruned",
	    h->label,
	    strvec_has(&c->unheld, h->label) ? "its manifest does not hold"
					     : "is gone");
}

/* What is recorded later was still there, and was only out of sight: the store
 * may keep it by Object Lock, whatever the record says. */
static bool was_pruned(const struct chain_terms *t, const struct chain *c,
    const struct chain_link *l)
{
	const struct snapshot_removal *removal =
	    snapshot_removals_find(&c->pruned, l->label);

	return removal && removal->recorded <= t->head->seen;
}

/* One that was not there, is older than what was the newest then, and had gone
 * for a reason. That a list left out, or that a run which stood still wrote
 * late, has no such reason. */
static void recall_older(const struct chain_terms *t, struct chain *c)
{
	const struct chain_head *h = t->head;

	VEC_EACH (&c->links, l) {
		bool pruned = was_pruned(t, c, l);
		if (l->time > h->time || l->time < h->since ||
		    chain_head_has(&h->marks, l->label) ||
		    (!pruned && !chain_head_has(&h->gone, l->label)) ||
		    l->copied || !before(t, l))
			continue;
		chain_fault(c, CHAIN_REPLAY, l->label,
		    "'%s' was not there when the vault was last seen, and is "
		    "older than what was its newest then: %s",
		    l->label,
		    pruned ? "it was pruned before"
			   : "that it was gone had been accepted");
	}
}

/* Where one came about every day, days without one are a sign: that the agent
 * stopped, or that an old state of the vault is shown. */
static void detect_freeze(const struct chain_terms *t, struct chain *c)
{
	int64_t longest = DAY_S;
	size_t n = c->links.len;

	if (n <= GAPS_MIN)
		return;
	for (size_t i = n - 1; i > 0 && n - i <= GAPS_MAX; i--) {
		int64_t gap =
		    c->links.items[i].time - c->links.items[i - 1].time;
		longest = gap > longest ? gap : longest;
	}
	if (t->now - chain_newest_time(c) > 3 * longest)
		chain_fault(c, CHAIN_FREEZE, NULL,
		    "'%s' is the newest snapshot, and %lld days old, where "
		    "they came every day or every %lld: the agent stopped, or "
		    "an old state of the vault is shown",
		    c->links.items[n - 1].label,
		    (long long)((t->now - chain_newest_time(c)) / DAY_S),
		    (long long)(longest / DAY_S));
}

static void detect_flood(const struct chain_terms *t, struct chain *c)
{
	if (c->unheld.len >= t->head->unheld + FLOOD_MIN)
		chain_fault(c, CHAIN_FLOOD, NULL,
		    "%zu objects pass for manifests of snapshots or records, "
		    "and nobody trusted signed them",
		    c->unheld.len);
}

int chain_check(const struct chain_terms *t, struct chain *out, struct err *err)
{
	if (gather_records(t, out, err) || gather(t, out, err))
		return -1;
	walk(t, out);
	if (t->head->label) {
		recall_newest(t, out);
		recall_older(t, out);
	}
	detect_freeze(t, out);
	detect_flood(t, out);
	return 0;
}

/* ---- what to remember ---------------------------------------------------- */

static void copy_marks(const struct buf *from, struct buf *to)
{
	buf_add(to, from->data, from->len);
}

/* What was there before stays marked where it is only out of sight: of what was
 * pruned that is not so. */
static void remember_marks(
    const struct chain_terms *t, const struct chain *c, struct chain_head *out)
{
	copy_marks(&t->head->marks, &out->marks);
	VEC_EACH (&c->pruned, removal)
		if (!chain_find(c, removal->label))
			chain_head_unmark(&out->marks, removal->label);
	copy_marks(&t->head->gone, &out->gone);
	VEC_EACH (&c->links, l)
		chain_head_unmark(&out->gone, l->label);
	VEC_EACH (&c->findings, f) {
		if (!f->label || chain_find(c, f->label))
			continue;
		chain_head_unmark(&out->marks, f->label);
		chain_head_mark(&out->gone, f->label, CHAIN_HEAD_GONE);
	}
	VEC_EACH (&c->links, l)
		chain_head_mark(&out->marks, l->label, CHAIN_HEAD_MARKS);
}

static bool is_found(const struct chain *c, enum chain_kind kind)
{
	VEC_EACH (&c->findings, f)
		if (f->kind == kind)
			return true;
	return false;
}

int chain_remember(
    const struct chain_terms *t, const struct chain *c, struct chain_head *out)
{
	size_t n = c->links.len;

	*out = (struct chain_head){.label = NULL};
	if (!n)
		return -1;
	const struct chain_link *newest = &c->links.items[n - 1];
	out->vault = str_dup(t->vault->id ? t->vault->id : "");
	out->label = str_dup(newest->label);
	memcpy(out->sha256, newest->sha256, sizeof(out->sha256));
	out->time = newest->time;
	out->seen = t->now;
	/* Of those that lie further back than the marks, nothing is known. */
	out->since = t->head->label ? t->head->since : 0;
	if (n >= CHAIN_HEAD_MARKS)
		out->since = c->links.items[n - CHAIN_HEAD_MARKS].time;
	out->unheld =
	    is_found(c, CHAIN_FLOOD) ? c->unheld.len : t->head->unheld;
	remember_marks(t, c, out);
	return 0;
}
