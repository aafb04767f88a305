#include "agent/discover/cluster.h"

#include "agent/discover/mentions.h"
#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/discovery.h"
#include "storage/kube/list.h"
#include "storage/kube/path.h"

struct listing {
	const struct mentions_kind *kind;
	const char *cluster;
	struct found *f;
};

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
	const struct listing *l = ctx;
	cleanup(json_freep) struct json_object *item =
	    json_parse(text, len, err);

	if (!item)
		return -1;
	mentions_read(l->kind, l->cluster, item, l->f);
	return 0;
}

static int on_restart(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0; /* what was found is found once */
}

static void list_kind(struct kube_client *c, const struct kube_resource *r,
    struct listing *l, const struct clock *clock)
{
	autofree char *path =
	    kube_path(r->api_version, r->name, NULL, NULL, NULL);
	const struct kube_list_options o = {.path = path,
	    .labels = l->kind->labels,
	    .caps = {.item_bytes = LIMITS_ITEM_BYTES, .page_bytes = 1U << 30},
	    .clock = clock,
	    .on_item = on_item,
	    .on_restart = on_restart,
	    .ctx = l};
	struct kube_list_result result = {.resource_version = NULL};
	struct err err = ERR_INIT;

	if (kube_list(c, &o, &result, &err))
		found_add_unclear(l->f,
		    "cluster '%s': %s were not searched: %s", l->cluster,
		    r->key, err.message);
	kube_list_result_done(&result);
}

/* The keys of Secrets that Flux's objects name. Argo CD's are read already. */
static void read_secrets(
    struct kube_client *c, const char *cluster, struct found *f)
{
	VEC_EACH (&f->credentials, known) {
		if (!str_eq(known->cluster, cluster) || known->keys.len)
			continue;
		struct err err = ERR_INIT;
		autofree char *path =
		    kube_path("v1", "secrets", known->ns, known->name, NULL);
		cleanup(json_freep) struct json_object *secret =
		    kube_client_get(c, path, &err);
		if (secret)
			mentions_read_secret(secret, known);
		else
			found_add_unclear(f,
			    "cluster '%s': Secret %s/%s, for %s, was not read: "
			    "%s",
			    cluster, known->ns, known->name, known->url,
			    err.message);
	}
}

int cluster_discover(struct kube_client *c, const char *name,
    const struct clock *clock, struct found *f, struct err *err)
{
	cleanup(kube_api_done) struct kube_api api = KUBE_API_INIT;

	if (kube_discovery_read(c, &api, err))
		return err_wrap(err, "cluster '%s'", name);
	VEC_EACH (&api.unavailable, u)
		found_add_unclear(f, "cluster '%s': %s was not searched: %s",
		    name, u->group_version, u->why);
	for (const struct mentions_kind *k = mentions_kinds; k->key; k++) {
		const struct kube_resource *r = kube_api_by_key(&api, k->key);
		struct listing l = {.kind = k, .cluster = name, .f = f};
		if (r && r->listable)
			list_kind(c, r, &l, clock);
	}
	read_secrets(c, name, f);
	return cancel_check(kube_client_cancel(c), err);
}
