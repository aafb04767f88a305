#include "restore/targets/probe.h"

#include "restore/plan/clusters.h"
#include "restore/targets/buckets.h"
#include "restore/targets/rights.h"
#include "restore/targets/targets.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/git/push/push_target.h"
#include "storage/kube/discovery.h"

struct probe {
	const struct command *command;
	const char *scratch;
	struct checks *checks;
};

/* ---- repositories ---- */

static void probe_repository(
    const struct probe *p, const struct json_object *repository)
{
	const struct settings *s = p->command->settings;
	const char *name = json_get_str(repository, "name");
	const char *source = json_get_str(repository, "url");
	cleanup(connect_git_done) struct connect_git g = {.password = NULL};
	struct push_target found;
	struct err err = ERR_INIT;

	if (!name)
		return;
	autofree char *what = str_printf("target of repository '%s'", name);
	autofree char *url = settings_target_repository(
	    &s->restore.targets, name, source ? source : "");
	if (!*url)
		checks_add(p->checks, what, false,
		    "the snapshot does not say where it came from; name it in "
		    "restore.targets.repositories");
	else if (connect_git(
		     &s->git, url, p->scratch, &p->command->env, &g, &err) ||
		 push_target_find(url, &g.access, &found, &err))
		checks_failed(p->checks, what, &err);
	else if (found.missing && found.unmakeable &&
		 !s->restore.create_repositories)
		checks_add(p->checks, what, false,
		    "%s: there is no repository: make an empty one on the "
		    "server first, or set restore.create_repositories",
		    url);
	else if (found.missing)
		checks_add(p->checks, what, true,
		    "%s: there is no repository; a restore makes it", url);
	else
		checks_add(p->checks, what, true, "%s: can be pushed to", url);
}

/* ---- buckets ---- */

static void probe_bucket(
    const struct probe *p, const struct targets *t, const char *bucket)
{
	autofree char *what = str_printf("target of bucket '%s'", bucket);
	bool any = false;

	VEC_EACH (&t->buckets, b) {
		struct err err = ERR_INIT;
		if (!str_eq(b->from, bucket))
			continue;
		any = true;
		if (b->err.code != ERR_NONE)
			checks_failed(p->checks, what, &b->err);
		else if (s3_check(b->store.s3, &err) ||
			 (b->store.locks &&
			     dynamodb_check(b->store.locks, &err)))
			checks_failed(p->checks, what, &err);
		else
			checks_add(p->checks, what, true, "%s%s%s",
			    s3_describe(b->store.s3),
			    b->from_prefix ? ", for what is below " : "",
			    b->from_prefix ? b->from_prefix : "");
	}
	if (!any)
		checks_add(p->checks, what, false,
		    "it has no target; name it in restore.targets.buckets");
}

/* ---- clusters ---- */

static bool is_source(
    struct kube_client *client, const struct json_object *cluster)
{
	struct err ignored = ERR_INIT;
	const char *captured = json_get_str(cluster, "uid");
	autofree char *uid = kube_discovery_cluster_uid(client, &ignored);

	return captured && uid && str_eq(captured, uid);
}

static void probe_client(const struct probe *p, const char *what,
    struct kube_client *client, const struct json_object *cluster)
{
	cleanup(kube_api_done) struct kube_api api = KUBE_API_INIT;
	autofree char *missing = NULL;
	struct err err = ERR_INIT;

	if (kube_discovery_read(client, &api, &err) ||
	    rights_missing(client, cluster, &missing, &err))
		checks_failed(p->checks, what, &err);
	else if (missing)
		checks_add(p->checks, what, false,
		    "the account may not %s; its ClusterRole in "
		    "config/kubernetes has what a restore needs",
		    missing);
	else
		checks_add(p->checks, what, true, "%s: Kubernetes %s%s",
		    kube_client_server(client),
		    api.server_version ? api.server_version : "?",
		    is_source(client, cluster)
			? "; it is the cluster that the snapshot was taken "
			  "from, so that a restore wants --same-cluster"
			: "");
}

static void probe_cluster(
    const struct probe *p, const struct json_object *cluster)
{
	const char *name = json_get_str(cluster, "name");
	cleanup(connect_kube_done) struct connect_kube k = {.client = NULL};
	struct err err = ERR_INIT;

	autofree char *what = str_printf("target of cluster '%s'", name);
	const struct settings_cluster_access *access =
	    targets_cluster(p->command->settings, name);
	if (!access)
		checks_add(p->checks, what, false,
		    "it has no target; name it in restore.targets.clusters");
	else if (connect_kube(
		     access, KUBE_GZIP_OFF, &p->command->env, &k, &err))
		checks_failed(p->checks, what, &err);
	else
		probe_client(p, what, k.client, cluster);
}

/* ---- all ---- */

static void probe_source(const struct probe *p, const struct targets *t,
    const struct json_object *source)
{
	const struct json_object *repositories =
	    json_get(source, "repositories");
	const struct json_object *buckets = json_get(source, "buckets");

	for (size_t i = 0; i < json_len(repositories); i++)
		probe_repository(p, json_at(repositories, i));
	for (size_t i = 0; i < json_len(buckets); i++) {
		const char *bucket =
		    json_get_str(json_at(buckets, i), "bucket");
		if (bucket)
			probe_bucket(p, t, bucket);
	}
}

int probe_targets(const struct command *c, const struct manifest *m,
    const char *scratch, struct checks *checks, struct err *err)
{
	const struct probe p = {
	    .command = c, .scratch = scratch, .checks = checks};
	struct targets t = {.c = c};
	const struct json_object *cluster;

	buckets_add(&t);
	for (size_t i = 0; i < json_len(m->sources); i++)
		probe_source(&p, &t, json_at(m->sources, i));
	for (size_t i = 0; (cluster = clusters_at(m, i)); i++)
		probe_cluster(&p, cluster);
	targets_done(&t);
	return cancel_check(c->env.cancel, err);
}
