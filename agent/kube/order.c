#include "agent/kube/order.h"

#include "storage/kube/select.h"

#include <stdbool.h>

/* How long the list of custom resources is nobody knows, so they come before
 * what is known to be short. */
static const char *const long_lists[] = {"pods", "replicasets.apps",
    "configmaps", "secrets", "deployments.apps", "services", "events",
    "endpointslices.discovery.k8s.io", "endpoints", "jobs.batch"};

enum {
	CUSTOM = sizeof(long_lists) / sizeof(*long_lists),
	SHORT,
	HELD,
	RANK_END
};

static size_t rank_of(const struct kube_job *j)
{
	const struct kube_resource *r = j->resource;

	if (j->hold)
		return HELD;
	for (size_t i = 0; i < CUSTOM; i++)
		if (str_eq(r->key, long_lists[i]))
			return i;
	return kube_select_group_is_builtin(r->group) ? SHORT : CUSTOM;
}

void kube_order(const struct kube_job_vec *jobs, size_t *order)
{
	for (size_t rank = 0; rank < RANK_END; rank++)
		for (size_t i = 0; i < jobs->len; i++)
			if (rank_of(&jobs->items[i]) == rank)
				*order++ = i;
}
