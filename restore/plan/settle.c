#include "restore/plan/settle.h"

#include "restore/objects/references.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"

static struct plan_node *first_node(struct pending *w, uint32_t key)
{
	uint32_t it = index_first(w->p->names, pending_text(w, key));

	return it == INDEX_END
		   ? NULL
		   : &w->p->nodes.items[index_value(w->p->names, it)];
}

static bool is_known(struct pending *w, uint32_t key)
{
	const struct plan_node *n = key ? first_node(w, key) : NULL;

	return n && n->action == PLAN_APPLY;
}

/* Whether all that a node holds to is in the snapshot. */
static bool finds_its_sources(struct pending *w, uint32_t node)
{
	VEC_EACH (&w->references, pending)
		if (pending->node == node && pending->strength == EDGE_HOLDS &&
		    !is_known(w, pending->key) &&
		    !is_known(w, pending->alternative))
			return false;
	return true;
}

static bool is_pushed_by_name(const struct pending *w, uint32_t node)
{
	const struct plan *p = w->p;

	VEC_EACH (&w->references, by) {
		uint32_t it = index_first(p->names, pending_text(w, by->key));

		if (str_eq(by->reason, RULES_PUSHED_SECRET) &&
		    p->nodes.items[by->node].action == PLAN_APPLY &&
		    it != INDEX_END && index_value(p->names, it) == node)
			return true;
	}
	return false;
}

/* Whether a PushSecret gives it to an outer store, from which its operator
 * deletes what it gave once the Secret is not there (references_secrets.h): it
 * cannot wait until the Secret is made again. */
static bool is_pushed(const struct pending *w, uint32_t node)
{
	for (size_t i = 0, end; i < w->selectors.len; i = end) {
		const struct pending_reference *by = &w->selectors.items[i];

		end = pending_selector_end(w, i);
		if (by->reason == references_source &&
		    w->p->nodes.items[by->node].action == PLAN_APPLY &&
		    pending_selects(w, i, end, node))
			return true;
	}
	return is_pushed_by_name(w, node);
}

static void exclude_resource(struct plan_node *n, const char *reason)
{
	n->action = PLAN_EXCLUDE;
	n->reason = str_dup(reason);
	n->with_owned = true;
}

static void settle_conditions(struct pending *w)
{
	VEC_EACH (&w->conditions, c) {
		struct plan_node *n = &w->p->nodes.items[c->node];
		const struct plan_node *by = first_node(w, c->key);

		if (!by || n->action != PLAN_APPLY)
			continue;
		uint32_t at = (uint32_t)(by - w->p->nodes.items);
		if (!c->sources ||
		    (by->action == PLAN_APPLY && finds_its_sources(w, at) &&
			!is_pushed(w, c->node)))
			exclude_resource(n, c->reason);
	}
}

/* Whether an owner will be missing, as far as that is known. */
static bool is_gone(struct pending *w, const struct pending_reference *owner)
{
	const struct plan_node *n = first_node(w, owner->key);

	return n ? n->action == PLAN_EXCLUDE && n->with_owned : owner->made;
}

/* A node is excluded if all its owners are, since the garbage collector would
 * delete it. The owners of a node follow each other in the list. Each pass
 * excludes one more generation. */
static void settle_owned(struct pending *w)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0, end; i < w->references.len; i = end) {
			const struct pending_reference *first =
			    &w->references.items[i];
			struct plan_node *n = &w->p->nodes.items[first->node];
			bool owned = false;
			bool all = true;

			for (end = i;
			     end < w->references.len &&
			     w->references.items[end].node == first->node;
			     end++) {
				struct pending_reference *p =
				    &w->references.items[end];
				if (p->strength != EDGE_OWNER)
					continue;
				owned = true;
				all = all && is_gone(w, p);
			}
			if (!owned || !all || n->action != PLAN_APPLY)
				continue;
			exclude_resource(n, "what owns it is left out");
			more = true;
		}
	}
}

void settle_excluded(struct pending *w)
{
	settle_conditions(w);
	settle_owned(w);
}
