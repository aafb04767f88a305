#include "agent/closure/closure_room.h"

#include "storage/archive/limits.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"
#include "storage/kube/discovery.h"
#include "storage/kube/list.h"
#include "storage/kube/path.h"

#include <stdlib.h>

static const struct {
	const char *key;
	const char *labels;
} kinds[] = {
    {"gitrepositories.source.toolkit.fluxcd.io", NULL},
    {"applications.argoproj.io", NULL},
    {"secrets", "sealedsecrets.bitnami.com/sealed-secrets-key"},
    {"namespaces", NULL},
};

struct asking {
	struct closure *c;
	struct kube_client *client;
	const struct closure_asked *cluster;
	const char *key;
	const char *labels;
};

static bool fits(const struct strvec *patterns, const char *ns)
{
	VEC_EACH (patterns, p)
		if (str_glob(*p, ns))
			return true;
	return false;
}

static bool is_captured(const struct closure_asked *a, const char *ns)
{
	return (!a->namespaces->len || fits(a->namespaces, ns)) &&
	       !fits(a->exclude, ns);
}

/* By their names, and not by patterns: then no more is asked for. */
static bool are_named(const struct strvec *namespaces)
{
	VEC_EACH (namespaces, ns)
		if (str_is_glob(*ns))
			return false;
	return namespaces->len > 0;
}

static int on_item(void *ctx, const char *text, size_t len, struct err *err)
{
	const struct asking *a = ctx;
	cleanup(json_freep) struct json_object *item =
	    json_parse(text, len, err);
	const struct json_object *meta = json_get(item, "metadata");
	const char *name = json_get_str(meta, "name");
	const char *ns = json_get_str(meta, "namespace");

	if (!item)
		return -1;
	if (name && is_captured(a->cluster, ns ? ns : name))
		closure_hear(a->c, a->cluster->name, a->key, ns, name, item);
	return 0;
}

static int on_restart(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0; /* what is heard twice does no harm */
}

static int list(struct asking *a, const struct kube_resource *r, const char *ns,
    struct err *err)
{
	autofree char *path =
	    kube_path(r->api_version, r->name, ns, NULL, NULL);
	const struct kube_list_options o = {.path = path,
	    .labels = a->labels,
	    .caps = {.item_bytes = LIMITS_ITEM_BYTES, .page_bytes = 1U << 30},
	    .clock = a->cluster->clock,
	    .on_item = on_item,
	    .on_restart = on_restart,
	    .ctx = a};
	struct kube_list_result result = {.resource_version = NULL};
	int status = kube_list(a->client, &o, &result, err);

	kube_list_result_done(&result);
	return status ? err_wrap(err, "%s", a->key) : 0;
}

static int ask_kind(
    struct asking *a, const struct kube_resource *r, struct err *err)
{
	const struct strvec *namespaces = a->cluster->namespaces;

	if (!are_named(namespaces))
		return list(a, r, NULL, err);
	VEC_EACH (namespaces, ns) {
		if (!is_captured(a->cluster, *ns))
			continue;
		if (!r->namespaced)
			strvec_add(&a->c->heard_namespaces, *ns);
		else if (list(a, r, *ns, err))
			return -1;
	}
	return 0;
}

static int ask(struct asking *a, struct err *err)
{
	cleanup(kube_api_done) struct kube_api api = KUBE_API_INIT;

	if (kube_discovery_read(a->client, &api, err))
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct kube_resource *r =
		    kube_api_by_key(&api, kinds[i].key);
		a->key = kinds[i].key;
		a->labels = kinds[i].labels;
		struct err why = ERR_INIT;
		if (!r || !r->listable || ask_kind(a, r, &why) == 0)
			continue;
		/* It is denied to whoever captures it, too, who says so. */
		if (why.code != ERR_DENIED) {
			*err = why;
			return -1;
		}
		closure_unasked(a->c);
	}
	return 0;
}

int closure_ask(struct closure *c, struct kube_client *client,
    const struct closure_asked *cluster, struct err *err)
{
	struct asking a = {.c = c, .client = client, .cluster = cluster};

	return ask(&a, err);
}

void closure_unasked(struct closure *c)
{
	c->unasked = true;
}
