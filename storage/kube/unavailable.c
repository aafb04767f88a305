#include "storage/kube/unavailable.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/select.h"

#include <stdlib.h>
#include <string.h>

static void add(struct kube_api_unavailable_vec *to, const char *group_version,
    const char *why)
{
	VEC_EACH (to, entry) {
		if (str_eq(entry->group_version, group_version))
			return;
	}
	*vec_add(to) = (struct kube_api_unavailable){
	    .group_version = str_dup(group_version), .why = str_dup(why)};
}

void kube_unavailable_add(struct kube_api *api, const char *group_version,
    bool server_is_down, const char *why)
{
	const char *slash = strchr(group_version, '/'); /* "v1" has no group */
	autofree char *group = str_ndup(
	    group_version, slash ? (size_t)(slash - group_version) : 0);
	bool broken = server_is_down && !kube_select_group_is_builtin(group);

	add(broken ? &api->broken : &api->unavailable, group_version, why);
}

/* Whether the API server itself serves it. */
static bool is_local(
    const struct json_object *services, const char *group_version)
{
	const struct json_object *items = json_get(services, "items");
	size_t n = strcspn(group_version, "/");
	const char *version = group_version + n + (group_version[n] == '/');

	for (size_t i = 0; i < json_len(items); i++) {
		const struct json_object *spec =
		    json_get(json_at(items, i), "spec");
		const char *group = json_get_str(spec, "group");
		if (group && strlen(group) == n &&
		    memcmp(group, group_version, n) == 0 &&
		    str_eq(json_get_str(spec, "version"), version))
			return !json_get(spec, "service");
	}
	return false;
}

void kube_unavailable_settle(
    struct kube_api *api, const struct json_object *services)
{
	struct kube_api_unavailable_vec all = api->broken;

	api->broken = (struct kube_api_unavailable_vec)VEC_INIT;
	VEC_EACH (&all, entry)
		add(is_local(services, entry->group_version) ? &api->unavailable
							     : &api->broken,
		    entry->group_version, entry->why);
	kube_unavailable_done(&all);
}

char *kube_unavailable_warning(const struct kube_api_unavailable *broken)
{
	return str_printf(
	    "the API %s is registered and does not answer (%s): what it "
	    "serves is not captured; see kubectl get apiservices",
	    broken->group_version, broken->why);
}

void kube_unavailable_done(struct kube_api_unavailable_vec *unavailable)
{
	VEC_EACH (unavailable, entry) {
		free(entry->group_version);
		free(entry->why);
	}
	vec_done(unavailable);
}
