#include "restore/targets/rights.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/kube/review.h"

#include <string.h>

enum { NAMED = 5 }; /* missing rights that are named one by one */

/* What every apply does to every kind. */
static const char *const verbs[] = {"list", "create", "patch"};

struct refused {
	struct strvec lines; /* at most NAMED */
	size_t count;
};

static void note_refused(
    struct refused *r, const char *verb, const char *resource, const char *ns)
{
	if (r->count++ >= NAMED)
		return;
	*vec_add(&r->lines) = str_printf("%s %s%s%s%s", verb, resource,
	    ns ? " in '" : "", ns ? ns : "", ns ? "'" : "");
}

/* An account that may do it everywhere may do it in each namespace. */
static int review_resource(struct kube_client *client, const char *verb,
    const char *key, const struct json_object *namespaces, struct refused *r,
    struct err *err)
{
	const char *dot = strchr(key, '.');
	autofree char *resource =
	    str_ndup(key, dot ? (size_t)(dot - key) : strlen(key));
	const char *group = dot ? dot + 1 : "";
	bool allowed;

	if (kube_review(client, verb, group, resource, NULL, &allowed, err))
		return -1;
	if (allowed)
		return 0;
	if (!json_len(namespaces))
		note_refused(r, verb, key, NULL);
	for (size_t i = 0; i < json_len(namespaces); i++) {
		const char *ns = json_str(json_at(namespaces, i));
		if (!ns)
			continue;
		if (kube_review(
			client, verb, group, resource, ns, &allowed, err))
			return -1;
		if (!allowed)
			note_refused(r, verb, key, ns);
	}
	return 0;
}

static int review_verb(struct kube_client *client, const char *verb,
    const struct json_object *cluster, struct refused *r, struct err *err)
{
	const struct json_object *resources = json_get(cluster, "resources");
	bool allowed;

	if (kube_review(client, verb, "*", "*", NULL, &allowed, err))
		return -1;
	for (size_t i = 0; !allowed && i < json_len(resources); i++) {
		const struct json_object *resource = json_at(resources, i);
		const char *key = json_get_str(resource, "resource");
		bool namespaced =
		    json_truth(json_get(resource, "namespaced"), false);
		if (!key || json_get_int(resource, "objects", 0) <= 0)
			continue;
		if (review_resource(client, verb, key,
			namespaced ? json_get(cluster, "namespaces") : NULL, r,
			err))
			return -1;
	}
	return 0;
}

int rights_missing(struct kube_client *client,
    const struct json_object *cluster, char **missing, struct err *err)
{
	struct refused refused = {.count = 0};
	cleanup(buf_done) struct buf text = BUF_INIT;
	int failed = 0;

	*missing = NULL;
	for (size_t i = 0; !failed && i < sizeof(verbs) / sizeof(*verbs); i++)
		failed = review_verb(client, verbs[i], cluster, &refused, err);
	VEC_EACH (&refused.lines, line)
		buf_printf(&text, "%s%s", text.len ? ", " : "", *line);
	if (refused.count > refused.lines.len)
		buf_printf(
		    &text, " and %zu more", refused.count - refused.lines.len);
	if (!failed && refused.count)
		*missing = buf_steal(&text);
	strvec_done(&refused.lines);
	return failed;
}
