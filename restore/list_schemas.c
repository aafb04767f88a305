#include "restore/list_schemas.h"

#include "restore/diff/list_keys.h"
#include "storage/archive/layout.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>
#include <string.h>

void list_schemas_done(struct list_schemas *l)
{
	VEC_EACH (&l->schemas, s)
		json_free(s->tree);
	vec_done(&l->schemas);
	index_free(l->ids);
	*l = (struct list_schemas){.browse = NULL};
}

/* ---- one kind ---- */

static struct json_object *read_definition(struct list_schemas *l,
    const char *cluster, const char *resource, const char *version)
{
	cleanup(buf_done) struct buf path = BUF_INIT;
	cleanup(json_freep) struct json_object *definition = NULL;

	layout_object_path(cluster,
	    "customresourcedefinitions.apiextensions.k8s.io", NULL, resource,
	    &path);
	if (browse_read_object(
		l->browse, buf_str(&path), &definition, &l->failed))
		return NULL;
	return list_keys_of_definition(definition, version);
}

static struct json_object *read_tree(struct list_schemas *l,
    const char *cluster, const char *resource, const char *api_version,
    const char *kind)
{
	const char *slash = strchr(api_version, '/');
	const char *version = slash ? slash + 1 : api_version;
	autofree char *group =
	    slash ? str_ndup(api_version, (size_t)(slash - api_version))
		  : str_dup("");
	cleanup(json_freep) struct json_object *document =
	    l->ask ? l->ask(l->ask_ctx, api_version) : NULL;
	struct json_object *tree =
	    list_keys_of_openapi(document, group, version, kind);

	if (!tree)
		tree = list_keys_known(group, kind);
	/* The groups of Kubernetes itself have no dot, or end so, as some of
	 * others do. */
	if (!tree && l->browse && strchr(group, '.'))
		tree = read_definition(l, cluster, resource, version);
	return tree;
}

const struct json_object *list_schemas_of(struct list_schemas *l,
    const char *cluster, const char *resource, const struct json_object *object)
{
	const char *api_version = json_get_str(object, "apiVersion");
	const char *kind = json_get_str(object, "kind");

	if (!api_version || !kind || !cluster || !resource || l->failed.code)
		return NULL;
	autofree char *id = str_printf("%s %s/%s", cluster, api_version, kind);
	if (!l->ids)
		l->ids = index_new();
	uint32_t at = index_first(l->ids, id);
	if (at != INDEX_END)
		return l->schemas.items[index_value(l->ids, at)].tree;
	struct json_object *tree =
	    read_tree(l, cluster, resource, api_version, kind);
	/* Not kept: the caller may go on with a snapshot that can be read. */
	if (l->failed.code)
		return NULL;
	index_add(l->ids, id, (uint32_t)l->schemas.len);
	*vec_add(&l->schemas) = (struct list_schema){.tree = tree};
	return tree;
}
