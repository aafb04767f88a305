/* The two formats in which a server lists what it serves. */
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/api.h"
#include "storage/kube/unavailable.h"

#include <stdlib.h>
#include <string.h>

/* One version of a resource, from either format. */
struct served {
	const char *group;
	const char *version;
	const char *name;
	const char *kind;
	const char *hash;
	bool namespaced;
	const struct json_object *verbs;
	const struct json_object *short_names;
};

/* Lower-case letters, digits, '-' and '.': the name becomes part of paths. */
static bool is_plain(const char *s, bool may_be_empty)
{
	if (!s || (!*s && !may_be_empty) || *s == '.')
		return false;
	return s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.")] == '\0';
}

static bool has_verb(const struct json_object *verbs, const char *verb)
{
	for (size_t i = 0; i < json_len(verbs); i++)
		if (str_eq(json_str(json_at(verbs, i)), verb))
			return true;
	return false;
}

static struct kube_resource *find(
    struct kube_api *api, const char *group, const char *name)
{
	VEC_EACH (&api->resources, r) {
		if (str_eq(r->group, group) && str_eq(r->name, name))
			return r;
	}
	return NULL;
}

/* Versions come in the server's order of preference: the first that can be
 * listed is used. */
static int add_served(
    struct kube_api *api, const struct served *s, struct err *err)
{
	if (!is_plain(s->name, false) || !is_plain(s->group, true) ||
	    !is_plain(s->version, false) || !s->kind || !*s->kind)
		return err_set(err, ERR_FORMAT,
		    "a resource of group '%s' has no proper name or kind",
		    s->group ? s->group : "");
	struct kube_resource *r = find(api, s->group, s->name);
	bool listable = has_verb(s->verbs, "list") && has_verb(s->verbs, "get");
	if (!r) {
		r = vec_add(&api->resources);
		r->group = str_dup(s->group);
		r->name = str_dup(s->name);
		r->key = *s->group ? str_printf("%s.%s", s->name, s->group)
				   : str_dup(s->name);
	}
	strvec_add(&r->versions, s->version);
	if (r->version && (r->listable || !listable))
		return 0;
	free(r->version);
	free(r->api_version);
	free(r->kind);
	free(r->storage_hash);
	r->version = str_dup(s->version);
	r->api_version = *s->group ? str_printf("%s/%s", s->group, s->version)
				   : str_dup(s->version);
	r->kind = str_dup(s->kind);
	r->storage_hash = str_dup(s->hash);
	r->namespaced = s->namespaced;
	r->listable = listable;
	strvec_done(&r->verbs);
	strvec_done(&r->short_names);
	json_texts(s->verbs, &r->verbs);
	json_texts(s->short_names, &r->short_names);
	return 0;
}

static void note_status(
    struct kube_api *api, const char *group, const char *name)
{
	struct kube_resource *r = find(api, group, name);

	if (r)
		r->has_status = true;
}

/* One resource of an APIGroupDiscovery. */
static int add_discovered(struct kube_api *api, const char *group,
    const char *version, const struct json_object *item, struct err *err)
{
	struct served s = {.group = group,
	    .version = version,
	    .name = json_get_str(item, "resource"),
	    .kind = json_str(json_path(item, "responseKind", "kind", NULL)),
	    .namespaced = str_eq(json_get_str(item, "scope"), "Namespaced"),
	    .verbs = json_get(item, "verbs"),
	    .short_names = json_get(item, "shortNames")};
	const struct json_object *subs = json_get(item, "subresources");

	/* A resource that has only subresources has no kind of its own. */
	if (!s.kind || !*s.kind)
		return 0;
	if (add_served(api, &s, err))
		return -1;
	for (size_t i = 0; i < json_len(subs); i++)
		if (str_eq(json_get_str(json_at(subs, i), "subresource"),
			"status"))
			note_status(api, group, s.name);
	return 0;
}

static int add_version(struct kube_api *api, const char *group,
    const char *version, const struct json_object *resources, struct err *err)
{
	for (size_t i = 0; i < json_len(resources); i++)
		if (add_discovered(
			api, group, version, json_at(resources, i), err))
			return -1;
	return 0;
}

/* The versions of one group. If a group other than the core is described
 * wrongly, only that group is skipped. */
static int add_group(struct kube_api *api, const char *group,
    const struct json_object *versions, struct err *err)
{
	for (size_t v = 0; v < json_len(versions); v++) {
		const struct json_object *at = json_at(versions, v);
		const char *version = json_get_str(at, "version");
		struct err bad = ERR_INIT;
		if (!version)
			return err_set(err, ERR_FORMAT,
			    "group '%s' has a version without a name", group);
		autofree char *gv = str_printf("%s/%s", group, version);
		if (str_eq(json_get_str(at, "freshness"), "Stale")) {
			kube_unavailable_add(
			    api, gv, true, "its answer is stale");
			continue;
		}
		if (add_version(api, group, version, json_get(at, "resources"),
			&bad) == 0)
			continue;
		if (!*group) {
			*err = bad;
			return -1;
		}
		kube_unavailable_add(api, gv, true, bad.message);
	}
	return 0;
}

int kube_api_add_aggregated(
    struct kube_api *api, const struct json_object *list, struct err *err)
{
	const struct json_object *groups = json_get(list, "items");

	for (size_t g = 0; g < json_len(groups); g++) {
		const struct json_object *item = json_at(groups, g);
		const char *group =
		    json_str(json_path(item, "metadata", "name", NULL));
		if (add_group(api, group ? group : "",
			json_get(item, "versions"), err))
			return -1;
	}
	return 0;
}

int kube_api_add_list(struct kube_api *api, const char *group_version,
    const struct json_object *list, struct err *err)
{
	const struct json_object *items = json_get(list, "resources");
	const char *slash = strchr(group_version, '/');
	autofree char *group =
	    slash ? str_ndup(group_version, (size_t)(slash - group_version))
		  : str_dup("");
	const char *version = slash ? slash + 1 : group_version;

	if (!str_eq(json_get_str(list, "kind"), "APIResourceList"))
		return err_set(err, ERR_FORMAT,
		    "the API %s does not say what it serves", group_version);
	for (size_t i = 0; i < json_len(items); i++) {
		const struct json_object *item = json_at(items, i);
		const char *name = json_get_str(item, "name");
		const char *sub = name ? strchr(name, '/') : NULL;
		if (sub) {
			autofree char *parent =
			    str_ndup(name, (size_t)(sub - name));
			if (str_eq(sub, "/status"))
				note_status(api, group, parent);
			continue;
		}
		struct served s = {.group = group,
		    .version = version,
		    .name = name,
		    .kind = json_get_str(item, "kind"),
		    .hash = json_get_str(item, "storageVersionHash"),
		    .namespaced =
			json_truth(json_get(item, "namespaced"), false),
		    .verbs = json_get(item, "verbs"),
		    .short_names = json_get(item, "shortNames")};
		if (add_served(api, &s, err))
			return -1;
	}
	return 0;
}

void kube_api_note_hashes(struct kube_api *api, const char *group_version,
    const struct json_object *list)
{
	const struct json_object *items = json_get(list, "resources");
	const char *slash = strchr(group_version, '/');
	autofree char *group = str_ndup(
	    group_version, slash ? (size_t)(slash - group_version) : 0);

	for (size_t i = 0; i < json_len(items); i++) {
		const struct json_object *item = json_at(items, i);
		const char *name = json_get_str(item, "name");
		const char *hash = json_get_str(item, "storageVersionHash");
		struct kube_resource *r =
		    name && hash ? find(api, group, name) : NULL;
		if (r && !r->storage_hash)
			r->storage_hash = str_dup(hash);
	}
}
