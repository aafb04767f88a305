#include "restore/drill/place.h"

#include "restore/drill/given.h"
#include "restore/drill/prefix.h"
#include "restore/locks.h"
#include "restore/plan/clusters.h"
#include "restore/plan/selection.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/log.h"
#include "storage/base/mem.h"

#include <stdlib.h>

/* ---- which --------------------------------------------------------------- */

static const char *assets_of(const struct command *c)
{
	if (c->options->control_plane)
		return c->options->control_plane;
	if (c->settings->drill.control_plane)
		return c->settings->drill.control_plane;
	const char *named = getenv("KUBEBUILDER_ASSETS");
	return named && *named ? named : NULL;
}

static int choose_clusters(
    struct place *p, const struct manifest *m, struct err *err)
{
	cleanup(selection_done) struct selection chosen = {.git = VEC_INIT};
	struct plan_options o = {.snapshot = NULL};
	const struct json_object *cluster;

	if (selection_parse(&p->c->options->only, &chosen, &o, err))
		return -1;
	for (size_t i = 0; (cluster = clusters_at(m, i)); i++)
		if (!o.without_kubernetes &&
		    selection_includes_cluster(
			&chosen.kubernetes, json_get_str(cluster, "name")))
			strvec_add(&p->clusters, json_get_str(cluster, "name"));
	return 0;
}

static int choose_kind(
    struct place *p, const struct manifest *m, struct err *err)
{
	const struct restore_options *o = p->c->options;
	bool given = p->c->settings->drill.clusters.len > 0;

	if ((o->server || o->prefix) &&
	    (o->control_plane || o->without_clusters ||
		(o->server && o->prefix)))
		return err_set(err, ERR_USAGE,
		    "--server, --prefix, --control-plane and "
		    "--without-clusters exclude each other");
	if (o->same_cluster && !o->prefix)
		return err_set(err, ERR_USAGE,
		    "--same-cluster is for a drill with --prefix alone");
	p->kind = RESULT_NOWHERE;
	if (o->without_clusters || !p->clusters.len)
		return 0;
	bool others = o->server || o->prefix;
	p->kind = RESULT_CONTROL_PLANE;
	if (!others && p->assets)
		return control_plane_check(p->assets, err);
	p->kind = o->prefix ? RESULT_PREFIX : RESULT_SERVER;
	if (given)
		return 0;
	return others
		   ? err_set(err, ERR_USAGE,
			 "%s needs API servers in drill.clusters of the "
			 "configuration",
			 o->prefix ? "--prefix" : "--server")
		   : err_set(err, ERR_USAGE,
			 "nothing names a folder with etcd and kube-apiserver "
			 "to restore '%s' into: --control-plane, "
			 "drill.control_plane of the configuration, or "
			 "KUBEBUILDER_ASSETS does; --server sends dry runs to "
			 "the API servers of drill.clusters instead, and "
			 "--without-clusters rehearses repositories and states "
			 "alone",
			 m->label);
}

static int check_given(const struct place *p, struct err *err)
{
	VEC_EACH (&p->clusters, name)
		if (!given_for(p->c->settings, *name))
			return err_set(err, ERR_USAGE,
			    "%s: drill.clusters names no API server for "
			    "cluster '%s' of the snapshot; add one, or "
			    "rehearse "
			    "only other clusters (--only kubernetes:CLUSTER/)",
			    p->c->settings->file, *name);
	return 0;
}

/* The names of all clusters are renamed in each, since a restore maps names of
 * namespaces for all. */
static int name_copies(
    struct place *p, const struct manifest *m, struct err *err)
{
	cleanup(strvec_done) struct strvec all = VEC_INIT;
	const struct json_object *cluster;
	const char *prefix = p->c->options->prefix;

	for (size_t i = 0; (cluster = clusters_at(m, i)); i++)
		json_texts(json_get(cluster, "namespaces"), &all);
	VEC_EACH (&p->clusters, name) {
		cleanup(strvec_done) struct strvec own = VEC_INIT;
		cleanup(strvec_done) struct strvec checked = VEC_INIT;
		struct copies *copies = vec_add(&p->copies);

		*copies = (struct copies){.cluster = str_dup(*name),
		    .prefix = prefix,
		    .mark = prefix_mark(p->c->settings->name, *name, prefix),
		    .names = mem_new(struct strvec),
		    .timeout_ms = (int)p->c->settings->restore.gate_timeout};
		json_texts(
		    json_get(clusters_named(m, *name), "namespaces"), &own);
		if (prefix_names(prefix, &all, &checked, err) ||
		    prefix_names(prefix, &own, copies->names, err))
			return -1;
	}
	return 0;
}

int place_choose(struct place *p, const struct command *c,
    const struct manifest *m, struct err *err)
{
	p->c = c;
	p->assets = assets_of(c);
	if (choose_clusters(p, m, err) || choose_kind(p, m, err))
		return -1;
	if (p->kind == RESULT_SERVER)
		return check_given(p, err);
	return p->kind == RESULT_PREFIX &&
		       (check_given(p, err) || name_copies(p, m, err))
		   ? -1
		   : 0;
}

/* ---- control planes ------------------------------------------------------ */

static int start_plane(
    struct place *p, const char *name, const char *below, struct err *err)
{
	autofree char *dir = str_printf("%s/cluster-%zu", below, p->planes.len);
	struct control_plane *plane = vec_add(&p->planes);

	if (control_plane_start(plane, p->assets, dir, &p->c->env, err))
		return err_wrap(err, "cluster '%s'", name);
	return 0;
}

/* Nothing of this process's configuration names them: what is restored cannot
 * go anywhere else. */
int place_start(struct place *p, const char *dir, struct err *err)
{
	if (p->kind != RESULT_CONTROL_PLANE)
		return 0;
	VEC_EACH (&p->clusters, name)
		if (start_plane(p, *name, dir, err))
			return -1;
	return 0;
}

static void note_version(
    struct result *r, const struct json_object *cluster, const char *version)
{
	const char *name = json_get_str(cluster, "name");
	const char *was = json_get_str(cluster, "server_version");
	bool same = str_eq(was, version);
	autofree char *prefix = str_printf("kubernetes/%s/", name);
	autofree char *line = same
				  ? str_printf("%s: %s", name, version)
				  : str_printf("%s: %s, and the cluster was %s",
					name, version, was ? was : "unknown");

	strvec_add(&r->control_planes, line);
	if (!same)
		strvec_add(&r->other_servers, prefix);
}

static int wait_plane(const struct place *p, struct control_plane *plane,
    const struct json_object *cluster, struct inner *inner, struct result *r,
    struct err *err)
{
	if (control_plane_wait(plane, &p->c->env, err))
		return err_wrap(
		    err, "cluster '%s'", json_get_str(cluster, "name"));
	const struct settings_cluster_access access = {
	    .kubeconfig = plane->kubeconfig};
	note_version(r, cluster, plane->version);
	inner_add_cluster(inner, cluster, &access);
	return 0;
}

/* ---- given ones ---------------------------------------------------------- */

static int use_given(const struct place *p, const struct manifest *m,
    const struct json_object *cluster, struct inner *inner, struct result *r,
    struct err *err)
{
	static const struct strvec nowhere = VEC_INIT;
	autofree char *version = NULL;
	const char *name = json_get_str(cluster, "name");
	struct settings_cluster_access access =
	    *given_for(p->c->settings, name);

	if (given_check(p->c, m, cluster, &version, err))
		return -1;
	note_version(r, cluster, version);
	access.confined_to = &nowhere;
	VEC_EACH (&p->copies, copies)
		if (str_eq(copies->cluster, name))
			access.confined_to = copies->names;
	inner_add_cluster(inner, cluster, &access);
	return 0;
}

/* Once all clusters are known to be the right ones. */
static int make_copies(struct place *p, const struct manifest *m,
    struct inner *inner, struct result *r, struct err *err)
{
	cleanup(strvec_done) struct strvec all = VEC_INIT;
	autofree char *holder = locks_holder(p->c);
	const struct json_object *cluster;

	if (p->kind != RESULT_PREFIX)
		return 0;
	for (size_t i = 0; (cluster = clusters_at(m, i)); i++)
		json_texts(json_get(cluster, "namespaces"), &all);
	VEC_EACH (&all, ns) {
		autofree char *to =
		    str_printf("%s%s", p->c->options->prefix, *ns);
		inner_rename(inner, *ns, to);
	}
	VEC_EACH (&p->copies, copies) {
		struct settings_cluster_access access =
		    *given_for(p->c->settings, copies->cluster);
		access.confined_to = copies->names;
		if (copies_make(copies, &access, &p->c->env, holder,
			&p->guard.cancel, err))
			return -1;
		r->namespaces += copies->made;
	}
	return 0;
}

int place_ready(struct place *p, const struct manifest *m, struct inner *inner,
    struct result *r, struct err *err)
{
	for (size_t i = 0; i < p->clusters.len; i++) {
		const struct json_object *cluster =
		    clusters_named(m, p->clusters.items[i]);

		if (p->kind == RESULT_CONTROL_PLANE &&
		    wait_plane(p, &p->planes.items[i], cluster, inner, r, err))
			return -1;
		if ((p->kind == RESULT_SERVER || p->kind == RESULT_PREFIX) &&
		    use_given(p, m, cluster, inner, r, err))
			return -1;
	}
	if (make_copies(p, m, inner, r, err))
		return -1;
	return guard_begin(&p->guard, p->planes.items, p->planes.len, err);
}

void place_leave(struct place *p, struct result *r)
{
	VEC_EACH (&p->copies, copies) {
		struct err err = ERR_INIT;

		if (copies_remove(copies, &err) && r) {
			strvec_add(&r->left, err.message);
			r->namespaces_left += copies->left;
		}
		if (err.code && !r)
			log_error("%s", err.message);
	}
}

void place_done(struct place *p)
{
	guard_end(&p->guard);
	/* Before the directories in which they work are removed. */
	VEC_EACH (&p->planes, plane)
		control_plane_done(plane);
	vec_done(&p->planes);
	/* Of a drill that ended early, which says why by itself. */
	place_leave(p, NULL);
	VEC_EACH (&p->copies, copies)
		copies_done(copies);
	vec_done(&p->copies);
	strvec_done(&p->clusters);
}
