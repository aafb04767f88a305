#include "restore/drill/given.h"

#include "restore/plan/clusters.h"
#include "restore/targets/rights.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/discovery.h"
#include "storage/kube/review.h"

#include <stdlib.h>

const struct settings_cluster_access *given_for(
    const struct settings *s, const char *cluster)
{
	VEC_EACH (&s->drill.clusters, t)
		if (str_eq(t->from, cluster))
			return &t->access;
	return NULL;
}

/* A given server, and the cluster of the snapshot that it is given for. */
struct given {
	const struct command *c;
	const char *cluster;
	struct connect_kube kube;
	char *uid;
};

static void given_done(struct given *g)
{
	connect_kube_done(&g->kube);
	free(g->uid);
}

static int refuse(
    const struct given *g, const char *what, const char *name, struct err *err)
{
	return err_set(err, ERR_USAGE,
	    "the API server of '%s' in drill.clusters (%s) is %s '%s': a drill "
	    "does not go where a platform lives or is to be restored; name "
	    "another cluster, or use a control plane of its own%s",
	    g->cluster, kube_client_server(g->kube.client), what, name,
	    g->c->options->prefix ? ", or allow a drill that writes into "
				    "namespaces of its own alone with "
				    "--same-cluster"
				  : "");
}

/* Asked once: one that is down must not hold the drill up. */
static char *ask_uid(struct kube_client *client)
{
	const struct kube_request r = {
	    .path = "/api/v1/namespaces/kube-system", .max_attempts = 1};
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct err ignored = ERR_INIT; /* then its URL decides */

	if (kube_client_send(client, &r, &answer, &ignored))
		return NULL;
	cleanup(json_freep) struct json_object *system =
	    json_parse(answer.body.data, answer.body.len, &ignored);
	return str_dup(json_str(json_path(system, "metadata", "uid", NULL)));
}

/* Where the configuration does not even allow a connection, there is nothing to
 * compare. */
static int check_against(const struct given *g,
    const struct settings_cluster_access *access, const char *what,
    const char *name, struct err *err)
{
	cleanup(connect_kube_done) struct connect_kube kube = {.client = NULL};
	struct err ignored = ERR_INIT;

	if (connect_kube(access, KUBE_GZIP_OFF, &g->c->env, &kube, &ignored))
		return 0;
	if (str_eq(kube_client_server(kube.client),
		kube_client_server(g->kube.client)))
		return refuse(g, what, name, err);
	autofree char *uid = ask_uid(kube.client);
	return str_eq(uid, g->uid) ? refuse(g, what, name, err) : 0;
}

static int check_all(
    const struct given *g, const struct manifest *m, struct err *err)
{
	const struct settings *s = g->c->settings;
	const struct json_object *cluster;

	for (size_t i = 0; (cluster = clusters_at(m, i)); i++)
		if (str_eq(json_get_str(cluster, "uid"), g->uid))
			return refuse(g, "the cluster that was captured as",
			    json_get_str(cluster, "name"), err);
	VEC_EACH (&s->kubernetes.clusters, source)
		if (check_against(
			g, &source->access, "the source", source->name, err))
			return -1;
	VEC_EACH (&s->restore.targets.clusters, target)
		if (check_against(
			g, &target->access, "the target of", target->from, err))
			return -1;
	return 0;
}

int given_check(const struct command *c, const struct manifest *m,
    const struct json_object *cluster, char **version, struct err *err)
{
	const char *name = json_get_str(cluster, "name");
	cleanup(given_done) struct given g = {.c = c, .cluster = name};

	if (connect_kube(given_for(c->settings, name), KUBE_GZIP_OFF, &c->env,
		&g.kube, err))
		return err_wrap(err, "drill.clusters: '%s'", name);
	g.uid = kube_discovery_cluster_uid(g.kube.client, err);
	if (!g.uid)
		return err_wrap(
		    err, "drill.clusters: which cluster that of '%s' is", name);
	bool allowed = c->options->prefix && c->options->same_cluster;
	if (!allowed && check_all(&g, m, err))
		return -1;
	*version = kube_discovery_version(g.kube.client, err);
	return *version ? 0 : err_wrap(err, "drill.clusters: '%s'", name);
}

/* What a drill with a prefix does besides (restore/drill/copies.h). */
static const struct need {
	const char *verb, *resource;
} of_prefix[] = {{"get", "namespaces"}, {"list", "namespaces"},
    {"create", "namespaces"}, {"delete", "namespaces"},
    {"create", "resourcequotas"}};

static int lacks_for_prefix(
    struct kube_client *client, struct buf *lacks, struct err *err)
{
	for (size_t i = 0; i < sizeof(of_prefix) / sizeof(*of_prefix); i++) {
		const struct need *n = &of_prefix[i];
		bool allowed;

		if (kube_review(
			client, n->verb, "", n->resource, NULL, &allowed, err))
			return -1;
		if (!allowed)
			buf_printf(lacks, "%s%s %s", lacks->len ? ", " : "",
			    n->verb, n->resource);
	}
	return 0;
}

static void probe_rights(const struct command *c, const char *what,
    const struct json_object *cluster, struct checks *checks)
{
	cleanup(connect_kube_done) struct connect_kube k = {.client = NULL};
	cleanup(buf_done) struct buf lacks = BUF_INIT;
	autofree char *missing = NULL;
	struct err err = ERR_INIT;
	const struct settings_cluster_access *access =
	    given_for(c->settings, json_get_str(cluster, "name"));

	if (connect_kube(access, KUBE_GZIP_OFF, &c->env, &k, &err) ||
	    rights_missing(k.client, cluster, &missing, &err) ||
	    lacks_for_prefix(k.client, &lacks, &err)) {
		checks_failed(checks, what, &err);
		return;
	}
	checks_add(checks, what, !missing, "%s: %s%s",
	    kube_client_server(k.client),
	    missing ? "the account may not " : "the account may send dry runs",
	    missing ? missing : "");
	if (!lacks.len)
		return;
	autofree char *warning =
	    str_printf("the account may not %s, which a drill with --prefix "
		       "needs",
		buf_str(&lacks));
	checks_warn(checks, what, warning);
}

void given_probe(
    const struct command *c, const struct manifest *m, struct checks *checks)
{
	const struct json_object *cluster;

	for (size_t i = 0; (cluster = clusters_at(m, i)); i++) {
		const char *name = json_get_str(cluster, "name");
		autofree char *what =
		    str_printf("drill server of cluster '%s'", name);
		autofree char *version = NULL;
		struct err err = ERR_INIT;

		if (!given_for(c->settings, name))
			continue;
		bool refused = given_check(c, m, cluster, &version, &err);
		if (refused && err.code != ERR_USAGE) {
			checks_failed(checks, what, &err);
			continue;
		}
		/* Where a platform lives, --same-cluster may allow it. */
		if (refused)
			checks_warn(checks, what, err.message);
		probe_rights(c, what, cluster, checks);
	}
}
