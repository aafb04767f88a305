#include "restore/plan/pending.h"

#include "storage/base/index.h"

void pending_init(struct pending *w, struct plan *p)
{
	*w = (struct pending){.p = p};
	buf_add_char(&w->texts, '\0'); /* 0 is no name */
}

void pending_done(struct pending *w)
{
	buf_done(&w->texts);
	vec_done(&w->references);
	vec_done(&w->selectors);
	vec_done(&w->conditions);
}

uint32_t pending_keep(struct pending *w, size_t from)
{
	for (size_t i = 0; i < PENDING_RECENT; i++) {
		uint32_t known = w->recent[i];

		if (!known || !str_eq(pending_text(w, known),
				  pending_text(w, (uint32_t)from)))
			continue;
		buf_truncate(&w->texts, from);
		return known;
	}
	buf_add_char(&w->texts, '\0');
	w->recent[w->next++ % PENDING_RECENT] = (uint32_t)from;
	return (uint32_t)from;
}

const char *pending_text(const struct pending *w, uint32_t key)
{
	return w->texts.data + key;
}

size_t pending_selector_end(const struct pending *w, size_t first)
{
	size_t end = first;

	while (end < w->selectors.len &&
	       w->selectors.items[end].node == w->selectors.items[first].node)
		end++;
	return end;
}

static bool provides(const struct plan *p, const char *name, uint32_t node)
{
	for (uint32_t it = index_first(p->names, name); it != INDEX_END;
	     it = index_next(p->names, it))
		if (index_value(p->names, it) == node)
			return true;
	return false;
}

bool pending_selects(
    const struct pending *w, size_t first, size_t end, uint32_t node)
{
	for (size_t i = first; i < end; i++)
		if (!provides(
			w->p, pending_text(w, w->selectors.items[i].key), node))
			return false;
	return true;
}
