#include "restore/objects/give_way.h"

#include "restore/objects/object.h"
#include "restore/objects/rules.h"
#include "restore/objects/sanitize.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <string.h>

static bool remove_if(struct json_object *object, const char *key)
{
	bool there = json_get(object, key) != NULL;

	json_remove(object, key);
	return there;
}

/* If a port is taken, the API server answers 422; for the port of health
 * checks, 500 (kubernetes pkg/registry/core/service/storage). */
static const char *give_up_port(
    struct json_object *service, const char *message)
{
	struct json_object *spec = json_get(service, "spec");

	if (!strstr(message, "port is already allocated") &&
	    !strstr(message, "port is not in the valid range"))
		return NULL;
	if (strstr(message, "ealth") && remove_if(spec, "healthCheckNodePort"))
		return "the port of its health checks is in use here: it got "
		       "another";
	return sanitize_drop_node_ports(service)
		   ? "a node port of it is in use here: it got others"
		   : NULL;
}

static const char *give_up_address(
    struct json_object *service, const char *message)
{
	struct json_object *spec = json_get(service, "spec");

	if (!strstr(message, "clusterIP"))
		return NULL;
	bool any = remove_if(spec, "clusterIPs");
	any |= remove_if(spec, "clusterIP");
	return any ? "the cluster IP that was chosen for it is in use here, or "
		     "none of this cluster's: it got another, and a manifest "
		     "that names it cannot be applied"
		   : NULL;
}

static const char *give_up_families(
    struct json_object *service, const char *message)
{
	struct json_object *spec = json_get(service, "spec");

	if (!strstr(message, "ipFamil"))
		return NULL;
	bool both =
	    str_eq(json_get_str(spec, "ipFamilyPolicy"), "RequireDualStack");
	bool any = remove_if(spec, "ipFamilies");
	if (both)
		json_set_str(spec, "ipFamilyPolicy", "PreferDualStack");
	return any || both ? "this cluster does not have its IP families: it "
			     "got those of the cluster"
			   : NULL;
}

const char *give_way(
    struct json_object *object, int status, const char *message)
{
	enum { INVALID = 422, INTERNAL = 500 };
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);
	const char *note;

	if (!message || (status != INVALID && status != INTERNAL) ||
	    !rules_kind_fits("Service.core", id.group, id.kind))
		return NULL;
	note = give_up_port(object, message);
	if (!note && status == INVALID)
		note = give_up_families(object, message);
	if (!note && status == INVALID)
		note = give_up_address(object, message);
	return note;
}
