/*
 * A created object starts at generation 1, whatever it had come to before. Its
 * status tells which generation it speaks of: taken as it is, a controller
 * would think that it has not looked yet, and act, or that it has looked at
 * what it has never seen. Pure.
 *
 * metadata.generation, status.observedGeneration:
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
 * status.syncedResourceVersion of External Secrets, "<generation>-<hash>":
 * https://github.com/external-secrets/external-secrets, pkg/controllers/util
 */
#ifndef RESTORE_OBJECTS_GENERATION_H
#define RESTORE_OBJECTS_GENERATION_H

struct json_object;

/* Says 1 wherever the status speaks of the object's own generation, and nothing
 * where it speaks of an earlier one. The object still has its
 * metadata.generation, or nothing is done. */
void generation_restart(struct json_object *object);

#endif
