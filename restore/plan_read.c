#include "restore/convert.h"
#include "restore/leave.h"
#include "restore/plan_parts.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

/* An API server takes no object over 3 MiB or so; this leaves room. */
enum { OBJECT_MAX_BYTES = 32 * 1024 * 1024 };

static char *facts_text(const struct json_object *facts)
{
	struct buf out = BUF_INIT;

	if (!facts)
		return NULL;
	json_write(&out, facts, JSON_COMPACT);
	return buf_steal(&out);
}

bool plan_is_wanted(const struct strvec *only, const char *name)
{
	return !only || !only->len || (name && strvec_has(only, name));
}

static bool wanted(struct plan_maker *m, const char *kind,
    const struct strvec *only, const char *name)
{
	if (!plan_is_wanted(only, name))
		return false;
	if (!only || !only->len)
		return true;
	autofree char *found = str_printf("%s:%s", kind, name);
	if (!strvec_has(&m->p->found, found))
		strvec_add(&m->p->found, found);
	return true;
}

/* git/<name>.git/<anything>: a node for the repository, once. */
static int read_git(
    struct plan_maker *m, const struct contents_entry *e, struct err *err)
{
	const struct plan_options *o = m->p->options;
	const char *end = strstr(e->path, ".git/");
	const char *name_start = e->path + strlen("git/");

	if (!end || end <= name_start)
		return err_set(err, ERR_FORMAT,
		    "'%s' is in no repository git/<name>.git", e->path);
	autofree char *path = str_ndup(e->path, (size_t)(end - e->path) + 4);
	autofree char *name = str_ndup(name_start, (size_t)(end - name_start));
	if (o->without_git || !wanted(m, "git", o->only_git, name))
		return 0;
	struct plan_node *n;
	if (m->last_repository && str_eq(m->last_repository, path)) {
		n = &m->p->nodes.items[m->p->nodes.len - 1];
	} else {
		n = plan_add_node(
		    m, PLAN_GIT, str_printf("git:%s", name), path, -2);
		n->name = str_dup(name);
		free(m->last_repository);
		m->last_repository = steal(path);
	}
	if (e->source && !n->source) {
		const char *url = json_get_str(e->facts, "url");
		autofree char *plain =
		    references_git_name(url ? url : e->source);

		n->source = str_dup(e->source);
		plan_provide(m, 0, "@", "Git", NULL, plain);
	}
	if (e->facts && !n->facts)
		n->facts = facts_text(e->facts);
	return 0;
}

static int read_state(
    struct plan_maker *m, const struct contents_entry *e, struct err *err)
{
	const struct plan_options *o = m->p->options;
	const char *start = e->path + strlen("terraform/");
	const char *slash = strchr(start, '/');
	const char *bucket = json_get_str(e->facts, "bucket");
	const char *key = json_get_str(e->facts, "key");

	if (!slash)
		return err_set(err, ERR_FORMAT,
		    "'%s' is not terraform/<bucket>/<key>", e->path);
	autofree char *in_path = str_ndup(start, (size_t)(slash - start));
	if (!bucket)
		bucket = in_path;
	if (o->without_terraform ||
	    !wanted(m, "terraform", o->only_terraform, bucket) ||
	    json_truth(json_get(e->facts, "older"), false))
		return 0;
	autofree char *name =
	    str_printf("%s/%s", bucket, key ? key : slash + 1);
	struct plan_node *n = plan_add_node(
	    m, PLAN_STATE, str_printf("terraform:%s", name), e->path, -1);
	n->source = str_dup(e->source);
	n->facts = facts_text(e->facts);
	plan_provide(m, 0, "@", "State", NULL, name);
	n->name = steal(name);
	return 0;
}

static int find_cluster(
    const struct plan_options *o, const char *name, uint16_t *cluster)
{
	for (size_t i = 0; i < o->cluster_count; i++)
		if (str_eq(o->clusters[i].name, name)) {
			*cluster = (uint16_t)i;
			return 0;
		}
	return -1;
}

/* kubernetes/<cluster>/cluster/<resource>/<file>, or
 * kubernetes/<cluster>/namespaces/<ns>/<resource>/<file>. */
struct object_path {
	char *parts[6];
	size_t count;
};

static void object_path_done(struct object_path *o)
{
	for (size_t i = 0; i < o->count; i++)
		free(o->parts[i]);
}

static int split_path(
    const char *path, struct object_path *out, struct err *err)
{
	const char *p = path;

	for (; *p && out->count < 6; p += *p == '/') {
		size_t len = strcspn(p, "/");
		out->parts[out->count++] = str_ndup(p, len);
		p += len;
	}
	bool fits =
	    *p == '\0' &&
	    ((out->count == 5 && str_eq(out->parts[2], "cluster")) ||
		(out->count == 6 && str_eq(out->parts[2], "namespaces")));
	if (fits)
		return 0;
	return err_set(
	    err, ERR_FORMAT, "'%s' is no place of a Kubernetes object", path);
}

static struct json_object *read_object(
    const struct plan *p, const char *path, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;

	if (tree_read(p->options->tree, path, OBJECT_MAX_BYTES, &text, err))
		return NULL;
	struct json_object *object = json_parse(text.data, text.len, err);
	if (!object)
		err_wrap(err, "%s", path);
	return object;
}

static const char *name_of(const struct json_object *object)
{
	return json_str(json_path(object, "metadata", "name", NULL));
}

static int check_object(
    const struct json_object *object, const char *path, struct err *err)
{
	const char *name = name_of(object);

	if (!json_get_str(object, "apiVersion") ||
	    !json_get_str(object, "kind") || !name || !*name)
		return err_set(err, ERR_FORMAT,
		    "%s: no Kubernetes object: apiVersion, kind or "
		    "metadata.name is missing",
		    path);
	return 0;
}

static int read_kube(
    struct plan_maker *m, const struct contents_entry *e, struct err *err)
{
	const struct plan_options *o = m->p->options;
	cleanup(object_path_done) struct object_path parts = {.count = 0};
	uint16_t cluster;

	if (o->without_kubernetes)
		return 0;
	if (split_path(e->path, &parts, err))
		return -1;
	const char *ns = parts.count == 6 ? parts.parts[3] : NULL;
	if (find_cluster(o, parts.parts[1], &cluster))
		return err_set(err, ERR_USAGE,
		    "the snapshot has objects of the cluster '%s', for which "
		    "no target is known: name it under "
		    "restore.targets.clusters",
		    parts.parts[1]);
	cleanup(json_freep) struct json_object *object =
	    read_object(m->p, e->path, err);
	if (!object || check_object(object, e->path, err))
		return -1;
	bool is_namespace =
	    !ns && str_eq(json_get_str(object, "kind"), "Namespace");
	if (!wanted(m, "kubernetes", o->only_kubernetes,
		is_namespace ? name_of(object) : ns))
		return 0;
	const char *leave = leave_reason(object, o->derived);
	autofree char *uid =
	    str_dup(json_str(json_path(object, "metadata", "uid", NULL)));
	if (transform_apply(m->p->transform, object, err))
		return err_wrap(err, "%s", e->path);
	if (check_object(object, e->path, err))
		return -1;
	char *dot = strchr(parts.parts[parts.count - 2], '.');
	if (dot)
		*dot = '\0';
	const struct plan_object made = {.cluster = cluster,
	    .path = e->path,
	    .resource = parts.parts[parts.count - 2],
	    .uid = uid,
	    .leave = leave};
	if (plan_add_object(m, &made, object, err))
		return -1;
	m->p->nodes.items[m->current].facts =
	    facts_text(json_get(e->facts, "nodePorts"));
	return 0;
}

static int read_entry(
    void *ctx, const struct contents_entry *e, struct err *err)
{
	struct plan_maker *m = ctx;

	if (cancel_check(m->p->options->cancel, err))
		return -1;
	if (str_starts(e->path, "git/"))
		return read_git(m, e, err);
	if (str_starts(e->path, "terraform/"))
		return read_state(m, e, err);
	if (str_starts(e->path, "kubernetes/"))
		return read_kube(m, e, err);
	return 0;
}

int plan_read(struct plan_maker *m, struct err *err)
{
	/* Offset 0 stands for no text. */
	buf_add_char(&m->texts, '\0');
	return tree_contents(m->p->options->tree, read_entry, m, err);
}

struct json_object *plan_read_object(
    const struct plan *p, const char *path, struct err *err)
{
	cleanup(json_freep) struct json_object *object =
	    read_object(p, path, err);

	if (!object || check_object(object, path, err) ||
	    transform_apply(p->transform, object, err))
		return NULL;
	return steal(object);
}

struct json_object *plan_load(
    const struct plan *p, const struct plan_node *n, struct err *err)
{
	struct json_object *object = plan_read_object(p, n->path, err);

	if (object)
		convert_object(object, n->k->api_version);
	return object;
}
