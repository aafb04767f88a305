/*
 * A request that is sent before its answer can be used: a thread of its own
 * sends it and holds its data back, in the connection, until it is taken. So
 * the server works on the next page of a list while the one before is read.
 */
#ifndef STORAGE_KUBE_AHEAD_H
#define STORAGE_KUBE_AHEAD_H

#include "storage/kube/client.h"

struct kube_ahead;

/* Borrows the client, and what r points to, but for its query. */
struct kube_ahead *kube_ahead_send(
    struct kube_client *c, const struct kube_request *r);
/* As kube_send, which it ends: on_data and on_attempt are called by the thread
 * that sent it, while the caller waits here. Once. */
int kube_ahead_take(
    struct kube_ahead *a, struct kube_answer *answer, struct err *err);
/* Takes NULL. One that was not taken is broken off. */
void kube_ahead_free(struct kube_ahead *a);
void kube_ahead_freep(struct kube_ahead **a);

#endif
