/*
 * Requests to a target, under its throttle.
 */
#ifndef RESTORE_KUBE_SEND_H
#define RESTORE_KUBE_SEND_H

#include "restore/kube/target.h"
#include "storage/kube/client.h"

struct json_object;
struct task;

/* As kube_client_send. */
int send_request(struct applier *a, uint16_t cluster, struct kube_request *r,
    struct kube_answer *answer, struct err *err);
/* One document; the caller frees. */
struct json_object *send_get(
    struct applier *a, uint16_t cluster, const char *path, struct err *err);
/* A merge patch in our name, whose outcome has to be known: a cancellation does
 * not end it. */
int send_merge(struct applier *a, uint16_t cluster, const char *path,
    const struct json_object *patch, struct kube_answer *answer,
    struct err *err);
/* A write of the task's object. */
struct send_write {
	const char *method;
	const char *path;
	const char *content_type; /* NULL: application/json */
	const char *manager; /* the manager of the fields; NULL: Backstay */
	bool force;	     /* of an apply: takes fields of other managers */
	const struct json_object *body;
};
/* Warnings of the server that matter become notes. 0, or -1 as
 * kube_client_send. In a dry run the server only checks it. */
int send_object(struct task *t, const struct send_write *w,
    struct kube_answer *answer, struct err *err);
/* Deletes the object with that UID, never another one with the same name. 0
 * also if it does not exist. The garbage collector deletes what it owns
 * later. */
int send_delete(struct applier *a, uint16_t cluster, const char *path,
    const char *uid, struct err *err);

#endif
