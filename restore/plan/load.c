#include "restore/plan/load.h"

#include "restore/objects/convert.h"
#include "storage/archive/limits.h"
#include "storage/archive/tree.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

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

struct json_object *load_object(
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
	if (load_check(object, path, err) ||
	    transform_apply(p->transform, object, err))
		return NULL;
	return steal(object);
}

struct json_object *load_node(
    const struct plan *p, const struct plan_node *n, struct err *err)
{
	struct json_object *object = load_object(p, n->path, err);

	if (object)
		convert_object(object, n->k->api_version);
	return object;
}
