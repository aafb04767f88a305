#include "config/settings.h"
#include "config/validate_value.h"
#include "storage/base/json.h"

#define complain schema_location_refuse

int validate_target_cluster(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_target_cluster *t = data;

	if (!t->access.kubeconfig && !t->access.context &&
	    !t->access.in_cluster)
		return complain(where, node, NULL, err,
		    "names no target; it takes 'kubeconfig' and 'context', or "
		    "'in_cluster'");
	return validate_access(&t->access, node, where, err);
}

int validate_target_bucket(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_target_bucket *t = data;

	if (validate_s3(&t->s3, node, where, err))
		return -1;
	if ((t->kms == SETTINGS_KMS_KEY) != !!t->kms_key_id)
		return complain(where, node,
		    t->kms_key_id ? "kms_key_id" : "kms", err,
		    "kms: key and kms_key_id belong together");
	if (t->kms_key_id && secret_ref_is_set(&t->s3.sse_customer_key))
		return complain(where, node, "kms_key_id", err,
		    "excludes sse_customer_key; leave one out");
	return 0;
}

/* Only one of them could be the target of an object. */
static bool is_same_part(const struct settings_target_bucket *a,
    const struct settings_target_bucket *b)
{
	return str_eq(a->from, b->from) &&
	       str_eq(a->from_prefix ? a->from_prefix : "",
		   b->from_prefix ? b->from_prefix : "");
}

/* A cluster goes to one place. */
static int check_clusters(const struct settings_target_clusters *clusters,
    const struct yaml_node *node, const struct schema_location *where,
    struct err *err)
{
	for (size_t i = 0; i < clusters->len; i++)
		for (size_t j = 0; j < i; j++)
			if (str_eq(clusters->items[i].from,
				clusters->items[j].from))
				return validate_repeats(node, where, "clusters",
				    i, "from", clusters->items[i].from, j, err);
	return 0;
}

int validate_targets(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_targets *t = data;
	struct schema_location below = {.up = where, .key = "repositories"};

	VEC_EACH (&t->repositories, p) {
		if (str_ends(p->from, "/") && !str_ends(p->to, "/"))
			return complain(&below, yaml_get(node, "repositories"),
			    p->from, err,
			    "ends in '/' and its target does not; both or "
			    "none");
		if (validate_repository_url(p->to, p->from,
			yaml_get(node, "repositories"), &below, err))
			return -1;
	}
	if (check_clusters(&t->clusters, node, where, err))
		return -1;
	for (size_t i = 0; i < t->buckets.len; i++)
		for (size_t j = 0; j < i; j++)
			if (is_same_part(
				&t->buckets.items[i], &t->buckets.items[j]))
				return validate_repeats(node, where, "buckets",
				    i, "from and from_prefix",
				    t->buckets.items[i].from, j, err);
	return 0;
}

int validate_drill(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_drill *d = data;

	return check_clusters(&d->clusters, node, where, err);
}

int validate_edge(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_edge *e = data;

	if (e->pointer[0] != '/')
		return complain(where, node, "pointer", err,
		    "is not a JSON pointer; it takes one such as "
		    "/spec/secretRef/name");
	return 0;
}

int validate_rule(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_rule *r = data;

	if (!r->pause && !r->by_replicas && !r->status && !r->finished &&
	    !r->derived && !r->last && !r->ready)
		return complain(where, node, "kind", err,
		    "says nothing about it; it takes pause, by_replicas, "
		    "status, finished, derived, last or ready");
	return 0;
}

int validate_transform(const void *data, const struct yaml_node *node,
    const struct schema_location *where, struct err *err)
{
	const struct settings_transform *t = data;
	static const char *const ops[] = {
	    "add", "remove", "replace", "move", "copy", "test"};

	if (json_kind(t->patch) != JSON_ARRAY || !json_len(t->patch))
		return complain(where, node, "patch", err,
		    "is not a patch; it takes a list of operations such as "
		    "{op: replace, path: /spec/replicas, value: 1}");
	for (size_t i = 0; i < json_len(t->patch); i++) {
		const struct json_object *op = json_at(t->patch, i);
		const char *name = json_get_str(op, "op");
		bool known = false;
		for (size_t j = 0; j < sizeof(ops) / sizeof(*ops); j++)
			known = known || (name && str_eq(name, ops[j]));
		if (!known || !json_get_str(op, "path"))
			return complain(where, node, "patch", err,
			    "operation %zu lacks 'op' (add, remove, replace, "
			    "move, copy, test) or 'path'",
			    i);
	}
	if (!t->kind && !t->namespace_ && !t->name && !t->labels)
		return complain(where, node, NULL, err,
		    "selects everything; it takes at least one of kind, "
		    "namespace, name, labels");
	return 0;
}
