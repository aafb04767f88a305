#include "storage/archive/missing.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

/* Lists that were refused: each of these resources in each of these namespaces,
 * or at cluster scope. */
struct group {
	const struct json_object *first; /* borrowed */
	const char *cluster;		 /* borrowed */
	struct strvec namespaces;
	struct strvec resources;
	bool merged; /* index into the earlier lists */
};
VEC_DEFINE(group_vec, struct group);

struct json_object *missing_entry(
    const char *what, const char *reason, struct json_object *refused)
{
	struct json_object *o = json_new_object();

	json_set_str(o, "what", what);
	json_set_str(o, "reason", reason);
	if (refused)
		json_set(o, "refused", json_share(refused));
	return o;
}

struct json_object *missing_refused(
    const char *cluster, const char *resource, const char *ns)
{
	struct json_object *o = json_new_object();

	json_set_str(o, "cluster", cluster);
	json_set_str(o, "resource", resource);
	if (ns)
		json_set_str(o, "namespace", ns);
	return o;
}

static void groups_done(struct group_vec *groups)
{
	VEC_EACH (groups, g) {
		strvec_done(&g->namespaces);
		strvec_done(&g->resources);
	}
	vec_done(groups);
}

static void add_plain(const struct json_object *entry, struct strvec *lines)
{
	const char *what = json_get_str(entry, "what");
	const char *reason = json_get_str(entry, "reason");
	autofree char *line =
	    str_printf("%s: %s", what ? what : "?", reason ? reason : "?");

	strvec_add(lines, line);
}

static bool is_of(const struct group *g, const char *cluster, const char *ns)
{
	return str_eq(g->cluster, cluster) &&
	       (ns ? g->namespaces.len && str_eq(g->namespaces.items[0], ns)
		   : !g->namespaces.len);
}

/* Lists come resource by resource, so the next namespace is mostly the one
 * after that of the list before: `*at` remembers it. */
static struct group *group_for(
    struct group_vec *groups, size_t *at, const char *cluster, const char *ns)
{
	for (size_t i = 0; i < groups->len; i++) {
		size_t n = (*at + i) % groups->len;
		if (!is_of(&groups->items[n], cluster, ns))
			continue;
		*at = n + 1;
		return &groups->items[n];
	}
	struct group *g = vec_add(groups);
	g->cluster = cluster;
	if (ns)
		strvec_add(&g->namespaces, ns);
	return g;
}

static bool is_same(const struct strvec *a, const struct strvec *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (!str_eq(a->items[i], b->items[i]))
			return false;
	return true;
}

static void merge(struct group_vec *groups)
{
	VEC_EACH (groups, to) {
		for (struct group *g = to + 1;
		     !to->merged && to->namespaces.len &&
		     g < groups->items + groups->len;
		     g++) {
			if (g->merged || !g->namespaces.len ||
			    !str_eq(g->cluster, to->cluster) ||
			    !is_same(&g->resources, &to->resources))
				continue;
			strvec_add(&to->namespaces, g->namespaces.items[0]);
			g->merged = true;
		}
	}
}

static void add_names(
    struct buf *line, const struct strvec *names, const char *quote)
{
	VEC_EACH (names, name)
		buf_printf(line, "%s%s%s%s", name == names->items ? "" : ", ",
		    quote, *name, quote);
}

static void add_group(const struct group *g, struct strvec *lines)
{
	cleanup(buf_done) struct buf line = BUF_INIT;
	const char *reason = json_get_str(g->first, "reason");

	if (g->resources.len * (g->namespaces.len ? g->namespaces.len : 1) ==
	    1) {
		add_plain(g->first, lines);
		return;
	}
	buf_printf(&line, "%s: %zu resource%s ", g->cluster, g->resources.len,
	    g->resources.len == 1 ? "" : "s");
	if (g->namespaces.len > 1)
		buf_printf(&line, "in %zu namespaces (", g->namespaces.len);
	else if (g->namespaces.len)
		buf_add_str(&line, "in ");
	else
		buf_add_str(&line, "of cluster scope");
	add_names(&line, &g->namespaces, "'");
	buf_printf(
	    &line, "%s may not be listed: ", g->namespaces.len > 1 ? ")" : "");
	add_names(&line, &g->resources, "");
	buf_printf(&line, "; the first: %s", reason ? reason : "?");
	strvec_add(lines, buf_str(&line));
}

void missing_lines(const struct json_object *missing, struct strvec *lines)
{
	cleanup(groups_done) struct group_vec groups = VEC_INIT;
	size_t at = 0;

	for (size_t i = 0; i < json_len(missing); i++) {
		const struct json_object *entry = json_at(missing, i);
		const struct json_object *refused = json_get(entry, "refused");
		const char *cluster = json_get_str(refused, "cluster");
		const char *resource = json_get_str(refused, "resource");
		if (!cluster || !resource) {
			add_plain(entry, lines);
			continue;
		}
		struct group *g = group_for(
		    &groups, &at, cluster, json_get_str(refused, "namespace"));
		if (!g->first)
			g->first = entry;
		strvec_add(&g->resources, resource);
	}
	merge(&groups);
	VEC_EACH (&groups, g)
		if (!g->merged)
			add_group(g, lines);
}
