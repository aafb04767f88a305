#include "storage/kube/unavailable.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/select.h"

#include <stdlib.h>
#include <string.h>

static void add(
    struct kube_api_gap_vec *to, const char *group_version, const char *why)
{
	VEC_EACH (to, gap) {
		if (str_eq(gap->group_version, group_version))
			return;
	}
	*vec_add(to) = (struct kube_api_gap){
	    .group_version = str_dup(group_version), .why = str_dup(why)};
}

void kube_gaps_add(struct kube_api *api, const char *group_version,
    bool server_is_down, const char *why)
{
	autofree char *group =
	    str_ndup(group_version, strcspn(group_version, "/"));
	bool broken = server_is_down && !kube_group_is_builtin(group);

	add(broken ? &api->broken : &api->gaps, group_version, why);
}

/* Whether the API server registered it as its own. */
static bool is_local(
    const struct json_object *services, const char *group_version)
{
	const struct json_object *items = json_get(services, "items");
	const char *slash = strchr(group_version, '/');
	size_t n = (size_t)(slash - group_version);

	for (size_t i = 0; i < json_len(items); i++) {
		const struct json_object *spec =
		    json_get(json_at(items, i), "spec");
		const char *group = json_get_str(spec, "group");
		if (group && strlen(group) == n &&
		    memcmp(group, group_version, n) == 0 &&
		    str_eq(json_get_str(spec, "version"), slash + 1))
			return !json_get(spec, "service");
	}
	return false;
}

void kube_gaps_settle(struct kube_api *api, const struct json_object *services)
{
	struct kube_api_gap_vec all = api->broken;

	api->broken = (struct kube_api_gap_vec)VEC_INIT;
	VEC_EACH (&all, gap)
		add(is_local(services, gap->group_version) ? &api->gaps
							   : &api->broken,
		    gap->group_version, gap->why);
	kube_gaps_done(&all);
}

char *kube_gaps_warning(const struct kube_api_gap *broken)
{
	return str_printf(
	    "the API %s is registered and does not answer (%s): what it "
	    "serves is not captured; see kubectl get apiservices",
	    broken->group_version, broken->why);
}

void kube_gaps_done(struct kube_api_gap_vec *gaps)
{
	VEC_EACH (gaps, gap) {
		free(gap->group_version);
		free(gap->why);
	}
	vec_done(gaps);
}
