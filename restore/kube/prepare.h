/*
 * An object of the snapshot as it will be sent.
 */
#ifndef RESTORE_KUBE_PREPARE_H
#define RESTORE_KUBE_PREPARE_H

#include "restore/kube/target.h"
#include "restore/objects/pause.h"

struct json_object;

struct prepared {
	struct json_object *object;
	struct json_object *status; /* to be restored, or NULL */
	/* Who managed its fields (restore/objects/field_owners.h), or NULL. */
	struct json_object *managers;
	char *uid; /* in the snapshot */
	/* The rules by which it is restored paused, and the value before the
	 * pause. */
	struct {
		const struct rule_pause *rule;
		char *before; /* JSON text, or NULL */
		char *map;    /* see pause_new_map */
	} pauses[PAUSE_MAX];
	size_t pause_count;
	char *collection; /* of the API */
	char *path;
};
void prepared_done(struct prepared *o);
/* Adds to the outcome's notes what had to be left out. */
int prepare_object(struct applier *a, uint32_t node, struct prepared *out,
    struct outcome *outcome, struct err *err);
/* Takes over what the object that is there has decided, and which the snapshot
 * does not change: how a volume snapshot came about, which generation a
 * Revision is of, and which tokens an account was given. */
void prepare_meet(struct prepared *o, const struct json_object *live);

#endif
