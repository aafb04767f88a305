#include "restore/targets.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

/* Of a kind of source, what the manifest has: "clusters" by their "name". */
struct parts {
	const struct manifest *m;
	const char *list;
};

typedef bool part_fn(const struct json_object *part, const char *wanted);

static bool has(const struct parts *p, part_fn *is, const char *wanted)
{
	for (size_t i = 0; i < json_len(p->m->sources); i++) {
		const struct json_object *all =
		    json_get(json_at(p->m->sources, i), p->list);
		for (size_t j = 0; j < json_len(all); j++)
			if (is(json_at(all, j), wanted))
				return true;
	}
	return false;
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

static void tell(
    struct strvec *texts, const char *key, const char *what, const char *name)
{
	autofree char *text = str_printf(
	    "restore.targets.%s: the snapshot has no %s '%s', so that nothing "
	    "goes where it is sent",
	    key, what, name);

	strvec_add(texts, text);
}

void targets_unused(const struct targets *t, const struct manifest *m,
    const struct plan_options *o, struct strvec *texts)
{
	const struct settings_targets *s = &t->c->settings->restore.targets;
	const struct parts clusters = {m, "clusters"};
	const struct parts buckets = {m, "buckets"};
	const struct parts repositories = {m, "repositories"};

	if (!o->without_git)
		VEC_EACH (&s->repositories, p)
			if (!has(&repositories, is_repository, p->from))
				tell(texts, "repositories", "repository",
				    p->from);
	if (!o->without_kubernetes)
		VEC_EACH (&s->clusters, c)
			if (!has(&clusters, is_cluster, c->from))
				tell(texts, "clusters", "cluster", c->from);
	if (!o->without_terraform)
		VEC_EACH (&s->buckets, b)
			if (!has(&buckets, is_bucket, b->from))
				tell(texts, "buckets", "bucket", b->from);
}
