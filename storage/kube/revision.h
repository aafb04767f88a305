/*
 * The one revision of etcd at which the lists of a cluster are read. The first
 * list that is read finds it; all others ask for it, with
 * resourceVersion=R&resourceVersionMatch=Exact
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/, "Semantics for
 * get and list"). etcd forgets old revisions, after five minutes by default;
 * then the next list finds a new one. Safe from many threads.
 */
#ifndef STORAGE_KUBE_REVISION_H
#define STORAGE_KUBE_REVISION_H

#include "storage/base/str.h"

#include <pthread.h>
#include <stdbool.h>

struct kube_revision {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *now;	   /* NULL: not known */
	bool searched;	   /* a list is finding it out */
	struct strvec all; /* each that was found, in that order */
};

void kube_revision_init(struct kube_revision *r);
void kube_revision_done(struct kube_revision *r);

/* The revision to ask for; the caller frees. NULL: this caller's list has to
 * find it, and the others wait until it calls kube_revision_found. */
char *kube_revision_ask(struct kube_revision *r);
/* The revision that the list was read at; NULL if it failed or has none. */
void kube_revision_found(struct kube_revision *r, const char *revision);
/* The server has forgotten the revision. */
void kube_revision_gone(struct kube_revision *r, const char *revision);

#endif
