/*
 * An object of the snapshot as it will be sent.
 */
#ifndef RESTORE_KUBE_PREPARE_H
#define RESTORE_KUBE_PREPARE_H

#include "restore/kube/target.h"

struct json_object;
struct rule_pause;

struct prepared {
	struct json_object *object;
	struct json_object *status;	/* to be restored, or NULL */
	const struct rule_pause *pause; /* to be restored paused, or NULL */
	char *collection;		/* of the API */
	char *path;
};
void prepared_done(struct prepared *o);
/* What has to be left out of it is noted in the outcome. */
int prepare_object(struct applier *a, uint32_t node, struct prepared *out,
    struct outcome *outcome, struct err *err);

#endif
