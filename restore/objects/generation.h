/*
 * A created object starts at generation 1, whatever generation the captured one
 * had. Its status names the generation that it describes. If that stayed as it
 * was captured, a controller would conclude that it has not handled the object
 * yet, and act, or that it has handled a generation that it never saw. Pure.
 *
 * metadata.generation, status.observedGeneration:
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
 * The label serving.knative.dev/configurationGeneration of a Revision: to
 * Knative, the one with its Configuration's generation is the newest
 * (https://github.com/knative/serving, pkg/reconciler/configuration).
 * status.syncedResourceVersion of External Secrets, "<generation>-<hash>":
 * https://github.com/external-secrets/external-secrets, pkg/controllers/util
 */
#ifndef RESTORE_OBJECTS_GENERATION_H
#define RESTORE_OBJECTS_GENERATION_H

#include <stdbool.h>

struct json_object;

/* Says 1 wherever the status is about the object's own generation, and removes
 * it where it is about an earlier one. The object must still have its
 * metadata.generation; else nothing is done. */
void generation_restart(struct json_object *object);

/* Of a Revision of Knative: says 1 where its Configuration, as it was captured,
 * has it for the newest, and nothing where it is an older one: then true. */
bool generation_restart_revision(
    struct json_object *revision, const struct json_object *configuration);

/* An object that is there keeps the generation that it bears, or does not: its
 * Configuration counts on by that. */
void generation_keep(
    struct json_object *wanted, const struct json_object *live);

#endif
