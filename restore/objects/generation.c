#include "restore/objects/generation.h"

#include "restore/objects/object.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"

#include <stdint.h>
#include <string.h>

/* What the status was computed from, as it is written in it; Argo Rollouts
 * writes it as a text. */
static void restart_number(
    struct json_object *holder, const char *member, int64_t generation)
{
	struct json_object *at = json_get(holder, member);
	uint64_t number = 0;

	if (json_kind(at) == JSON_INT) {
		if (json_int(at, -1) == generation)
			json_set(holder, member, json_new_int(1));
		else
			json_remove(holder, member);
	} else if (json_str(at) &&
		   str_parse_u64(json_str(at), INT64_MAX, &number) == 0) {
		if ((int64_t)number == generation)
			json_set_str(holder, member, "1");
		else
			json_remove(holder, member);
	}
}

static void restart_conditions(struct json_object *value, int64_t generation)
{
	if (json_kind(value) == JSON_ARRAY) {
		for (size_t i = 0; i < json_len(value); i++)
			restart_conditions(json_at(value, i), generation);
	} else if (json_kind(value) == JSON_OBJECT) {
		struct json_object *all = json_get(value, "conditions");

		for (size_t i = 0;
		     json_kind(all) == JSON_ARRAY && i < json_len(all); i++)
			restart_number(
			    json_at(all, i), "observedGeneration", generation);
		for (struct json_iter it = json_iter(value); json_next(&it);)
			restart_conditions(it.value, generation);
	}
}

/* "<generation>-<hash of labels and annotations>" */
static void restart_synced(struct json_object *status, int64_t generation)
{
	const char *synced = json_get_str(status, "syncedResourceVersion");
	const char *dash = synced ? strchr(synced, '-') : NULL;
	uint64_t number = 0;

	if (!dash)
		return;
	autofree char *before = str_ndup(synced, (size_t)(dash - synced));
	if (str_parse_u64(before, INT64_MAX, &number) == 0 &&
	    (int64_t)number == generation) {
		autofree char *now = str_printf("1%s", dash);
		json_set_str(status, "syncedResourceVersion", now);
	}
}

void generation_restart(struct json_object *object)
{
	struct json_object *status = json_get(object, "status");
	int64_t generation =
	    json_get_int(json_get(object, "metadata"), "generation", 0);

	if (generation <= 0 || json_kind(status) != JSON_OBJECT)
		return;
	restart_number(status, "observedGeneration", generation);
	restart_number(status, "lastAttemptedGeneration", generation);
	restart_conditions(status, generation);
	restart_synced(status, generation);
}

static const char label[] = "serving.knative.dev/configurationGeneration";

bool generation_restart_revision(
    struct json_object *revision, const struct json_object *configuration)
{
	const struct json_object *status = json_get(configuration, "status");
	struct json_object *labels =
	    json_path(revision, "metadata", "labels", NULL);
	/* A change that has no revision yet gets one of its own. */
	bool seen =
	    json_get_int(status, "observedGeneration", 0) >=
	    json_get_int(json_get(configuration, "metadata"), "generation", 0);

	if (!json_get(labels, label) || !json_get(configuration, "metadata"))
		return false;
	if (seen &&
	    str_eq(json_get_str(status, "latestCreatedRevisionName"),
		json_str(json_path(revision, "metadata", "name", NULL)))) {
		json_set_str(labels, label, "1");
		return false;
	}
	json_remove(labels, label);
	return true;
}

void generation_keep(struct json_object *wanted, const struct json_object *live)
{
	struct json_object *labels =
	    json_path(wanted, "metadata", "labels", NULL);
	const char *now = object_label(live, label);

	if (now && labels)
		json_set_str(labels, label, now);
	else
		json_remove(labels, label);
}
