#include "agent/kube/pin.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/select.h"

static const char another_server[] =
    "another server keeps it, with revisions of its own";
static const char perhaps_another_server[] =
    "another server may keep it: apiservices cannot be listed";
static const char own_etcd[] =
    "many clusters keep it in an etcd of its own, with revisions of its own";
static const char of_none[] = "its answers are of no revision";

void kube_pin_ask(struct capture_kube_run *r)
{
	struct err ignored =
	    ERR_INIT; /* then nothing is known about its revision */

	r->run.servers_known = kube_discovery_elsewhere(r->run.cluster->client,
				   &r->run.elsewhere, &ignored) == 0;
}
static const char *why_not(
    const struct kube_run *run, const struct kube_resource *resource)
{
	/* kube-apiserver's --etcd-servers-overrides, as operators of large
	 * clusters use it. */
	static const char *const busy[] = {
	    "events", "events.events.k8s.io", "leases.coordination.k8s.io"};

	for (size_t i = 0; i < sizeof(busy) / sizeof(*busy); i++)
		if (str_eq(busy[i], resource->key))
			return own_etcd;
	if (strvec_has(&run->elsewhere, resource->api_version))
		return another_server;
	if (!run->servers_known &&
	    !kube_select_group_is_builtin(resource->group))
		return perhaps_another_server;
	return NULL;
}

struct kube_revision *kube_pin_of(
    const struct kube_run *run, const struct kube_resource *resource)
{
	return why_not(run, resource) ? NULL : run->revision;
}

/* For example componentstatuses, which the server computes for each answer. */
static bool is_of_none(const struct kube_job_list *list)
{
	return list->resource_version && !*list->resource_version;
}

/* Why the list was not read at the revision of the others; NULL if it was, or
 * if it failed. */
static const char *reason(
    const struct kube_job *j, const struct kube_job_list *list)
{
	if (!list->resource_version)
		return NULL;
	switch (list->pin) {
	case KUBE_LIST_PINNED:
		return NULL;
	case KUBE_LIST_OTHER:
		return is_of_none(list)
			   ? of_none
			   : "the server answered at another revision";
	case KUBE_LIST_REFUSED:
		return "the server refused to answer at the revision";
	case KUBE_LIST_NEWEST:
	default:
		return why_not(j->run, j->resource);
	}
}

/* Whether it should have been read at the revision of the others, and was not.
 */
static bool went_wrong(const struct kube_job_list *list)
{
	return list->resource_version && !is_of_none(list) &&
	       (list->pin == KUBE_LIST_OTHER || list->pin == KUBE_LIST_REFUSED);
}

static size_t revisions_used(const struct capture_kube_run *r)
{
	cleanup(strvec_done) struct strvec used = VEC_INIT;

	VEC_EACH (&r->jobs, j)
		VEC_EACH (&j->lists, list)
			if (list->pin == KUBE_LIST_PINNED &&
			    list->resource_version &&
			    !strvec_has(&used, list->resource_version))
				strvec_add(&used, list->resource_version);
	return used.len;
}

static void report_revisions(struct capture_kube_run *r, const char *text)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	struct err err = ERR_INIT;

	if (!c->one_revision) {
		capture_report_warning(r->report, "%s: %s", c->name, text);
		return;
	}
	err_set(&err, ERR_FORMAT, "%s; consistency is 'one'", text);
	capture_report_missing(
	    r->report, &err, "%s: one revision of all objects", c->name);
}

void kube_pin_report(struct capture_kube_run *r)
{
	size_t used = revisions_used(r);
	cleanup(buf_done) struct buf others = BUF_INIT;

	if (used > 1) {
		autofree char *text = str_printf(
		    "the server forgot the revision of the first lists while "
		    "others were still being read: the objects are of %zu "
		    "moments; let etcd be compacted less often, or raise "
		    "concurrency",
		    used);
		report_revisions(r, text);
	}
	VEC_EACH (&r->jobs, j)
		VEC_EACH (&j->lists, list) {
			if (!went_wrong(list))
				continue;
			buf_printf(&others, "%s%s", others.len ? ", " : "",
			    j->resource->key);
			break;
		}
	if (!others.len)
		return;
	autofree char *text =
	    str_printf("the server did not answer at the revision of the other "
		       "lists for %s: those objects are of another moment",
		buf_str(&others));
	report_revisions(r, text);
}

struct json_object *kube_pin_revisions(const struct capture_kube_run *r)
{
	struct json_object *array = json_new_array();

	VEC_EACH (&r->revision.all, revision)
		json_append(array, json_new_str(*revision));
	return array;
}

struct json_object *kube_pin_others(const struct capture_kube_run *r)
{
	struct json_object *array = json_new_array();

	VEC_EACH (&r->jobs, j)
		VEC_EACH (&j->lists, list) {
			const char *why = reason(j, list);
			if (!why)
				continue;
			struct json_object *o = json_new_object();
			json_set_str(o, "resource", j->resource->key);
			if (list->ns)
				json_set_str(o, "namespace", list->ns);
			json_set_str(
			    o, "resource_version", list->resource_version);
			json_set_str(o, "reason", why);
			json_append(array, o);
		}
	return array;
}
