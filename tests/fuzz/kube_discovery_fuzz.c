/* Any JSON is what a server serves, in either form, or an error; and then
 * every resource is fit to be part of a path. */
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/discovery.h"
#include "storage/kube/unavailable.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct kube_api *api)
{
	kube_api_sort(api);
	VEC_EACH (&api->resources, r) {
		if (!*r->name || strchr(r->key, '/') || !r->versions.len ||
		    kube_api_by_key(api, r->key) == NULL)
			__builtin_trap();
	}
	kube_api_done(api);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kube_api api = KUBE_API_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *j =
	    json_parse((const char *)data, size, &err);

	if (!j)
		return 0;
	kube_api_add_aggregated(&api, j, &err);
	size_t silent = api.broken.len + api.unavailable.len;
	kube_unavailable_settle(&api, j);
	if (api.broken.len + api.unavailable.len > silent)
		__builtin_trap();
	check(&api);
	kube_api_add_list(&api, "apps/v1", j, &err);
	kube_api_add_list(&api, "v1", j, &err);
	check(&api);
	return 0;
}
