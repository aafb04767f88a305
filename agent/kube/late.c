#include "agent/kube/late.h"

#include "storage/base/cleanup.h"
#include "storage/base/clock.h"

#include <string.h>

/* Whether its group is named already, as one that does not answer. */
static bool is_known(
    const struct kube_api_unavailable_vec *entries, const char *group)
{
	size_t len = strlen(group);

	VEC_EACH (entries, e)
		if (strncmp(e->group_version, group, len) == 0 &&
		    e->group_version[len] == '/')
			return true;
	return false;
}

/* By the server's clock and ours, whose difference decides no more than how it
 * is named. */
static bool was_before(const struct capture_kube_run *r, const char *since)
{
	int64_t seconds;

	return clock_parse_rfc3339(since, &seconds) == 0 &&
	       seconds * 1000 <= r->started_ms;
}

/* Of a definition, "gears.example.com=2026-01-02T03:04:05Z". */
static void report_one(struct capture_kube_run *r, const char *entry)
{
	size_t len = strcspn(entry, "=");
	autofree char *key = str_ndup(entry, len);
	autofree char *name = str_ndup(key, strcspn(key, "."));
	char *group = key + strlen(name) + (key[strlen(name)] == '.');
	const struct kube_resource resource = {.group = group,
	    .name = name,
	    .key = key,
	    .namespaced = true,
	    .listable = true};
	const char *cluster = r->run.cluster->name;
	struct err why = ERR_INIT;

	if (!entry[len] || kube_api_by_key(&r->api, key) ||
	    is_known(&r->api.unavailable, group) ||
	    is_known(&r->api.broken, group) ||
	    kube_select_resource(&r->run.selection, &resource))
		return;
	if (!was_before(r, entry + len + 1)) {
		capture_report_warning(r->report,
		    "%s: %s was defined while the backup ran: its objects are "
		    "in the next one",
		    cluster, key);
		return;
	}
	err_set(&why, ERR_NETWORK,
	    "it is defined, and the server did not list it yet when the backup "
	    "began; back up again");
	capture_report_missing(
	    r->report, &why, "%s: the objects of %s", cluster, key);
}

void kube_late_report(struct capture_kube_run *r)
{
	VEC_EACH (&r->jobs, j)
		VEC_EACH (&j->established, entry)
			report_one(r, *entry);
}
