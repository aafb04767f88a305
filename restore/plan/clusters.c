#include "restore/plan/clusters.h"

#include "storage/base/json.h"
#include "storage/base/str.h"

const struct json_object *clusters_at(const struct manifest *m, size_t i)
{
	for (size_t s = 0; s < json_len(m->sources); s++) {
		const struct json_object *list =
		    json_get(json_at(m->sources, s), "clusters");
		for (size_t c = 0; c < json_len(list); c++)
			if (json_get_str(json_at(list, c), "name") && i-- == 0)
				return json_at(list, c);
	}
	return NULL;
}

const struct json_object *clusters_named(
    const struct manifest *m, const char *name)
{
	const struct json_object *cluster;

	for (size_t i = 0; (cluster = clusters_at(m, i)); i++)
		if (str_eq(json_get_str(cluster, "name"), name))
			return cluster;
	return NULL;
}
