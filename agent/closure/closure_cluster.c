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
};

struct asking {
	struct closure *c;
	struct kube_client *client;
	const struct closure_asked *cluster;
	struct strvec namespaces; /* that are captured */
	const struct kube_resource *resource;
	struct kube_item item;
};

static void asking_done(struct asking *a)
{
	strvec_done(&a->namespaces);
	kube_item_done(&a->item);
}

static int on_restart(void *ctx, struct err *err)
{
	(void)ctx;
	(void)err;
	return 0; /* what is heard twice does no harm */
}

static int list(struct asking *a, const char *ns, const char *labels,
    kube_page_fn *on_item, struct err *err)
{
	autofree char *path = kube_path(
	    a->resource->api_version, a->resource->name, ns, NULL, NULL);
	const struct kube_list_options o = {.path = path,
	    .labels = labels,
	    .caps = {.item_bytes = LIMITS_ITEM_BYTES, .page_bytes = 1U << 30},
	    .clock = a->cluster->clock,
	    .on_item = on_item,
	    .on_restart = on_restart,
	    .ctx = a};
	struct kube_list_result result = {.resource_version = NULL};
	int status = kube_list(a->client, &o, &result, err);

	kube_list_result_done(&result);
	return status ? err_wrap(err, "%s", a->resource->key) : 0;
}

/* ---- namespaces ---------------------------------------------------------- */

static bool are_named(const struct closure_asked *cluster)
{
	return kube_select_names_all(
	    cluster->namespaces, cluster->namespace_labels);
}

/* What cannot be read, here and below, whoever captures it names. */
static int on_namespace(
    void *ctx, const char *text, size_t len, struct err *err)
{
	struct asking *a = ctx;
	const struct closure_asked *o = a->cluster;
	struct err ignored = ERR_INIT;

	(void)err;
	if (kube_item_read(&a->item, text, len, NULL, NULL, &ignored))
		return 0;
	const char *name = buf_str(&a->item.name);
	if (kube_select_namespace(o->namespaces, o->exclude, name) &&
	    !kube_select_is_marked(&a->item) &&
	    !strvec_has(&a->namespaces, name))
		strvec_add(&a->namespaces, name);
	return 0;
}

/* Without the right to list them, those that are named without a pattern. */
static int choose_namespaces(
    struct asking *a, const struct kube_resource *r, struct err *err)
{
	const struct closure_asked *o = a->cluster;
	struct err why = ERR_INIT;

	a->resource = r;
	if (list(a, NULL, o->namespace_labels, on_namespace, &why) == 0)
		return 0;
	if (why.code != ERR_DENIED || !are_named(o)) {
		*err = why;
		return -1;
	}
	VEC_EACH (o->namespaces, ns)
		if (kube_select_namespace(NULL, o->exclude, *ns))
			strvec_add(&a->namespaces, *ns);
	return 0;
}

static int ask_namespaces(
    struct asking *a, const struct kube_api *api, struct err *err)
{
	const struct kube_resource *r = kube_api_by_key(api, "namespaces");

	if (!r)
		return err_set(err, ERR_FORMAT,
		    "the server says that it has no namespaces");
	if (choose_namespaces(a, r, err))
		return -1;
	/* Of a capture without them a document that names none is not known to
	 * fit any. */
	if (kube_select_resource(&a->cluster->selection, r))
		return 0;
	VEC_EACH (&a->namespaces, ns)
		strvec_add(&a->c->heard_namespaces, *ns);
	return 0;
}

/* ---- their objects ------------------------------------------------------- */

static int on_object(void *ctx, const char *text, size_t len, struct err *err)
{
	struct asking *a = ctx;
	const struct kube_item *item = &a->item;
	struct err ignored = ERR_INIT;

	(void)err;
	if (kube_item_read(&a->item, text, len, NULL, NULL, &ignored) ||
	    !strvec_has(&a->namespaces, buf_str(&item->ns)) ||
	    kube_select_object(&a->cluster->selection, a->resource, item))
		return 0;
	cleanup(json_freep) struct json_object *object =
	    json_parse(text, len, &ignored);
	if (object)
		closure_hear(a->c, a->cluster->name, a->resource->key,
		    buf_str(&item->ns), buf_str(&item->name), object);
	return 0;
}

static char *both_labels(const char *a, const char *b)
{
	bool has_b = b && *b;

	return a || has_b ? str_printf("%s%s%s", a ? a : "",
				a && has_b ? "," : "", has_b ? b : "")
			  : NULL;
}

/* One that is denied does not keep the others from being heard. */
static int ask_by_namespace(
    struct asking *a, const char *labels, struct err *err)
{
	struct err denied = ERR_INIT;

	VEC_EACH (&a->namespaces, ns) {
		struct err why = ERR_INIT;
		if (list(a, *ns, labels, on_object, &why) == 0)
			continue;
		if (why.code != ERR_DENIED) {
			*err = why;
			return -1;
		}
		denied = why;
	}
	if (!denied.code)
		return 0;
	*err = denied;
	return -1;
}

/* In each namespace it may be allowed, where it is not in all together. */
static int ask_kind(struct asking *a, const char *own_labels, struct err *err)
{
	autofree char *labels = both_labels(own_labels, a->cluster->labels);
	struct err why = ERR_INIT;

	if (are_named(a->cluster))
		return ask_by_namespace(a, labels, err);
	if (list(a, NULL, labels, on_object, &why) == 0)
		return 0;
	if (why.code == ERR_DENIED && a->namespaces.len)
		return ask_by_namespace(a, labels, err);
	*err = why;
	return -1;
}

static int ask(struct asking *a, struct err *err)
{
	cleanup(kube_api_done) struct kube_api api = KUBE_API_INIT;

	if (kube_discovery_read(a->client, &api, err) ||
	    ask_namespaces(a, &api, err))
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct kube_resource *r =
		    kube_api_by_key(&api, kinds[i].key);
		struct err why = ERR_INIT;
		if (!r || kube_select_resource(&a->cluster->selection, r))
			continue;
		a->resource = r;
		if (ask_kind(a, kinds[i].labels, &why) == 0)
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
	cleanup(asking_done) struct asking a = {
	    .c = c, .client = client, .cluster = cluster};

	return ask(&a, err);
}

void closure_unasked(struct closure *c)
{
	c->unasked = true;
}
