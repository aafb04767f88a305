/*
 * An object that the API server keeps and cannot read, since it was encrypted
 * with a key that the server no longer has. It fails each page of a list that
 * would contain it, and no page tells what follows it. Pure.
 *
 * Sources: staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go for the
 * message, and pkg/storage/continue.go for the token; both were tried on 1.20
 * and 1.36.
 */
#ifndef STORAGE_KUBE_UNREADABLE_H
#define STORAGE_KUBE_UNREADABLE_H

#include "storage/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct kube_unreadable {
	struct buf ns;	 /* "" for objects without namespace */
	struct buf name; /* "" if there is no such object */
};
void kube_unreadable_done(struct kube_unreadable *u);

/* Whether an answer, or the message in it, says that an object cannot be read.
 */
bool kube_unreadable_in(const char *text, size_t len);

/* The object that a message names by its key in etcd; `namespaced` says whether
 * its kind has namespaces. Returns false, and leaves *to empty, if it names
 * none. */
bool kube_unreadable_read(
    const char *message, bool namespaced, struct kube_unreadable *to);

/* The `continue` token of the page that follows the object, in a list at that
 * revision (NULL: at the newest), of one namespace or of all. */
void kube_unreadable_continue(const struct kube_unreadable *u,
    const char *revision, bool all_namespaces, struct buf *token);

#endif
