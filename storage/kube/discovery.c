#include "storage/kube/discovery.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/pool.h"
#include "storage/kube/client.h"
#include "storage/kube/path.h"
#include "storage/kube/select.h"
#include "storage/kube/unavailable.h"

#include <stdlib.h>
#include <string.h>

/* https://kubernetes.io/docs/concepts/overview/kubernetes-api/: servers before
 * 1.26 use the last and answer in the older format; without it some answer 406.
 */
#define ACCEPT_AGGREGATED                                                      \
	"application/json;g=apidiscovery.k8s.io;v=v2;"                         \
	"as=APIGroupDiscoveryList,"                                            \
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;"                    \
	"as=APIGroupDiscoveryList,"                                            \
	"application/json"

enum {
	REQUESTS_AT_ONCE = 3,
	/* A broken aggregated API answers 503 at once, each time. */
	ATTEMPTS = 3,
	MAX_GROUP_VERSIONS = 4096,
};

/* *status becomes the HTTP status, 0 if there was no answer. */
static struct json_object *ask(struct kube_client *c, const char *path,
    const char *accept, int *status, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;
	struct kube_request r = {
	    .path = path, .accept = accept, .max_attempts = ATTEMPTS};

	int failed = kube_client_send(c, &r, &answer, err);
	*status = answer.status;
	if (failed)
		return NULL;
	struct json_object *j =
	    json_parse(buf_str(&answer.body), answer.body.len, err);
	if (!j)
		err_wrap(err,
		    "GET %s: the answer is of type '%s' (is this the address "
		    "of an API server?)",
		    path, answer.content_type ? answer.content_type : "");
	return j;
}

/* The older format: one list for each group and version. */
struct group_version {
	char *name;
	struct json_object *list;
	int status;
	struct err err;
};
VEC_DEFINE(gv_vec, struct group_version);

struct listing {
	struct kube_client *client;
	struct gv_vec all;
};

static void listing_done(struct listing *l)
{
	VEC_EACH (&l->all, gv) {
		free(gv->name);
		json_free(gv->list);
	}
	vec_done(&l->all);
}

static void fetch_one(void *ctx, size_t i)
{
	struct listing *l = ctx;
	struct group_version *gv = &l->all.items[i];
	autofree char *path = str_printf(
	    "/%s/%s", strchr(gv->name, '/') ? "apis" : "api", gv->name);

	gv->list = ask(l->client, path, NULL, &gv->status, &gv->err);
}

static void add_gv(struct listing *l, const char *name)
{
	if (!name || l->all.len >= MAX_GROUP_VERSIONS)
		return;
	VEC_EACH (&l->all, gv) {
		if (str_eq(gv->name, name))
			return;
	}
	vec_add(&l->all)->name = str_dup(name);
}

/* The preferred version of each group comes first, then its others. */
static void add_groups(struct listing *l, const struct json_object *list)
{
	const struct json_object *groups = json_get(list, "groups");

	for (size_t g = 0; g < json_len(groups); g++) {
		const struct json_object *group = json_at(groups, g);
		const struct json_object *versions =
		    json_get(group, "versions");
		add_gv(l, json_str(json_path(group, "preferredVersion",
			      "groupVersion", NULL)));
		for (size_t v = 0; v < json_len(versions); v++)
			add_gv(l,
			    json_get_str(json_at(versions, v), "groupVersion"));
	}
}

/* The API server itself answers with such a status for a group whose own server
 * is down. Without an answer, or if this account may not ask, nothing is known
 * of the group. */
static bool server_is_down(const struct group_version *gv)
{
	return gv->status >= 500 || gv->status == 404 || gv->list;
}

static int discover_lists(struct kube_client *c, struct kube_api *api,
    const struct json_object *core, const struct json_object *groups,
    struct err *err)
{
	cleanup(listing_done) struct listing l = {.client = c, .all = VEC_INIT};
	const struct json_object *versions = json_get(core, "versions");

	for (size_t i = 0; i < json_len(versions); i++)
		add_gv(&l, json_str(json_at(versions, i)));
	add_groups(&l, groups);
	if (l.all.len >= MAX_GROUP_VERSIONS)
		return err_set(err, ERR_FORMAT,
		    "it says that it serves %d versions of groups or more",
		    MAX_GROUP_VERSIONS);
	pool_each(REQUESTS_AT_ONCE, l.all.len, fetch_one, &l);
	VEC_EACH (&l.all, gv) {
		struct err bad = gv->err;
		if (gv->list &&
		    kube_api_add_list(api, gv->name, gv->list, &bad) == 0)
			continue;
		/* Without the core group, without the right to ask, or after a
		 * cancellation, going on makes no sense. */
		if (!strchr(gv->name, '/') || bad.code == ERR_CANCELLED) {
			*err = bad;
			return -1;
		}
		kube_unavailable_add(
		    api, gv->name, server_is_down(gv), bad.message);
	}
	return 0;
}

static bool is_aggregated(const struct json_object *j)
{
	return str_eq(json_get_str(j, "kind"), "APIGroupDiscoveryList");
}

static int check_form(const struct json_object *j, const char *path,
    const char *older, struct err *err)
{
	if (is_aggregated(j) || str_eq(json_get_str(j, "kind"), older))
		return 0;
	return err_set(err, ERR_FORMAT,
	    "GET %s: this is not an answer of a Kubernetes API server", path);
}

/* The first request to any server. */
enum { CORE, GROUPS, VERSION, FIRST_COUNT };

struct first {
	struct kube_client *client;
	struct json_object *answers[FIRST_COUNT];
	struct err errs[FIRST_COUNT];
};

static void first_done(struct first *f)
{
	for (size_t i = 0; i < FIRST_COUNT; i++)
		json_free(f->answers[i]);
}

static void fetch_first(void *ctx, size_t i)
{
	static const char *const paths[] = {
	    [CORE] = "/api", [GROUPS] = "/apis", [VERSION] = "/version"};
	struct first *f = ctx;
	int status;

	f->answers[i] = ask(f->client, paths[i],
	    i == VERSION ? NULL : ACCEPT_AGGREGATED, &status, &f->errs[i]);
}

/* Reads /api and /apis, each in the format that the server chose. */
static int discover(
    struct kube_client *c, struct kube_api *api, struct err *err)
{
	cleanup(first_done) struct first first = {.client = c};

	pool_each(FIRST_COUNT, FIRST_COUNT, fetch_first, &first);
	const struct json_object *core = first.answers[CORE];
	const struct json_object *groups = first.answers[GROUPS];
	if (!core || !groups) {
		*err = first.errs[core ? GROUPS : CORE];
		return -1;
	}
	if (check_form(core, "/api", "APIVersions", err) ||
	    check_form(groups, "/apis", "APIGroupList", err))
		return -1;
	if (is_aggregated(core) && kube_api_add_aggregated(api, core, err))
		return -1;
	if (is_aggregated(groups) && kube_api_add_aggregated(api, groups, err))
		return -1;
	/* Only for messages, which do without it. */
	api->server_version =
	    str_dup(json_get_str(first.answers[VERSION], "gitVersion"));
	return discover_lists(c, api, is_aggregated(core) ? NULL : core,
	    is_aggregated(groups) ? NULL : groups, err);
}

static struct json_object *ask_services(struct kube_client *c, struct err *err)
{
	autofree char *path = kube_path(
	    "apiregistration.k8s.io/v1", "apiservices", NULL, NULL, NULL);

	return kube_client_get(c, path, err);
}

int kube_discovery_elsewhere(
    struct kube_client *c, struct strvec *api_versions, struct err *err)
{
	cleanup(json_freep) struct json_object *services = ask_services(c, err);
	const struct json_object *items = json_get(services, "items");

	for (size_t i = 0; i < json_len(items); i++) {
		const struct json_object *spec =
		    json_get(json_at(items, i), "spec");
		const char *group = json_get_str(spec, "group");
		const char *version = json_get_str(spec, "version");
		if (group && version &&
		    json_kind(json_get(spec, "service")) == JSON_OBJECT)
			*vec_add(api_versions) =
			    str_printf("%s/%s", group, version);
	}
	return services ? 0 : -1;
}

/* If the account may not list APIServices, the judgement of server_is_down
 * stays. */
static void settle_broken(struct kube_client *c, struct kube_api *api)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *services =
	    api->broken.len ? ask_services(c, &ignored) : NULL;

	kube_unavailable_settle(api, services);
}

int kube_discovery_read(
    struct kube_client *c, struct kube_api *api, struct err *err)
{
	if (discover(c, api, err))
		return err_wrap(err, "discovery at %s", kube_client_server(c));
	settle_broken(c, api);
	kube_api_sort(api);
	return 0;
}

void kube_discovery_stored_versions(struct kube_client *c, struct kube_api *api,
    const struct strvec *api_versions)
{
	cleanup(listing_done) struct listing l = {.client = c, .all = VEC_INIT};

	VEC_EACH (&api->resources, r) {
		if (r->listable && !r->storage_hash &&
		    (api_versions ? strvec_has(api_versions, r->api_version)
				  : kube_select_group_is_builtin(r->group)))
			add_gv(&l, r->api_version);
	}
	pool_each(REQUESTS_AT_ONCE, l.all.len, fetch_one, &l);
	VEC_EACH (&l.all, gv)
		kube_api_note_hashes(api, gv->name, gv->list);
}

char *kube_discovery_version(struct kube_client *c, struct err *err)
{
	cleanup(json_freep) struct json_object *version =
	    kube_client_get(c, "/version", err);
	const char *text = json_get_str(version, "gitVersion");

	return version ? str_dup(text ? text : "?") : NULL;
}

char *kube_discovery_cluster_uid(struct kube_client *c, struct err *err)
{
	static const char path[] = "/api/v1/namespaces/kube-system";
	cleanup(json_freep) struct json_object *system =
	    kube_client_get(c, path, err);
	const char *uid = json_str(json_path(system, "metadata", "uid", NULL));

	if (system && (!uid || !*uid)) {
		err_set(err, ERR_FORMAT, "GET %s: it has no UID", path);
		return NULL;
	}
	return str_dup(uid);
}
