/*
 * An object that the API server keeps and cannot read, since it was encrypted
 * with a key that the server no longer has, or since the conversion webhook of
 * its kind refuses it. It fails each page of a list that would contain it, and
 * no page tells what follows it. Pure.
 *
 * Sources: staging/src/k8s.io/apiserver/pkg/storage/etcd3/store.go and
 * staging/src/k8s.io/apiextensions-apiserver/pkg/apiserver/conversion/
 * webhook_converter.go for the messages, and pkg/storage/continue.go for the
 * token; all were tried on 1.20 and 1.36.
 */
#ifndef STORAGE_KUBE_UNREADABLE_H
#define STORAGE_KUBE_UNREADABLE_H

#include "storage/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kube_unreadable {
	struct buf ns;	  /* "" for objects without namespace */
	struct buf name;  /* "" if there is no such object */
	bool unconverted; /* its conversion fails, not its decryption */
	/* Objects directly before it that cannot be converted either, and that
	 * nothing names; -1: how many is not known. */
	int64_t others;
};
void kube_unreadable_done(struct kube_unreadable *u);

/* Whether an answer, or the message in it, says that an object cannot be read.
 */
bool kube_unreadable_in(const char *text, size_t len);

/* Whether an answer, or the message in it, says that a conversion webhook was
 * reached and refused an object. The message names no object. False if the
 * webhook was not reached: then nothing of the kind can be converted. */
bool kube_unreadable_unconverted(const char *text, size_t len);

/* The object that a message names by its key in etcd; `namespaced` says whether
 * its kind has namespaces. Returns false, and leaves *to empty, if it names
 * none. */
bool kube_unreadable_read(
    const char *message, bool namespaced, struct kube_unreadable *to);

/* The `continue` token of the page that follows the object, in a list at that
 * revision (NULL: at the newest), of one namespace or of all. */
void kube_unreadable_continue(const struct kube_unreadable *u,
    const char *revision, bool all_namespaces, struct buf *token);

/* The `continue` token of the page that begins at a key, "<namespace>/<name>"
 * or "<name>" without the zero byte at its end, at that revision. */
void kube_unreadable_token(
    const char *key, const char *revision, struct buf *token);

/* The key at which the page of a token begins, without the zero byte at its
 * end. Returns false, and leaves *key empty, if it is no token of this form. */
bool kube_unreadable_begin(const char *token, struct buf *key);

#endif
