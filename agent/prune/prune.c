#include "agent/prune/prune.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void prune_rows_done(struct prune_rows *rows)
{
	VEC_EACH (rows, r) {
		free(r->label);
		free(r->reason);
	}
	vec_done(rows);
}

VEC_DEFINE(retention_items, struct retention_item);
VEC_DEFINE(manifests, struct manifest);

/* What is known of the snapshots of one vault. items[i] is of list[i] until
 * retention sorts them; labels find back. */
struct known {
	struct snapshots list;
	struct manifests manifests;
	struct retention_items items;
};

static void known_done(struct known *k)
{
	VEC_EACH (&k->manifests, m)
		manifest_done(m);
	vec_done(&k->manifests);
	vec_done(&k->items);
	snapshots_done(&k->list);
}

static int check_clocks(const struct prune_options *o, struct err *err)
{
	int64_t now = clock_now_ms(o->clock) / 1000;
	int64_t store;

	if (vault_now(o->vault, &store, err))
		return -1;
	int64_t skew = store > now ? store - now : now - store;
	if (skew <= SNAPSHOT_MAX_SKEW_S)
		return 0;
	return err_set(err, ERR_SYSTEM,
	    "%s: its clock and this machine's differ by %lld seconds: with a "
	    "wrong time the wrong snapshots would be pruned; set the clock "
	    "right (NTP)",
	    vault_describe(o->vault), (long long)skew);
}

/* A manifest that does not hold says nothing of its snapshot, which after a
 * change of keys may be a good one, and on hold; one that cannot be read ends
 * the run. */
static int learn(const struct prune_options *o, const struct snapshot *s,
    struct known *k, struct err *err)
{
	struct manifest m;
	struct err why = ERR_INIT;
	struct retention_item *item = vec_add(&k->items);

	item->label = s->label;
	item->time = s->time;
	item->verified = s->verified_at && !s->verify_failed;
	item->bad = s->verify_failed || !s->archive;
	if (snapshot_manifest(o->vault, s, o->trust, &m, NULL, &why)) {
		item->untrusted = true;
		if (why.code == ERR_INTEGRITY)
			return 0;
		*err = why;
		return -1;
	}
	item->partial = m.partial;
	item->hold = m.hold;
	item->bad = item->bad || m.archive.bytes != s->archive_bytes;
	*vec_add(&k->manifests) = m;
	return 0;
}

/* The manifests stand still only once all are read. */
static void link_tags(struct known *k)
{
	VEC_EACH (&k->items, item)
		VEC_EACH (&k->manifests, m)
			if (strcmp(m->label, item->label) == 0)
				item->tags = &m->tags;
}

static const struct snapshot *snapshot_of(
    const struct known *k, const char *label)
{
	VEC_EACH (&k->list, s)
		if (strcmp(s->label, label) == 0)
			return s;
	return NULL;
}

static void fill_rows(const struct known *k, struct prune_rows *rows)
{
	VEC_EACH (&k->items, item) {
		const struct snapshot *s = snapshot_of(k, item->label);
		struct prune_row *row = vec_add(rows);
		row->label = str_dup(item->label);
		row->time = item->time;
		row->bytes = s->archive_bytes;
		row->partial = item->partial;
		row->bad = item->bad || item->untrusted;
		row->outcome = item->keep ? PRUNE_KEPT : PRUNE_DROPPED;
		row->reason = str_dup(item->reason);
	}
}

static int write_record(const struct prune_options *o,
    const struct prune_rows *rows, struct err *err)
{
	struct snapshot_drops drops = VEC_INIT;

	VEC_EACH (rows, row)
		if (row->outcome == PRUNE_DROPPED)
			*vec_add(&drops) = (struct snapshot_drop){
			    .label = row->label, .reason = row->reason};
	int result = snapshot_record_pruned(
	    o->vault, o->name, &drops, o->key, o->clock, err);
	vec_done(&drops);
	return result;
}

static void set_reason(struct prune_row *row, const char *reason)
{
	free(row->reason);
	row->reason = str_dup(reason);
}

/* The oldest first; what the store keeps is kept, and no error. */
static int remove_dropped(const struct prune_options *o, const struct known *k,
    struct prune_rows *rows, struct err *err)
{
	for (size_t i = rows->len; i-- > 0;) {
		struct prune_row *row = &rows->items[i];
		struct err why = ERR_INIT;
		if (row->outcome != PRUNE_DROPPED ||
		    snapshot_remove(
			o->vault, snapshot_of(k, row->label), &why) == 0)
			continue;
		set_reason(row, why.message);
		row->outcome =
		    why.code == ERR_DENIED ? PRUNE_KEPT_LOCKED : PRUNE_FAILED;
		if (row->outcome == PRUNE_FAILED) {
			*err = why;
			return -1;
		}
	}
	return 0;
}

static bool any_dropped(const struct prune_rows *rows)
{
	VEC_EACH (rows, row)
		if (row->outcome == PRUNE_DROPPED)
			return true;
	return false;
}

int prune_run(
    const struct prune_options *o, struct prune_rows *rows, struct err *err)
{
	cleanup(known_done) struct known k = {.list = VEC_INIT};

	if (retention_policy_check(o->policy, err) || check_clocks(o, err))
		return -1;
	if (snapshot_list(o->vault, o->name, &k.list, err))
		return -1;
	VEC_EACH (&k.list, s)
		if (learn(o, s, &k, err))
			return err_wrap(err, "nothing is pruned");
	link_tags(&k);
	if (retention_plan(k.items.items, k.items.len, o->policy, o->zone,
		clock_now_ms(o->clock) / 1000, err))
		return -1;
	fill_rows(&k, rows);
	if (o->dry_run || !any_dropped(rows))
		return 0;
	if ((o->lock && vault_lock_check(o->lock, err)) ||
	    write_record(o, rows, err))
		return -1;
	return remove_dropped(o, &k, rows, err);
}

const char *prune_outcome_name(enum prune_outcome outcome, bool dry_run)
{
	switch (outcome) {
	case PRUNE_KEPT:
		return "keep";
	case PRUNE_DROPPED:
		return dry_run ? "would prune" : "pruned";
	case PRUNE_KEPT_LOCKED:
		return "kept by the store";
	default:
		return "FAILED";
	}
}

void prune_table(const struct prune_rows *rows, bool dry_run, struct buf *out)
{
	int width = (int)strlen("SNAPSHOT");
	size_t dropped = 0;

	VEC_EACH (rows, r) {
		int len = (int)strlen(r->label);
		width = len > width ? len : width;
	}
	buf_printf(out, "%-*s  %-17s  %-8s  %10s  %s\n", width, "SNAPSHOT",
	    "DECISION", "STATUS", "SIZE", "REASON");
	VEC_EACH (rows, r) {
		cleanup(buf_done) struct buf size = BUF_INIT;
		str_add_bytes(&size, r->bytes);
		buf_printf(out, "%-*s  %-17s  %-8s  %10s  ", width, r->label,
		    prune_outcome_name(r->outcome, dry_run),
		    r->bad	 ? "bad"
		    : r->partial ? "partial"
				 : "complete",
		    buf_str(&size));
		str_add_printable(out, r->reason, strlen(r->reason));
		buf_add_char(out, '\n');
		dropped += r->outcome == PRUNE_DROPPED;
	}
	buf_printf(out, "%zu of %zu snapshots %s\n", dropped, rows->len,
	    dry_run ? "would be pruned" : "pruned");
}

struct json_object *prune_json(const struct prune_rows *rows)
{
	struct json_object *list = json_new_array();

	VEC_EACH (rows, r) {
		struct json_object *j = json_new_object();
		json_set_str(j, "label", r->label);
		json_set_int(j, "bytes", (int64_t)r->bytes);
		json_set_bool(j, "partial", r->partial);
		json_set_bool(j, "bad", r->bad);
		json_set_str(j, "outcome",
		    r->outcome == PRUNE_KEPT	      ? "kept"
		    : r->outcome == PRUNE_DROPPED     ? "dropped"
		    : r->outcome == PRUNE_KEPT_LOCKED ? "kept_by_store"
						      : "failed");
		json_set_str(j, "reason", r->reason);
		json_append(list, j);
	}
	return list;
}
