#include "restore/plan/pending.h"

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
		w->texts.len = from;
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
