#include "restore/plan/load.h"

#include "restore/objects/convert.h"
#include "restore/objects/ratchet.h"
#include "storage/archive/limits.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/api.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int load_check(
    const struct json_object *object, const char *path, struct err *err)
{
	const char *name =
	    json_str(json_path(object, "metadata", "name", NULL));

	if (!json_get_str(object, "apiVersion") ||
	    !json_get_str(object, "kind") || !name || !*name)
		return err_set(err, ERR_FORMAT,
		    "%s: no Kubernetes object: apiVersion, kind or "
		    "metadata.name is missing",
		    path);
	return 0;
}

static struct json_object *read_object(
    const struct plan *p, const char *path, struct err *err)
{
	cleanup(buf_wipe) struct buf text = BUF_INIT;

	if (tree_read(p->options->tree, path, LIMITS_OBJECT_BYTES, &text, err))
		return NULL;
	cleanup(json_freep) struct json_object *object =
	    json_parse(text.data, text.len, err);
	if (!object) {
		err_wrap(err, "%s", path);
		return NULL;
	}
	return load_check(object, path, err) ? NULL : steal(object);
}

struct json_object *load_object(
    const struct plan *p, const char *path, struct err *err)
{
	cleanup(json_freep) struct json_object *object =
	    read_object(p, path, err);

	if (!object || transform_apply(p->transform, object, err))
		return NULL;
	return steal(object);
}

/* "v1.36.2" -> 36; 0 where it is not known. */
static int minor_of(const char *version)
{
	long minor = 0;

	if (version && str_starts(version, "v1."))
		minor = strtol(version + strlen("v1."), NULL, 10);
	return minor > 0 && minor < INT_MAX ? (int)minor : 0;
}

/* In the version of the target, with the values that it takes. */
static void fit(const struct plan *p, const struct plan_node *n,
    struct json_object *object, struct strvec *notes)
{
	convert_object(object, n->k->api_version);
	ratchet_object(object,
	    p->apis ? minor_of(p->apis[n->cluster].server_version) : 0, notes);
}

struct json_object *load_node(const struct plan *p, const struct plan_node *n,
    struct strvec *notes, struct err *err)
{
	struct json_object *object = load_object(p, n->path, err);

	if (object)
		fit(p, n, object, notes);
	return object;
}

struct json_object *load_as_captured(
    const struct plan *p, const struct plan_node *n, struct err *err)
{
	struct json_object *object = read_object(p, n->path, err);

	if (object)
		fit(p, n, object, NULL);
	return object;
}
