#include "restore/plan/settle.h"

#include "storage/base/cleanup.h"

static const char *text_at(const struct plan_maker *m, uint32_t offset)
{
	return m->texts.data + offset;
}

static struct plan_node *first_node(struct plan_maker *m, uint32_t key)
{
	uint32_t it = index_first(m->p->names, text_at(m, key));

	return it == INDEX_END
		   ? NULL
		   : &m->p->nodes.items[index_value(m->p->names, it)];
}

static bool is_known(struct plan_maker *m, uint32_t key)
{
	const struct plan_node *n = key ? first_node(m, key) : NULL;

	return n && n->action == PLAN_APPLY;
}

/* Whether all that a node holds to is in the snapshot. */
static bool finds_its_sources(struct plan_maker *m, uint32_t node)
{
	VEC_EACH (&m->pending, pending)
		if (pending->node == node && pending->strength == EDGE_HOLDS &&
		    !is_known(m, pending->key) &&
		    !is_known(m, pending->alternative))
			return false;
	return true;
}

static void exclude_resource(struct plan_node *n, const char *reason)
{
	n->action = PLAN_EXCLUDE;
	n->reason = str_dup(reason);
	n->with_owned = true;
}

static void settle_conditions(struct plan_maker *m)
{
	VEC_EACH (&m->conditions, c) {
		struct plan_node *n = &m->p->nodes.items[c->node];
		const struct plan_node *by = first_node(m, c->key);

		if (!by || n->action != PLAN_APPLY)
			continue;
		uint32_t at = (uint32_t)(by - m->p->nodes.items);
		if (!c->sources ||
		    (by->action == PLAN_APPLY && finds_its_sources(m, at)))
			exclude_resource(n, c->reason);
	}
}

/* Whether an owner will be missing, as far as that is known. */
static bool is_gone(struct plan_maker *m, const struct plan_pending *owner)
{
	const struct plan_node *n = first_node(m, owner->key);

	return n ? n->action == PLAN_EXCLUDE && n->with_owned : owner->made;
}

/* A node is excluded if all its owners are, since the garbage collector would
 * delete it. The owners of a node follow each other in the list. Each pass
 * excludes one more generation. */
static void settle_owned(struct plan_maker *m)
{
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0, end; i < m->pending.len; i = end) {
			const struct plan_pending *first = &m->pending.items[i];
			struct plan_node *n = &m->p->nodes.items[first->node];
			bool owned = false;
			bool all = true;

			for (end = i; end < m->pending.len &&
				      m->pending.items[end].node == first->node;
			     end++) {
				struct plan_pending *p = &m->pending.items[end];
				if (p->strength != EDGE_OWNER)
					continue;
				owned = true;
				all = all && is_gone(m, p);
			}
			if (!owned || !all || n->action != PLAN_APPLY)
				continue;
			exclude_resource(n, "what owns it is left out");
			more = true;
		}
	}
}

void settle_excluded(struct plan_maker *m)
{
	settle_conditions(m);
	settle_owned(m);
}
