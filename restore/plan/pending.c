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

const char *pending_text(const struct pending *w, uint32_t key)
{
	return w->texts.data + key;
}
