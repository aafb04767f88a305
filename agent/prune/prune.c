#include "agent/prune/prune.h"

#include "agent/prune/forget.h"
#include "config/retention/outlook.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/vault/skew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void prune_rows_done(struct prune_rows *rows)
{
	VEC_EACH (rows, r) {
		free(r->label);
		free(r->stays_for);
		free(r->reason);
	}
	vec_done(rows);
}

static int check_clocks(const struct prune_options *o, struct err *err)
{
	int64_t skew;

	return skew_measure(o->vault, o->clock, &skew, err) ||
		       skew_check(o->vault, skew,
			   "with a wrong time the wrong snapshots would be "
			   "pruned",
			   err)
		   ? -1
		   : 0;
}

static void fill_rows(const struct outlook *k, struct prune_rows *rows)
{
	VEC_EACH (&k->items, item) {
		const struct proof *p = proof_of(&k->proofs, item->label);
		struct prune_row *row = vec_add(rows);
		row->label = str_dup(item->label);
		row->time = item->time;
		row->archive_only = item->archive_only;
		row->stays_for = str_dup(item->stays_for);
		row->bytes = item->archive_only
				 ? lone_archive_of(&k->lone, item->label)->bytes
			     : p->trusted ? manifest_written_bytes(&p->manifest)
					  : p->snapshot->archive_bytes;
		row->partial = item->partial;
		row->bad = item->bad || item->untrusted || item->unseen;
		row->outcome = item->keep ? PRUNE_KEPT : PRUNE_DROPPED;
		row->reason = str_dup(item->reason);
		row->turn = item->turn;
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

/* The archive that goes with it; borrowed. NULL: it stays. */
static const char *archive_of(
    const struct outlook *k, const struct prune_row *row)
{
	return row->stays_for ? NULL
	       : row->archive_only
		   ? lone_archive_of(&k->lone, row->label)->archive
		   : proof_of(&k->proofs, row->label)->manifest.archive.file;
}

/* Immediately before a deletion: the lock is ours, what stays is whole, and
 * none of it would go. */
static int check_before(const struct prune_options *o, const struct outlook *k,
    const struct prune_row *row, const struct proofs *kept, struct err *err)
{
	if ((o->lock && vault_lock_check(o->lock, err)) ||
	    proof_apart(row->label, archive_of(k, row), kept, err) ||
	    proof_hold(o->vault, o->name, kept, err))
		return err_wrap(err, "nothing more is pruned");
	return 0;
}

static int remove_row(const struct prune_options *o, const struct outlook *k,
    const struct prune_row *row, struct err *err)
{
	const struct proof *p = proof_of(&k->proofs, row->label);

	if (row->archive_only)
		return lone_archive_remove(
		    o->vault, lone_archive_of(&k->lone, row->label), err);
	return row->stays_for
		   ? snapshot_reduce(o->vault, p->snapshot, &p->manifest,
			 o->trust, o->key, err)
		   : snapshot_remove(o->vault, p->snapshot, &p->manifest, err);
}

static void not_reached(struct prune_rows *rows)
{
	VEC_EACH (rows, row) {
		if (row->outcome != PRUNE_DROPPED || row->removed)
			continue;
		row->outcome = row->begun ? PRUNE_FAILED : PRUNE_NOT_REACHED;
		set_reason(row,
		    row->begun ? "part of it is removed; the run ended then"
			       : "the run ended before it");
	}
}

/* The row whose turn it is; NULL: there are no more. */
static struct prune_row *row_of_turn(struct prune_rows *rows, size_t turn)
{
	VEC_EACH (rows, row)
		if (row->turn == turn)
			return row;
	return NULL;
}

/* One that was to go before this one, needs it, and is kept by the store. */
static const struct prune_row *keeper_of(const struct outlook *k,
    const struct prune_rows *rows, const struct prune_row *row)
{
	if (row->stays_for)
		return NULL;
	VEC_EACH (rows, other)
		if (other->kept_by_store && !other->archive_only &&
		    strvec_has(
			&proof_of(&k->proofs, other->label)->needs, row->label))
			return other;
	return NULL;
}

static void keep_for(struct prune_row *row, const struct prune_row *keeper)
{
	autofree char *reason =
	    str_printf("needed by '%s', which the store keeps", keeper->label);

	set_reason(row, reason);
	row->outcome = PRUNE_KEPT_LOCKED;
	row->kept_by_store = true;
}

/* One after the other as their turns come, the oldest first where none needs
 * another. A snapshot that the store protects is kept, which is no error, and
 * so is what it needs. */
static int remove_dropped(const struct prune_options *o,
    const struct outlook *k, const struct proofs *kept, struct prune_rows *rows,
    struct err *err)
{
	struct prune_row *row;

	for (size_t turn = 1; (row = row_of_turn(rows, turn)); turn++) {
		const struct prune_row *keeper = keeper_of(k, rows, row);
		struct err why = ERR_INIT;
		if (keeper) {
			keep_for(row, keeper);
			continue;
		}
		if (check_before(o, k, row, kept, err)) {
			not_reached(rows);
			return -1;
		}
		if (remove_row(o, k, row, &why) == 0) {
			row->removed = true;
			continue;
		}
		set_reason(row, why.message);
		row->kept_by_store = why.code == ERR_DENIED;
		row->outcome =
		    row->kept_by_store ? PRUNE_KEPT_LOCKED : PRUNE_FAILED;
		if (row->outcome == PRUNE_FAILED) {
			not_reached(rows);
			*err = why;
			return -1;
		}
	}
	return 0;
}

/* What has to be written before anything is removed: our lock, if the caller
 * found no room for it, and the record of what is pruned. */
static int write_first(
    struct prune_options *o, const struct prune_rows *rows, struct err *err)
{
	if (!o->lock && o->lock_later) {
		o->lock =
		    vault_lock_acquire(o->vault, o->name, o->lock_later, err);
		if (!o->lock)
			return -1;
	}
	if (o->lock && vault_lock_check(o->lock, err))
		return -1;
	return write_record(o, rows, err);
}

/* Of one that is to go: its archive, or all of it. What the store protects
 * makes no room, which is no error, and neither does what stays for others. */
static int make_room(const struct prune_options *o, const struct outlook *k,
    bool whole, const struct proofs *kept, struct prune_rows *rows,
    struct prune_row *row, struct err *err)
{
	const struct proof *p = proof_of(&k->proofs, row->label);
	struct err why = ERR_INIT;

	if (row->stays_for || keeper_of(k, rows, row))
		return 0;
	if (check_before(o, k, row, kept, err))
		return -1;
	int result =
	    row->archive_only ? remove_row(o, k, row, &why)
	    : whole ? snapshot_remove(o->vault, p->snapshot, &p->manifest, &why)
		    : snapshot_remove_archive(o->vault, &p->manifest, &why);
	row->begun |= result == 0;
	row->kept_by_store |= result && why.code == ERR_DENIED;
	if (result && why.code != ERR_DENIED) {
		*err = why;
		return -1;
	}
	return 0;
}

/* A full vault has no room for the lock and the record either. So the archives
 * of snapshots that are to be dropped are removed first, the oldest first, and
 * their manifests stay to report them; if that is not enough, whole snapshots
 * are removed. Each attempt to write takes the lock first, and a run that holds
 * it ends this one. */
static int write_when_full(struct prune_options *o, const struct outlook *k,
    const struct proofs *kept, struct prune_rows *rows, struct err *err)
{
	struct err why = ERR_INIT;
	int result = write_first(o, rows, &why);

	for (size_t n = 0; result && vault_is_full(&why) && n < 2 * rows->len;
	     n++) {
		bool whole = n >= rows->len;
		struct prune_row *row = row_of_turn(rows, 1 + n % rows->len);
		if (!row)
			continue;
		if (make_room(o, k, whole, kept, rows, row, err))
			return -1;
		result = write_first(o, rows, &why);
	}
	if (result)
		*err = why;
	return result;
}

/* Borrowed from k: what is released is the vec alone. */
static struct proofs kept_of(
    const struct outlook *k, const struct prune_rows *rows)
{
	struct proofs kept = VEC_INIT;

	VEC_EACH (rows, row)
		if (row->outcome == PRUNE_KEPT && !row->archive_only)
			*vec_add(&kept) = *proof_of(&k->proofs, row->label);
	return kept;
}

static bool any_dropped(const struct prune_rows *rows)
{
	VEC_EACH (rows, row)
		if (row->outcome == PRUNE_DROPPED)
			return true;
	return false;
}

static int remove_all(const struct prune_options *options,
    const struct outlook *k, struct prune_rows *rows, struct err *err)
{
	struct prune_options o = *options;
	struct proofs kept = kept_of(k, rows);

	int result = write_when_full(&o, k, &kept, rows, err);
	if (result)
		not_reached(rows);
	else
		result = remove_dropped(&o, k, &kept, rows, err);
	vec_done(&kept);
	if (o.lock != options->lock)
		vault_lock_free(o.lock);
	return result;
}

static int decide(const struct prune_options *o, struct retention_items *items,
    struct err *err)
{
	int64_t now = clock_now_ms(o->clock) / 1000;

	return o->forget
		   ? forget_plan(items->items, items->len, o->forget, now, err)
		   : retention_plan(items->items, items->len, o->policy,
			 o->zone, now, err);
}

/* While a manifest is there, nothing else may say what stays of it. Without a
 * lock, as of a full vault, it is left for the next run. */
static int clear_records(
    const struct prune_options *o, const struct outlook *k, struct err *err)
{
	return o->dry_run || !o->lock
		   ? 0
		   : lone_archives_tidy(o->vault, &k->list, o->trust, err);
}

int prune_run(
    const struct prune_options *o, struct prune_rows *rows, struct err *err)
{
	cleanup(outlook_done) struct outlook k = OUTLOOK_INIT;
	struct outlook_terms terms = {.vault = o->vault,
	    .name = o->name,
	    .trust = o->trust,
	    .needed_for_s = o->needed_for_s,
	    .now = clock_now_ms(o->clock) / 1000,
	    .reduces = o->dry_run ? !o->trust->unsigned_allowed
				  : snapshot_reduce_may(o->trust, o->key)};

	if ((!o->forget && retention_policy_check(o->policy, err)) ||
	    check_clocks(o, err))
		return -1;
	if (snapshot_seen_since(
		o->vault, o->name, terms.now, &terms.seen_since, err) ||
	    outlook_gather(&k, &terms, err))
		return err_wrap(err, "nothing is pruned");
	if (clear_records(o, &k, err) < 0)
		return err_wrap(err, "nothing is pruned");
	int decided = decide(o, &k.items, err);
	if (decided)
		return decided;
	fill_rows(&k, rows);
	if (o->dry_run || !any_dropped(rows))
		return 0;
	return remove_all(o, &k, rows, err);
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
	case PRUNE_NOT_REACHED:
		return "not reached";
	default:
		return "FAILED";
	}
}

void prune_table(const struct prune_rows *rows, bool dry_run, struct buf *out)
{
	int width = (int)strlen("SNAPSHOT");
	size_t dropped = 0, snapshots = 0, archives = 0;

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
		    r->archive_only ? "archive"
		    : r->bad	    ? "bad"
		    : r->partial    ? "partial"
				    : "complete",
		    buf_str(&size));
		str_add_printable(out, r->reason, strlen(r->reason));
		buf_add_char(out, '\n');
		snapshots += !r->archive_only;
		dropped += !r->archive_only && r->outcome == PRUNE_DROPPED;
		archives += r->archive_only
				? r->outcome != PRUNE_DROPPED
				: r->outcome == PRUNE_DROPPED && r->stays_for;
	}
	buf_printf(out, "%zu of %zu snapshots %s\n", dropped, snapshots,
	    dry_run ? "would be pruned" : "pruned");
	if (archives)
		buf_printf(out, "%zu archive%s of pruned snapshots %s\n",
		    archives, archives == 1 ? "" : "s",
		    archives == 1 ? "stays" : "stay");
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
		json_set_bool(j, "archive_only", r->archive_only);
		if (r->stays_for)
			json_set_str(j, "archive_stays_for", r->stays_for);
		json_set_str(j, "outcome",
		    r->outcome == PRUNE_KEPT	      ? "kept"
		    : r->outcome == PRUNE_DROPPED     ? "dropped"
		    : r->outcome == PRUNE_KEPT_LOCKED ? "kept_by_store"
		    : r->outcome == PRUNE_NOT_REACHED ? "not_reached"
						      : "failed");
		json_set_str(j, "reason", r->reason);
		json_append(list, j);
	}
	return list;
}
