#include "restore/targets/unused.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

const struct json_object *unused_part(const struct manifest *m,
    const char *list, unused_part_fn *is, const char *wanted)
{
	for (size_t i = 0; i < json_len(m->sources); i++) {
		const struct json_object *all =
		    json_get(json_at(m->sources, i), list);
		for (size_t j = 0; j < json_len(all); j++)
			if (is(json_at(all, j), wanted))
				return json_at(all, j);
	}
	return NULL;
}

static bool is_cluster(const struct json_object *part, const char *wanted)
{
	return str_eq(json_get_str(part, "name"), wanted);
}

static bool is_bucket(const struct json_object *part, const char *wanted)
{
	return str_eq(json_get_str(part, "bucket"), wanted);
}

static bool is_repository(const struct json_object *part, const char *wanted)
{
	const char *url = json_get_str(part, "url");

	return str_eq(json_get_str(part, "name"), wanted) ||
	       str_eq(url, wanted) ||
	       (str_ends(wanted, "/") && str_starts(url, wanted));
}

static void add_text(
    struct strvec *texts, const char *key, const char *what, const char *name)
{
	autofree char *text = str_printf(
	    "restore.targets.%s: the snapshot has no %s '%s', so that nothing "
	    "goes where it is sent",
	    key, what, name);

	strvec_add(texts, text);
}

void unused_texts(const struct targets *t, const struct manifest *m,
    const struct plan_options *o, struct strvec *texts)
{
	const struct settings_targets *s = &t->c->settings->restore.targets;

	if (!o->without_git)
		VEC_EACH (&s->repositories, p)
			if (!unused_part(
				m, "repositories", is_repository, p->from))
				add_text(texts, "repositories", "repository",
				    p->from);
	if (!o->without_kubernetes)
		VEC_EACH (&s->clusters, c)
			if (!unused_part(m, "clusters", is_cluster, c->from))
				add_text(texts, "clusters", "cluster", c->from);
	if (!o->without_terraform)
		VEC_EACH (&s->buckets, b)
			if (!unused_part(m, "buckets", is_bucket, b->from))
				add_text(texts, "buckets", "bucket", b->from);
}
