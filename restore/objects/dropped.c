#include "restore/objects/dropped.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"

enum { MAX_DEPTH = 64 };

/* A value that means the same as no value: Go's `omitempty` omits it. */
static bool is_empty(const struct json_object *j, int depth)
{
	switch (json_kind(j)) {
	case JSON_OBJECT:
		for (struct json_iter it = json_iter(j); json_next(&it);)
			if (depth >= MAX_DEPTH ||
			    !is_empty(it.value, depth + 1))
				return false;
		return true;
	case JSON_ARRAY:
		return json_len(j) == 0;
	case JSON_STRING:
		return json_str_len(j) == 0;
	case JSON_NULL:
		return true;
	default:
		return !json_truth(j, false) && json_int(j, 0) == 0;
	}
}

/* Values that newer servers add to each object that has none, and that older
 * servers drop: nothing is lost. The list is what a server of 1.36 added to the
 * smallest object of each kind and one of 1.20 dropped (kubernetes
 * pkg/apis/.../defaults.go). */
static const struct {
	const char *path;
	const char *value;
} defaults[] = {
    {"spec.internalTrafficPolicy", "\"Cluster\""},
    {"spec.ipFamilyPolicy", "\"SingleStack\""},
    {"spec.allocateLoadBalancerNodePorts", "true"},
    {"spec.persistentVolumeClaimRetentionPolicy",
	"{\"whenDeleted\":\"Retain\",\"whenScaled\":\"Retain\"}"},
    {"spec.completionMode", "\"NonIndexed\""},
    {"spec.podReplacementPolicy", "\"TerminatingOrFailed\""},
    {"spec.jobTemplate.spec.completionMode", "\"NonIndexed\""},
    {"spec.jobTemplate.spec.podReplacementPolicy", "\"TerminatingOrFailed\""},
    {"spec.parameters.scope", "\"Cluster\""},
};

/* A Service without addresses and selector may be of any family: newer servers
 * list both. */
static bool is_of_any_family(const struct json_object *spec)
{
	return str_eq(json_get_str(spec, "clusterIP"), "None") &&
	       !json_len(json_get(spec, "selector")) &&
	       str_eq(json_get_str(spec, "ipFamilyPolicy"), "RequireDualStack");
}

/* For each container whose resources may be changed: the policy that allows it.
 */
static bool is_resized_at_will(const struct json_object *policies)
{
	for (size_t i = 0; i < json_len(policies); i++)
		if (!str_eq(json_get_str(json_at(policies, i), "restartPolicy"),
			"NotRequired"))
			return false;
	return true;
}

/* `parent` is the object that the value is a member of. */
static bool is_default(const char *path, const struct json_object *value,
    const struct json_object *parent)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (str_eq(path, "spec.ipFamilies"))
		return json_len(value) == 1 || is_of_any_family(parent);
	if (str_eq(path, "spec.ipFamilyPolicy") && is_of_any_family(parent))
		return true;
	if (str_ends(path, ".resizePolicy"))
		return is_resized_at_will(value);
	/* The same value under a newer name. */
	if (str_ends(path, "spec.dataSourceRef"))
		return json_equal(value, json_get(parent, "dataSource"));
	json_write(&text, value, JSON_COMPACT);
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++)
		if (str_eq(path, defaults[i].path) &&
		    str_eq(buf_str(&text), defaults[i].value))
			return true;
	return false;
}

static void compare(const struct json_object *sent,
    const struct json_object *answer, const char *path, int depth,
    struct strvec *paths);

static void compare_members(const struct json_object *sent,
    const struct json_object *answer, const char *path, int depth,
    struct strvec *paths)
{
	for (struct json_iter it = json_iter(sent); json_next(&it);) {
		autofree char *below =
		    str_printf("%s%s%s", path, *path ? "." : "", it.key);
		const struct json_object *there = json_get(answer, it.key);

		if (there)
			compare(it.value, there, below, depth + 1, paths);
		else if (!is_empty(it.value, 0) &&
			 !is_default(below, it.value, sent) &&
			 !strvec_has(paths, below))
			strvec_add(paths, below);
	}
}

static void compare(const struct json_object *sent,
    const struct json_object *answer, const char *path, int depth,
    struct strvec *paths)
{
	if (depth > MAX_DEPTH || json_kind(sent) != json_kind(answer))
		return;
	if (json_kind(sent) == JSON_OBJECT) {
		compare_members(sent, answer, path, depth, paths);
		return;
	}
	if (json_kind(sent) != JSON_ARRAY || json_len(sent) != json_len(answer))
		return;
	autofree char *items = str_printf("%s[]", path);
	for (size_t i = 0; i < json_len(sent); i++)
		compare(json_at(sent, i), json_at(answer, i), items, depth + 1,
		    paths);
}

void dropped_find(const struct json_object *sent,
    const struct json_object *answer, struct strvec *paths)
{
	for (struct json_iter it = json_iter(sent); json_next(&it);) {
		const struct json_object *there = json_get(answer, it.key);

		if (str_eq(it.key, "metadata") || str_eq(it.key, "status") ||
		    str_eq(it.key, "stringData"))
			continue;
		if (there)
			compare(it.value, there, it.key, 0, paths);
		else if (!is_empty(it.value, 0))
			strvec_add(paths, it.key);
	}
}
