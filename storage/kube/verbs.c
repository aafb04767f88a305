#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/client.h"

#include <string.h>

char *kube_path(const char *api_version, const char *resource, const char *ns,
    const char *name, const char *subresource)
{
	struct buf path = BUF_INIT;

	/* The core group alone has a version without a group before it. */
	buf_printf(&path, "/%s/%s", strchr(api_version, '/') ? "apis" : "api",
	    api_version);
	if (ns) {
		buf_add_str(&path, "/namespaces/");
		percent_add(&path, ns, strlen(ns), "");
	}
	buf_printf(&path, "/%s", resource);
	if (name) {
		buf_add_char(&path, '/');
		percent_add(&path, name, strlen(name), "");
	}
	if (name && subresource)
		buf_printf(&path, "/%s", subresource);
	return buf_steal(&path);
}

/* Sends, and parses the answer for whoever wants it. */
static int call(struct kube_client *c, const struct kube_request *r,
    struct json_object **result, struct err *err)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;

	if (kube_client_send(c, r, &answer, err))
		return -1;
	if (!result)
		return 0;
	*result = json_parse(buf_str(&answer.body), answer.body.len, err);
	if (*result)
		return 0;
	return err_wrap(err, "%s %s: the answer (%s)",
	    r->method ? r->method : "GET", r->path,
	    answer.content_type ? answer.content_type : "of no type");
}

struct json_object *kube_get(
    struct kube_client *c, const char *path, struct err *err)
{
	struct kube_request r = {.path = path};
	struct json_object *result = NULL;

	return call(c, &r, &result, err) ? NULL : result;
}

static int call_with_body(struct kube_client *c, struct kube_request *r,
    const struct json_object *object, struct json_object **result,
    struct err *err)
{
	cleanup(buf_wipe) struct buf body = BUF_INIT;

	json_write(&body, object, JSON_COMPACT);
	r->body = body.data;
	r->body_len = body.len;
	return call(c, r, result, err);
}

int kube_apply(struct kube_client *c, const char *path,
    const struct json_object *object, const struct kube_apply_options *o,
    struct json_object **result, struct err *err)
{
	autofree char *query =
	    str_printf("fieldManager=" KUBE_FIELD_MANAGER "&force=%s%s",
		o->force ? "true" : "false", o->dry_run ? "&dryRun=All" : "");
	struct kube_request r = {.method = "PATCH",
	    .path = path,
	    .query = query,
	    .content_type = "application/apply-patch+yaml"};

	return call_with_body(c, &r, object, result, err);
}

static const char *manager_query(bool dry_run)
{
	return dry_run ? "fieldManager=" KUBE_FIELD_MANAGER "&dryRun=All"
		       : "fieldManager=" KUBE_FIELD_MANAGER;
}

int kube_create(struct kube_client *c, const char *collection,
    const struct json_object *object, bool dry_run, struct json_object **result,
    struct err *err)
{
	struct kube_request r = {.method = "POST",
	    .path = collection,
	    .query = manager_query(dry_run)};

	return call_with_body(c, &r, object, result, err);
}

int kube_replace(struct kube_client *c, const char *path,
    const struct json_object *object, bool dry_run, struct json_object **result,
    struct err *err)
{
	struct kube_request r = {
	    .method = "PUT", .path = path, .query = manager_query(dry_run)};

	return call_with_body(c, &r, object, result, err);
}

int kube_merge_patch(struct kube_client *c, const char *path,
    const struct json_object *patch, bool dry_run, struct json_object **result,
    struct err *err)
{
	struct kube_request r = {.method = "PATCH",
	    .path = path,
	    .query = manager_query(dry_run),
	    .content_type = "application/merge-patch+json"};

	return call_with_body(c, &r, patch, result, err);
}

int kube_delete(struct kube_client *c, const char *path,
    const char *propagation, bool dry_run, struct err *err)
{
	cleanup(buf_done) struct buf query = BUF_INIT;

	if (propagation)
		buf_printf(&query, "propagationPolicy=%s", propagation);
	if (dry_run)
		buf_printf(&query, "%sdryRun=All", query.len ? "&" : "");
	struct kube_request r = {
	    .method = "DELETE", .path = path, .query = buf_str(&query)};
	return call(c, &r, NULL, err);
}
