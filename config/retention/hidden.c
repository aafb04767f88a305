#include "config/retention/hidden.h"

#include "storage/base/cleanup.h"

#include <stdlib.h>

void hidden_done(struct hidden *h)
{
	VEC_EACH (h, one)
		free(one->label);
	vec_done(h);
}

/* Also by what nobody sees now: an archive stays where another needed it. */
static bool is_continued(
    const struct snapshots *list, const struct proofs *proofs)
{
	VEC_EACH (proofs, p)
		if (p->trusted && p->manifest.is_list)
			return true;
	return snapshot_lists_any_lone(list);
}

/* Labels that the trusted manifests and, where a snapshot out of sight may need
 * another, the vault's objects name. */
static int find_signs(struct vault *v, const char *name,
    const struct snapshots *list, const struct proofs *proofs,
    struct strvec *signs, struct err *err)
{
	if (is_continued(list, proofs) && snapshot_signs(v, name, signs, err))
		return -1;
	VEC_EACH (proofs, p) {
		const struct manifest_previous *before =
		    p->trusted ? manifest_previous_in(
				     &p->manifest, vault_name(v), v->id)
			       : NULL;
		if (before && before->label)
			strvec_add(signs, before->label);
	}
	return 0;
}

/* How many of them the store has, though its list leaves them out. */
static int add_to_list(struct vault *v, const char *name,
    const struct strvec *signs, struct snapshots *list, struct err *err)
{
	int64_t time;
	int added = 0;

	VEC_EACH (signs, label) {
		if (snapshot_label_time(name, *label, &time))
			continue;
		int status = snapshot_list_add(v, *label, list, err);
		if (status < 0)
			return -1;
		added += status;
	}
	return added;
}

static bool has(const struct hidden *h, const char *label)
{
	VEC_EACH (h, one)
		if (str_eq(one->label, label))
			return true;
	return false;
}

static void add(struct hidden *h, const char *name, const char *label,
    const struct snapshot_removals *removals)
{
	int64_t time;

	if (has(h, label) || snapshot_removals_find(removals, label) ||
	    snapshot_label_time(name, label, &time))
		return;
	*vec_add(h) =
	    (struct hidden_one){.label = str_dup(label), .time = time};
}

/* What is seen now may be out of sight at the next run, when another sign of it
 * is missing, too: whatever state_dir held may be lost meanwhile. */
static void remember(struct vault *v, const char *name,
    const struct snapshot_removals *removals, const struct proofs *proofs)
{
	cleanup(strvec_done) struct strvec seen = VEC_INIT;

	VEC_EACH (proofs, p)
		if (p->trusted && p->manifest.is_list &&
		    !snapshot_removals_find(removals, p->snapshot->label))
			strvec_add(&seen, p->snapshot->label);
	snapshot_note_seen(v, name, &seen);
}

static int collect(struct vault *v, const char *name,
    const struct snapshot_trust *trust, const struct strvec *signs,
    const struct proofs *proofs, struct hidden *out, struct err *err)
{
	cleanup(snapshot_removals_done) struct snapshot_removals removals =
	    VEC_INIT;
	cleanup(strvec_done) struct strvec forged = VEC_INIT;

	if (snapshot_pruned(v, name, trust, &removals, &forged, err))
		return -1;
	VEC_EACH (proofs, p)
		if (!p->trusted)
			add(out, name, p->snapshot->label, &removals);
	VEC_EACH (signs, label) {
		if (proof_of(proofs, *label))
			continue;
		add(out, name, *label, &removals);
		if (snapshot_removals_find(&removals, *label))
			snapshot_note_pruned(v, *label);
	}
	remember(v, name, &removals, proofs);
	return 0;
}

int hidden_gather(struct vault *v, const char *name,
    const struct snapshot_trust *trust, struct snapshots *list,
    struct proofs *proofs, struct hidden *out, struct err *err)
{
	cleanup(strvec_done) struct strvec signs = VEC_INIT;
	int added;

	do {
		strvec_done(&signs);
		proofs_done(proofs);
		if (proof_gather(v, list, trust, proofs, err))
			return -1;
		if (find_signs(v, name, list, proofs, &signs, err))
			return -1;
		added = add_to_list(v, name, &signs, list, err);
		if (added < 0)
			return -1;
	} while (added);
	return is_continued(list, proofs)
		   ? collect(v, name, trust, &signs, proofs, out, err)
		   : 0;
}

const struct hidden_one *hidden_after(
    const struct hidden *h, int64_t time, int64_t span_s)
{
	const struct hidden_one *oldest = NULL;

	VEC_EACH (h, one)
		if (one->time > time && one->time - time <= span_s &&
		    (!oldest || one->time < oldest->time))
			oldest = one;
	return oldest;
}
