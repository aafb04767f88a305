#include "restore/kube/managers.h"

#include "restore/kube/send.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>

static const char *version_of(const struct json_object *object)
{
	return json_str(json_path(object, "metadata", "resourceVersion", NULL));
}

/* Takes managedFields. */
static int send_managed(struct applier *a, uint16_t cluster, const char *path,
    const char *version, struct json_object *managed,
    struct kube_answer *answer, struct err *err)
{
	cleanup(json_freep) struct json_object *patch = json_new_object();
	struct json_object *metadata = json_new_object();

	json_set(patch, "metadata", metadata);
	json_set_str(metadata, "resourceVersion", version);
	json_set(metadata, "managedFields", managed);
	return send_merge(a, cluster, path, patch, answer, err);
}

/* Both may be NULL; the version is borrowed. */
static void note_version(char **out, const char *version)
{
	if (out)
		*out = str_dup(version);
}

int managers_write(struct applier *a, uint16_t cluster, const char *path,
    const struct json_object *seen, managers_fn *make, void *ctx,
    char **version, struct err *err)
{
	enum { ATTEMPTS = 5 }; /* its controller may be changing it */
	cleanup(json_freep) struct json_object *live = json_copy(seen);

	for (int attempt = 1;; attempt++) {
		cleanup(kube_answer_done) struct kube_answer answer =
		    KUBE_ANSWER_INIT;
		struct json_object *managed = make(ctx, live);
		struct err failure = ERR_INIT;

		if (!managed) {
			note_version(version, version_of(live));
			return 0;
		}
		if (send_managed(a, cluster, path, version_of(live), managed,
			&answer, &failure) == 0) {
			struct err ignored = ERR_INIT;
			cleanup(json_freep) struct json_object *now =
			    json_parse(
				answer.body.data, answer.body.len, &ignored);
			note_version(version, version_of(now));
			return 0;
		}
		if (answer.status != 409 || attempt == ATTEMPTS) {
			*err = failure;
			return -1;
		}
		json_free(live);
		live = send_get(a, cluster, path, err);
		if (!live)
			return -1;
	}
}
