#include "restore/plan/source_cluster.h"

#include "storage/base/cleanup.h"
#include "storage/kube/client.h"
#include "storage/kube/discovery.h"

/* Of kube-system; NULL if one of the two UIDs is not known. */
static char *read_uid(const struct plan_cluster *c, struct err *why)
{
	if (c->source_uid)
		return kube_discovery_cluster_uid(c->client, why);
	err_set(why, ERR_NOT_FOUND,
	    "the snapshot does not say which cluster it is of (the agent may "
	    "not read the namespace kube-system)");
	return NULL;
}

static int refuse_unknown(const struct plan_cluster *c,
    const struct namespaces *found, const char *why, struct err *err)
{
	autofree char *names = namespaces_denied(found, true);
	autofree char *right = c->source_uid
				   ? str_dup("get the namespace 'kube-system'")
			       : *names ? str_printf("get %s", names)
					: str_dup("list namespaces");

	return err_set(err, ERR_USAGE,
	    "whether the target of '%s' (%s) is the cluster that the snapshot "
	    "was taken from cannot be found out: %s; namespaces may not be "
	    "listed, and %s%s; give the account of the restore the right to "
	    "%s, or say --same-cluster if a restore into the source is meant "
	    "as well",
	    c->name, kube_client_server(c->client), why,
	    *names ? "the snapshot's may not be read: "
		   : "this restore has none of the snapshot's",
	    names, right);
}

int source_cluster_check(struct plan *p, uint16_t cluster,
    const struct namespaces *found, const char *same, struct err *err)
{
	const struct plan_cluster *c = &p->options->clusters[cluster];
	struct err why = ERR_INIT;

	if (c->same_cluster)
		return 0;
	autofree char *uid = same ? NULL : read_uid(c, &why);
	if (!same && !uid) {
		if (!namespaces_tell(found))
			return refuse_unknown(c, found, why.message, err);
		*vec_add(&p->warnings) = str_printf(
		    "%s: whether the target is its source is known by the "
		    "UIDs of the snapshot's namespaces alone: %s",
		    c->name, why.message);
	}
	if (!same && !(uid && str_eq(uid, c->source_uid)))
		return 0;
	return err_set(err, ERR_USAGE,
	    "the target of '%s' (%s) is the cluster that the snapshot was "
	    "taken from%s%s%s; say --same-cluster to restore into it",
	    c->name, kube_client_server(c->client),
	    same ? ": the namespace '" : "", same ? same : "",
	    same ? "' is the very same" : "");
}
