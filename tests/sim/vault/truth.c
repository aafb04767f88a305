#include "tests/sim/vault/truth.h"

#include "storage/archive/manifest.h"
#include "storage/base/cleanup.h"
#include "storage/base/digest.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

enum { DAY_S = 86400 };

void sim_truth_done(struct sim_truth *t)
{
	VEC_EACH (&t->snapshots, one) {
		free(one->label);
		free(one->archive_name);
		buf_done(&one->manifest);
		buf_done(&one->signature);
		buf_done(&one->archive);
		strvec_done(&one->needs);
	}
	vec_done(&t->snapshots);
}

size_t sim_truth_index(const struct sim_truth *t, const struct sim_store *s)
{
	return (size_t)(s - t->stores);
}

static struct sim_object *part(
    const struct sim_store *s, const char *label, const char *rest)
{
	autofree char *name = str_printf("%s%s", label, rest);

	return sim_store_find(s, name);
}

static bool same(const struct sim_object *o, const struct buf *b)
{
	return o && o->data.len == b->len &&
	       memcmp(buf_str(&o->data), buf_str(b), b->len) == 0;
}

/* Also where its comment, which nobody signs, or its last line end changed. */
static bool signed_still(
    const struct sim_object *o, const struct sim_snapshot *one)
{
	struct err ignored = ERR_INIT;

	return same(o, &one->signature) ||
	       (o && minisign_verify(one->keys, buf_str(&one->manifest),
			 one->manifest.len, buf_str(&o->data), o->data.len,
			 NULL, &ignored) == 0);
}

struct sim_snapshot *sim_truth_of(
    struct sim_truth *t, const struct sim_store *s, const char *label)
{
	const struct sim_object *o = part(s, label, ".manifest.json");

	VEC_EACH (&t->snapshots, one)
		if (str_eq(one->label, label) && same(o, &one->manifest))
			return one;
	return NULL;
}

void sim_truth_learn(struct sim_truth *t, const struct sim_store *s,
    const char *label, const struct minisign_publics *keys)
{
	const struct sim_object *text = part(s, label, ".manifest.json");
	const struct sim_object *signature =
	    part(s, label, ".manifest.json.minisig");
	char sha256[DIGEST_SHA256_HEX];
	struct err ignored = ERR_INIT;
	struct manifest m;

	if (!text || !signature || sim_truth_of(t, s, label) ||
	    minisign_verify(keys, buf_str(&text->data), text->data.len,
		buf_str(&signature->data), signature->data.len, NULL,
		&ignored) ||
	    manifest_parse(buf_str(&text->data), text->data.len, &m, &ignored))
		return;
	const struct sim_object *archive = sim_store_find(s, m.archive.file);
	if (archive) {
		digest_sha256_hex(
		    buf_str(&archive->data), archive->data.len, sha256);
		if (str_eq(sha256, m.archive.sha256)) {
			struct sim_snapshot *one = vec_add(&t->snapshots);
			one->label = str_dup(label);
			one->keys = keys;
			one->archive_name = str_dup(m.archive.file);
			one->time = m.created;
			one->partial = m.partial;
			one->hold = m.hold;
			VEC_EACH (&m.earlier, a)
				strvec_add(&one->needs, a->label);
			buf_add(
			    &one->manifest, text->data.data, text->data.len);
			buf_add(&one->signature, signature->data.data,
			    signature->data.len);
			buf_add(&one->archive, buf_str(&archive->data),
			    archive->data.len);
		}
	}
	manifest_done(&m);
}

void sim_truth_learn_all(struct sim_truth *t, const struct sim_store *s,
    const struct minisign_publics *keys)
{
	VEC_EACH (&s->objects, o) {
		const char *end = strstr(o->name, ".manifest.json");
		if (!end || !str_eq(end, ".manifest.json"))
			continue;
		autofree char *label =
		    str_ndup(o->name, (size_t)(end - o->name));
		sim_truth_learn(t, s, label, keys);
	}
}

struct sim_snapshot *sim_truth_named(
    const struct sim_truth *t, const char *label)
{
	VEC_EACH (&t->snapshots, one)
		if (str_eq(one->label, label))
			return one;
	return NULL;
}

bool sim_truth_needs_object(const struct sim_truth *t,
    const struct sim_snapshot *one, const char *object)
{
	VEC_EACH (&one->needs, label) {
		const struct sim_snapshot *need = sim_truth_named(t, *label);
		if (need && str_eq(need->archive_name, object))
			return true;
	}
	return false;
}

/* Of each archive that it needs, and that another was written with. */
static bool all_needed(const struct sim_truth *t,
    const struct sim_snapshot *one, const struct sim_store *s,
    bool (*is)(const struct sim_snapshot *, const struct sim_store *,
	const struct sim_object *))
{
	VEC_EACH (&one->needs, label) {
		const struct sim_snapshot *need = sim_truth_named(t, *label);
		if (!need ||
		    !is(need, s, sim_store_find(s, need->archive_name)))
			return false;
	}
	return true;
}

static bool is_its_archive(const struct sim_snapshot *one,
    const struct sim_store *s, const struct sim_object *o)
{
	(void)s;
	return same(o, &one->archive);
}

static bool is_its_length(const struct sim_snapshot *one,
    const struct sim_store *s, const struct sim_object *o)
{
	(void)s;
	return o && o->data.len == one->archive.len;
}

static bool is_own_whole(
    const struct sim_snapshot *one, const struct sim_store *s)
{
	return same(part(s, one->label, ".manifest.json"), &one->manifest) &&
	       signed_still(
		   part(s, one->label, ".manifest.json.minisig"), one) &&
	       same(sim_store_find(s, one->archive_name), &one->archive);
}

bool sim_truth_whole(const struct sim_truth *t, const struct sim_snapshot *one,
    const struct sim_store *s)
{
	return all_needed(t, one, s, is_its_archive) && is_own_whole(one, s);
}

bool sim_truth_committed(const struct sim_truth *t,
    const struct sim_snapshot *one, const struct sim_store *s)
{
	return all_needed(t, one, s, is_its_length) && is_own_whole(one, s);
}

static bool is_undamaged(const struct sim_snapshot *one,
    const struct sim_store *s, const struct sim_object *o)
{
	(void)s;
	return !o || o->data.len != one->archive.len || same(o, &one->archive);
}

bool sim_truth_damaged(const struct sim_truth *t,
    const struct sim_snapshot *one, const struct sim_store *s)
{
	return !is_undamaged(one, s, sim_store_find(s, one->archive_name)) ||
	       !all_needed(t, one, s, is_undamaged);
}

bool sim_truth_has_object(const struct sim_snapshot *one, const char *object)
{
	size_t len = strlen(one->label);

	return str_eq(object, one->archive_name) ||
	       (str_starts(object, one->label) &&
		   (str_eq(object + len, ".manifest.json") ||
		       str_eq(object + len, ".manifest.json.minisig")));
}

static bool seen(const struct sim_store *s, const struct sim_object *o)
{
	return o && *s->now >= o->hidden_until;
}

static bool all_are(const struct sim_snapshot *one, const struct sim_store *s,
    bool (*is)(const struct sim_store *, const struct sim_object *))
{
	return is(s, part(s, one->label, ".manifest.json")) &&
	       is(s, part(s, one->label, ".manifest.json.minisig")) &&
	       is(s, sim_store_find(s, one->archive_name));
}

static bool is_seen(const struct sim_snapshot *one, const struct sim_store *s,
    const struct sim_object *o)
{
	return seen(s, o) && o->data.len == one->archive.len;
}

bool sim_truth_found(const struct sim_truth *t, const struct sim_snapshot *one,
    const struct sim_store *s)
{
	return all_are(one, s, seen) && all_needed(t, one, s, is_seen);
}

static bool listed(const struct sim_store *s, const struct sim_object *o)
{
	return seen(s, o) && *s->now >= o->unlisted_until;
}

static bool is_listed(const struct sim_snapshot *one, const struct sim_store *s,
    const struct sim_object *o)
{
	(void)one;
	return listed(s, o);
}

bool sim_truth_listed(const struct sim_truth *t, const struct sim_snapshot *one,
    const struct sim_store *s)
{
	return !s->drops && all_are(one, s, listed) &&
	       all_needed(t, one, s, is_listed);
}

/* As far as somebody can tell who does not read the whole archive. */
static bool looks_whole(const struct sim_truth *t,
    const struct sim_snapshot *one, const struct sim_store *s)
{
	const struct sim_object *m = part(s, one->label, ".manifest.json");
	const struct sim_object *g =
	    part(s, one->label, ".manifest.json.minisig");
	const struct sim_object *a = sim_store_find(s, one->archive_name);

	return all_needed(t, one, s, is_seen) && seen(s, m) && seen(s, g) &&
	       seen(s, a) && same(m, &one->manifest) && signed_still(g, one) &&
	       a->data.len == one->archive.len;
}

struct found_one {
	struct sim_snapshot *one;
	bool certain; /* else it may pass for good, and takes a place */
};
VEC_DEFINE(found, struct found_one);

static int newest_first(const void *a, const void *b)
{
	const struct sim_snapshot *x = ((const struct found_one *)a)->one;
	const struct sim_snapshot *y = ((const struct found_one *)b)->one;

	if (x->time != y->time)
		return x->time < y->time ? 1 : -1;
	return strcmp(y->label, x->label);
}

static void keep_first(struct found *good, unsigned count, unsigned depth)
{
	for (size_t i = 0; i < good->len && i < count; i++)
		good->items[i].one->must_stay[depth] |= good->items[i].certain;
}

static void keep_days(struct found *good, unsigned count, unsigned depth)
{
	int64_t last = -1;

	VEC_EACH (good, one) {
		int64_t day = one->one->time / DAY_S;
		if (day == last)
			continue;
		if (!count--)
			return;
		last = day;
		one->one->must_stay[depth] |= one->certain;
	}
}

static bool is_record_of(const struct sim_snapshot *one, const char *object)
{
	return str_starts(object, one->label) && strstr(object, ".verified-");
}

void sim_truth_shake(
    struct sim_truth *t, const struct sim_store *s, const char *object)
{
	VEC_EACH (&t->snapshots, one)
		if (is_record_of(one, object))
			one->shaken[sim_truth_index(t, s)] = true;
}

/* A word that was spoken of it may not be heard. */
static bool is_uncertain(
    const struct sim_snapshot *one, const struct sim_store *s, size_t at)
{
	if (one->perhaps_bad[at] && !one->found_bad[at])
		return true;
	if (!one->was_bad[at])
		return false;
	VEC_EACH (&s->objects, o)
		if (is_record_of(one, o->name) &&
		    (*s->now < o->unlisted_until || *s->now < o->hidden_until))
			return true;
	return one->shaken[at] || s->drops;
}

/* One that it needs was found bad, or may have been: whether it counts depends
 * on whether that is known. */
static bool needs_bad(
    const struct sim_truth *t, const struct sim_snapshot *one, size_t at)
{
	VEC_EACH (&one->needs, label) {
		const struct sim_snapshot *need = sim_truth_named(t, *label);
		if (need && (need->found_bad[at] || need->perhaps_bad[at] ||
				need->was_bad[at]))
			return true;
	}
	return false;
}

/* Partial ones that are newer than all good ones, held ones, those out of
 * sight; and by the rules, the good ones. */
void sim_truth_mark(struct sim_truth *t, const struct sim_store *s,
    const struct retention_policy *policy, int64_t now, unsigned depth)
{
	size_t at = sim_truth_index(t, s);
	struct found good = VEC_INIT;
	int64_t newest = -1; /* of those that may pass for good */

	VEC_EACH (&t->snapshots, one) {
		bool whole = looks_whole(t, one, s);
		one->must_stay[depth] = one->hold || one->time > now ||
					(sim_truth_whole(t, one, s) && !whole);
		bool uncertain =
		    is_uncertain(one, s, at) || needs_bad(t, one, at);
		if (!whole || one->partial || one->time > now ||
		    (one->found_bad[at] && !uncertain))
			continue;
		newest = one->time > newest ? one->time : newest;
		*vec_add(&good) =
		    (struct found_one){.one = one, .certain = !uncertain};
	}
	vec_sort(&good, newest_first);
	keep_first(&good, policy->keep_min, depth);
	if (!policy->verified_only) {
		keep_first(&good, policy->keep_last, depth);
		keep_days(&good, policy->keep_daily, depth);
	}
	VEC_EACH (&t->snapshots, one)
		if (one->partial && looks_whole(t, one, s) &&
		    one->time > newest)
			one->must_stay[depth] = true;
	vec_done(&good);
}
