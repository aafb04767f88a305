#include "config/layer_options.h"

static void copy(const struct strvec *from, struct strvec *to)
{
	VEC_EACH (from, s)
		strvec_add(to, *s);
}

void layer_options(const struct settings *s, struct layers *out)
{
	out->unassigned_first =
	    s->unassigned_layer == SETTINGS_UNASSIGNED_FIRST;
	VEC_EACH (&s->layers, from) {
		struct layer *to = vec_add(&out->items);

		to->name = str_dup(from->name);
		to->manual = from->sync == SETTINGS_SYNC_MANUAL;
		copy(&from->depends_on, &to->depends_on);
		copy(&from->select.repositories, &to->select.repositories);
		copy(&from->select.states, &to->select.states);
		copy(&from->select.namespaces, &to->select.namespaces);
		copy(&from->select.kinds, &to->select.kinds);
		copy(&from->select.labels, &to->select.labels);
		copy(&from->select.clusters, &to->select.clusters);
	}
}
