#include "agent/kube/summary.h"

#include "agent/kube/pin.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <string.h>

static struct json_object *texts(const struct strvec *v)
{
	struct json_object *array = json_new_array();

	VEC_EACH (v, s)
		json_append(array, json_new_str(*s));
	return array;
}

static void set_time(struct json_object *o, const char *key, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_rfc3339(ms / 1000, text);
	json_set_str(o, key, text);
}

const char *kube_summary_storage_version(
    const struct capture_kube_run *r, const struct kube_resource *resource)
{
	size_t n = strlen(resource->key);

	VEC_EACH (&r->jobs, j)
		VEC_EACH (&j->storage_versions, v) {
			if (strncmp(*v, resource->key, n) == 0 &&
			    (*v)[n] == '=')
				return *v + n + 1;
		}
	return kube_api_stored_version(resource);
}

static struct json_object *lists(const struct kube_job *j)
{
	struct json_object *array = json_new_array();

	VEC_EACH (&j->lists, l) {
		struct json_object *o = json_new_object();
		if (l->ns)
			json_set_str(o, "namespace", l->ns);
		if (l->resource_version)
			json_set_str(
			    o, "resource_version", l->resource_version);
		set_time(o, "listed", l->listed_ms);
		if (l->restarts)
			json_set_int(o, "restarts", (int64_t)l->restarts);
		json_append(array, o);
	}
	return array;
}

static struct json_object *resource_summary(
    const struct capture_kube_run *r, const struct kube_job *j)
{
	const struct kube_resource *resource = j->resource;
	const char *stored = kube_summary_storage_version(r, resource);
	struct json_object *o = json_new_object();

	json_set_str(o, "resource", resource->key);
	json_set_str(o, "kind", resource->kind);
	json_set_str(o, "version", resource->version);
	json_set(o, "versions", texts(&resource->versions));
	if (stored)
		json_set_str(o, "storage_version", stored);
	json_set_bool(o, "namespaced", resource->namespaced);
	json_set_int(o, "objects", (int64_t)j->objects);
	json_set_int(o, "bytes", (int64_t)j->bytes);
	json_set(o, "lists", lists(j));
	if (j->left_out.len) {
		struct json_object *left = json_new_object();
		VEC_EACH (&j->left_out, l)
			json_set_int(left, l->reason, (int64_t)l->objects);
		json_set(o, "left_out", left);
	}
	return o;
}

static struct json_object *left_out(const struct capture_kube_run *r)
{
	struct json_object *array = json_new_array();

	VEC_EACH (&r->left_out, l) {
		struct json_object *o = json_new_object();
		json_set_str(o, "resource", l->resource->key);
		json_set_str(o, "reason", l->reason);
		if (l->objects >= 0)
			json_set_int(o, "objects", l->objects);
		json_append(array, o);
	}
	VEC_EACH (&r->marked, ns) {
		struct json_object *o = json_new_object();
		json_set_str(o, "namespace", *ns);
		json_set_str(o, "reason", "marked " KUBE_EXCLUDE_MARK);
		json_append(array, o);
	}
	return array;
}

static void add_forbidden(struct json_object *to, const struct kube_job *j)
{
	VEC_EACH (&j->forbidden, f) {
		struct json_object *o = json_new_object();
		json_set_str(o, "resource", j->resource->key);
		if (f->ns)
			json_set_str(o, "namespace", f->ns);
		json_set_bool(o, "tolerated", f->tolerated);
		json_append(to, o);
	}
}

static struct json_object *broken(const struct capture_kube_run *r)
{
	struct json_object *array = json_new_array();

	VEC_EACH (&r->api.broken, b)
		json_append(array, json_new_str(b->group_version));
	return array;
}

static void add_states(struct json_object *to, const struct kube_job *j)
{
	for (size_t i = 0; i < json_len(j->states); i++)
		json_append(to, json_share(json_at(j->states, i)));
}

/* Also of namespaces that have none: they are not those that are gone. */
static struct json_object *namespace_objects(const struct capture_kube_run *r)
{
	struct json_object *o = json_new_object();

	VEC_EACH (&r->run.namespaces, ns)
		json_set_int(o, *ns, 0);
	VEC_EACH (&r->jobs, j)
		VEC_EACH (&j->shares, s)
			json_set_int(o, s->ns,
			    json_get_int(o, s->ns, 0) + (int64_t)s->objects);
	return o;
}

struct json_object *kube_summary_json(const struct capture_kube_run *r)
{
	const struct capture_kube_cluster *c = r->run.cluster;
	struct json_object *o = json_new_object();
	struct json_object *resources = json_new_array();
	struct json_object *forbidden = json_new_array();
	struct json_object *states = json_new_array();
	int64_t finished_ms = r->started_ms;
	uint64_t objects = 0;
	uint64_t bytes = 0;

	VEC_EACH (&r->jobs, j) {
		objects += j->objects;
		bytes += j->bytes;
		if (j->last_ms > finished_ms)
			finished_ms = j->last_ms;
		add_forbidden(forbidden, j);
		add_states(states, j);
		if (j->lists.len)
			json_append(resources, resource_summary(r, j));
	}
	json_set_str(o, "name", c->name);
	json_set_str(o, "server", kube_client_server(c->client));
	if (r->uid)
		json_set_str(o, "uid", r->uid);
	if (r->api.server_version)
		json_set_str(o, "server_version", r->api.server_version);
	set_time(o, "started", r->started_ms);
	set_time(o, "finished", finished_ms);
	json_set_int(o, "objects", (int64_t)objects);
	json_set_int(o, "bytes", (int64_t)bytes);
	json_set(o, "revisions", kube_pin_revisions(r));
	json_set(o, "other_revisions", kube_pin_others(r));
	json_set(o, "namespaces", texts(&r->run.namespaces));
	json_set(o, "namespace_objects", namespace_objects(r));
	if (c->labels && *c->labels)
		json_set_str(o, "labels", c->labels);
	json_set(o, "resources", resources);
	json_set(o, "left_out", left_out(r));
	json_set(o, "forbidden", forbidden);
	json_set(o, "states", states);
	json_set(o, "broken", broken(r));
	return o;
}
