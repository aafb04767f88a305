#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "storage/json/range.h"
#include "storage/kube/item.h"

#include <string.h>

/* The key of an item of spec.ports in fieldsV1 is
 * k:{"port":80,"protocol":"TCP"} (structured-merge-diff, by the list's map
 * keys). */
static bool key_fits(const char *key, const struct json_object *port)
{
	const char *protocol = json_get_str(port, "protocol");
	struct err ignored = ERR_INIT;

	if (!str_starts(key, "k:"))
		return false;
	cleanup(json_freep) struct json_object *keys =
	    json_parse(key + 2, strlen(key + 2), &ignored);
	const char *of_key = json_get_str(keys, "protocol");
	return json_get_int(keys, "port", 0) ==
		   json_get_int(port, "port", -1) &&
	       (!of_key || str_eq(of_key, protocol ? protocol : "TCP"));
}

static bool was_sent(
    const struct json_object *managed, const struct json_object *port)
{
	for (size_t i = 0; i < json_len(managed); i++) {
		struct json_object *fields = json_path(
		    json_at(managed, i), "fieldsV1", "f:spec", "f:ports", NULL);

		for (struct json_iter it = json_iter(fields); json_next(&it);)
			if (json_get(it.value, "f:nodePort") &&
			    key_fits(it.key, port))
				return true;
	}
	return false;
}

static bool health_was_sent(const struct json_object *managed)
{
	for (size_t i = 0; i < json_len(managed); i++)
		if (json_path(json_at(managed, i), "fieldsV1", "f:spec",
			"f:healthCheckNodePort", NULL))
			return true;
	return false;
}

static bool address_was_sent(struct json_range managed)
{
	struct json_range entry, at;

	for (size_t i = 0; json_range_next(managed, &i, &entry);)
		if (json_range_get(entry, "fieldsV1", &at) &&
		    json_range_get(at, "f:spec", &at) &&
		    json_range_get(at, "f:clusterIP", &at))
			return true;
	return false;
}

/* In place: every Service is asked, and trees of it would cost more than all
 * else that is done with one. */
struct json_object *kube_item_chosen_address(const struct kube_item *item)
{
	static const char mark[] = "\"f:clusterIP\"";
	const struct json_range service = {item->text, item->len};
	cleanup(buf_done) struct buf address = BUF_INIT;
	struct json_range spec;

	if (!item->managed.at ||
	    !memmem(
		item->managed.at, item->managed.len, mark, sizeof(mark) - 1) ||
	    !json_range_get(service, "spec", &spec) ||
	    !json_range_get_text(spec, "clusterIP", &address) || !address.len ||
	    str_eq(buf_str(&address), "None") ||
	    !address_was_sent(item->managed))
		return NULL;
	return json_new_str(buf_str(&address));
}

struct json_object *kube_item_chosen_ports(const struct kube_item *item)
{
	struct err ignored = ERR_INIT; /* it was read already */

	if (!item->managed.at)
		return NULL;
	/* Most Services are of type ClusterIP and have no node ports. */
	if (!memmem(item->text, item->len, "odePort\"", strlen("odePort\"")))
		return json_new_array();
	cleanup(json_freep) struct json_object *managed =
	    json_parse(item->managed.at, item->managed.len, &ignored);
	cleanup(json_freep) struct json_object *service =
	    json_parse(item->text, item->len, &ignored);
	const struct json_object *spec = json_get(service, "spec");
	const struct json_object *ports = json_get(spec, "ports");
	struct json_object *health = json_get(spec, "healthCheckNodePort");
	struct json_object *chosen = json_new_array();

	for (size_t i = 0; i < json_len(ports); i++) {
		struct json_object *number =
		    json_get(json_at(ports, i), "nodePort");

		if (number && was_sent(managed, json_at(ports, i)))
			json_append(chosen, json_share(number));
	}
	if (health && health_was_sent(managed))
		json_append(chosen, json_share(health));
	return chosen;
}
