#include "storage/kube/token.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

static bool is_controller(const struct json_object *entry)
{
	return str_eq(
	    json_get_str(entry, "manager"), "kube-controller-manager");
}

enum kube_token_maker kube_token_made_by(const struct json_object *secret)
{
	const struct json_object *managed =
	    json_path(secret, "metadata", "managedFields", NULL);

	if (!str_eq(json_get_str(secret, "type"),
		"kubernetes.io/service-account-token"))
		return KUBE_TOKEN_UNKNOWN;
	for (size_t i = 0; i < json_len(managed); i++) {
		const struct json_object *entry = json_at(managed, i);

		if (json_path(entry, "fieldsV1", "f:type", NULL))
			return is_controller(entry) ? KUBE_TOKEN_CONTROLLER
						    : KUBE_TOKEN_HAND;
	}
	return KUBE_TOKEN_UNKNOWN;
}

bool kube_token_is_listed_by_hand(
    const struct json_object *account, const char *secret)
{
	const struct json_object *managed =
	    json_path(account, "metadata", "managedFields", NULL);
	autofree char *key = str_printf("k:{\"name\":\"%s\"}", secret);

	for (size_t i = 0; i < json_len(managed); i++) {
		const struct json_object *entry = json_at(managed, i);

		if (json_path(entry, "fieldsV1", "f:secrets", key, NULL) &&
		    !is_controller(entry))
			return true;
	}
	return false;
}
