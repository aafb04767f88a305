#include "agent/backup_shard.h"

#include "storage/base/cleanup.h"

static bool is_own(const struct backup_run *r, const char *name)
{
	VEC_EACH (&r->settings->kubernetes.clusters, own)
		if (str_eq(own->name, name))
			return true;
	return false;
}

/* What the capture of that cluster is told. */
static struct closure_asked asked_of(const struct settings_cluster *one,
    struct kube_client *client, const struct clock *clock)
{
	const struct capture_kube_cluster c = sources_cluster(one, client);

	return (struct closure_asked){.name = c.name,
	    .namespaces = c.namespaces,
	    .exclude = c.exclude_namespaces,
	    .namespace_labels = c.namespace_labels,
	    .labels = c.labels,
	    .selection = {.resources = c.resources,
		.exclude_resources = c.exclude_resources,
		.scope = c.cluster_scope,
		.keep_useless = c.keep_useless},
	    .clock = clock};
}

static int ask(
    struct backup_run *r, const struct settings_cluster *one, struct err *err)
{
	const struct connect_env env = {.clock = r->a->env.clock,
	    .random = r->a->env.random,
	    .cancel = r->a->env.cancel};
	struct connect_kube connected = {.client = NULL};
	int failed = connect_cluster(one, &env, &connected, err);

	if (!failed) {
		const struct closure_asked asked =
		    asked_of(one, connected.client, r->a->env.clock);
		failed = closure_ask(r->closure, connected.client, &asked, err);
	}

	connect_kube_done(&connected);
	return failed ? -1 : 0;
}

int backup_closure_ask(struct backup_run *r, struct err *err)
{
	if (!r->settings->git.repositories.len)
		return 0;
	VEC_EACH (&r->organisations.settings.kubernetes.clusters, one) {
		struct err why = ERR_INIT;
		if (is_own(r, one->name) || ask(r, one, &why) == 0)
			continue;
		if (cancel_check(r->a->env.cancel, err))
			return -1;
		closure_unasked(r->closure);
		*vec_add(&r->lacks) = (struct closure_lack){
		    .what = str_printf(
			"cluster '%s' could not be asked for the revisions "
			"that "
			"it runs, and the sealing keys, of the repositories of "
			"part %u/%u: %s",
			one->name, (unsigned)r->shard->index,
			(unsigned)r->shard->count, why.message)};
	}
	return 0;
}
