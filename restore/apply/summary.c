#include "restore/apply/summary.h"

#include "restore/plan/names.h"
#include "restore/plan/plan.h"
#include "storage/base/cleanup.h"

static void add_group(const struct plan_node *n, struct buf *out)
{
	if (n->kind != PLAN_KUBE) {
		buf_add_str(out, n->kind == PLAN_GIT ? "git" : "terraform");
		return;
	}
	buf_add_str(out, n->k->kind);
	if (*n->k->group)
		buf_printf(out, ".%s", n->k->group);
}

void summary_nodes(struct run *run)
{
	const struct graph *g = &run->p->graph;
	cleanup(buf_done) struct buf group = BUF_INIT, what = BUF_INIT;

	for (size_t i = 0; i < g->nodes.len; i++) {
		uint32_t node = g->order[i];
		const struct plan_node *n = &run->p->nodes.items[node];

		if (n->kind == PLAN_BARRIER)
			continue;
		buf_clear(&group);
		add_group(n, &group);
		buf_clear(&what);
		names_describe(run->p, n, &what);
		struct report_item *item =
		    report_add(run->report, buf_str(&group), buf_str(&what));
		item->level = g->nodes.items[node].level;
		item->outcome = run->outcomes[node];
		run->outcomes[node] = (struct outcome)OUTCOME_INIT;
	}
}

void summary_paused(struct run *run)
{
	VEC_EACH (&run->journal->pauses, p)
		if (!p->released)
			strvec_add(&run->report->held_paused, p->what);
}

/* `drift` looks at the sources of the configuration. */
static bool is_into_sources(const struct run *run)
{
	const struct plan_options *o = run->p->options;
	size_t same = 0;

	for (size_t i = 0; i < o->cluster_count; i++)
		same += o->clusters[i].same_cluster;
	return o->cluster_count && same == o->cluster_count;
}

void summary_differs(struct run *run)
{
	struct report *r = run->report;
	size_t count = 0;
	struct buf text = BUF_INIT;

	VEC_EACH (&r->items, i)
		count += i->outcome.kind == OUTCOME_DIFFERS;
	if (!count)
		return;
	buf_printf(&text,
	    "%zu existing object%s from the snapshot, left unchanged: "
	    "'backstay-restore plan %s --server --existing update --all', with "
	    "the other options of this run, shows what an update would change",
	    count, count == 1 ? " differs" : "s differ", r->snapshot);
	if (is_into_sources(run))
		buf_printf(&text,
		    "; 'backstay-restore drift %s' shows all that differs",
		    r->snapshot);
	*vec_add(&r->warnings) = buf_steal(&text);
}

/* They come last, and yet before what a later run makes. */
void summary_policies(struct run *run)
{
	enum { SHOWN = 3 };
	const struct graph *g = &run->p->graph;
	struct report *r = run->report;
	cleanup(buf_done) struct buf names = BUF_INIT;
	size_t count = 0, at = 0;

	if (!report_is_missing(r) && !r->held_paused.len)
		return;
	for (size_t i = 0; i < g->nodes.len; i++) {
		const struct plan_node *n = &run->p->nodes.items[g->order[i]];

		if (n->kind == PLAN_BARRIER)
			continue;
		const struct report_item *item = &r->items.items[at++];
		if (n->kind != PLAN_KUBE || !n->k->tier ||
		    (item->outcome.kind != OUTCOME_CREATED &&
			item->outcome.kind != OUTCOME_UPDATED))
			continue;
		if (count++ < SHOWN)
			buf_printf(
			    &names, "%s%s", names.len ? ", " : "", item->what);
	}
	if (!count)
		return;
	if (count > SHOWN)
		buf_printf(&names, " and %zu more", count - SHOWN);
	*vec_add(&r->warnings) = str_printf(
	    "in force now, and able to refuse or change what is still missing "
	    "or paused when it is written: %s; where one does, take it away "
	    "until that is done, and apply again",
	    buf_str(&names));
}

void summary_next(struct run *run)
{
	struct report *r = run->report;

	if (r->stopped)
		r->next = str_printf("stopped before the end; "
				     "'backstay-restore apply %s --resume', "
				     "with the other options of this run, goes "
				     "on from there",
		    r->snapshot);
	else if (report_waits(r))
		r->next = str_printf("layer '%s' waits for approval; "
				     "'backstay-restore apply %s --resume "
				     "--approve %s', with the other options of "
				     "this run, goes on with it",
		    r->waits_for, r->snapshot, r->waits_for);
	else if (report_is_missing(r))
		r->next = str_printf("something is missing; put right what the "
				     "outcomes name, then 'backstay-restore "
				     "apply %s --resume', with the other "
				     "options of this run, tries only that%s",
		    r->snapshot,
		    r->held_paused.len ? ", and releases what is left paused"
				       : "");
	else if (r->held_paused.len)
		r->next = str_printf("%zu object%s left paused; when all is "
				     "well, 'backstay-restore release %s'",
		    r->held_paused.len,
		    r->held_paused.len == 1 ? " is" : "s are", r->snapshot);
}
