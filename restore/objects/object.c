#include "restore/objects/object.h"

#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdlib.h>
#include <string.h>

char *object_group(const char *api_version)
{
	const char *slash = api_version ? strchr(api_version, '/') : NULL;

	return slash ? str_ndup(api_version, (size_t)(slash - api_version))
		     : str_dup("");
}

void object_identity_done(struct object_identity *id)
{
	free(id->group);
}

struct object_identity object_identity(const struct json_object *object)
{
	const char *kind = json_get_str(object, "kind");

	return (struct object_identity){
	    .group = object_group(json_get_str(object, "apiVersion")),
	    .kind = kind ? kind : "",
	};
}

static const char *in_metadata(
    const struct json_object *object, const char *key)
{
	return json_get_str(json_get(object, "metadata"), key);
}

const char *object_name(const struct json_object *object)
{
	return in_metadata(object, "name");
}

const char *object_namespace(const struct json_object *object)
{
	return in_metadata(object, "namespace");
}

const char *object_uid(const struct json_object *object)
{
	return in_metadata(object, "uid");
}

const char *object_annotation(const struct json_object *object, const char *key)
{
	return json_get_str(
	    json_path(object, "metadata", "annotations", NULL), key);
}

const char *object_label(const struct json_object *object, const char *key)
{
	return json_get_str(json_path(object, "metadata", "labels", NULL), key);
}

bool object_is_terminating(const struct json_object *object)
{
	return json_path(object, "metadata", "deletionTimestamp", NULL) != NULL;
}

static const struct json_object *controller(
    const struct json_object *object, const char *kind)
{
	const struct json_object *owners =
	    json_path(object, "metadata", "ownerReferences", NULL);

	for (size_t i = 0; i < json_len(owners); i++) {
		const struct json_object *owner = json_at(owners, i);
		cleanup(object_identity_done) struct object_identity id =
		    object_identity(owner);

		if (json_truth(json_get(owner, "controller"), false) &&
		    (!kind || rules_kind_fits(kind, id.group, id.kind)))
			return owner;
	}
	return NULL;
}

bool object_is_owned(const struct json_object *object, const char *kind)
{
	return controller(object, kind) != NULL;
}

const char *object_controller_uid(
    const struct json_object *object, const char *kind)
{
	return json_get_str(controller(object, kind), "uid");
}
