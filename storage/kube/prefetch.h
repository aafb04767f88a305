/*
 * A request that is sent before its answer can be used: a thread of its own
 * sends it and holds its data back, in the connection, until it is taken. So
 * the server works on the next page of a list while the one before is read.
 */
#ifndef STORAGE_KUBE_PREFETCH_H
#define STORAGE_KUBE_PREFETCH_H

#include "storage/kube/client.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Requests that are under way, by all who share it: one is sent ahead only
 * while they are fewer than `most`. All of these take NULL. */
struct kube_in_flight {
	size_t most;
	atomic_size_t requests;
	atomic_size_t kept; /* places for those to come that cannot wait */
};
/* One that cannot wait; it has the place that was kept for it, if any. */
void kube_in_flight_enter(struct kube_in_flight *f);
/* One that is ahead: false where there are enough, or f is NULL. */
bool kube_in_flight_try(struct kube_in_flight *f);
void kube_in_flight_leave(struct kube_in_flight *f);

struct kube_prefetch;

/* Borrows the client, and what r points to, but for its query. NULL where no
 * thread can be had. */
struct kube_prefetch *kube_prefetch_send(
    struct kube_client *c, const struct kube_request *r);
/* As kube_client_send, which it ends: on_data and on_attempt are called by the
 * thread that sent it, while the caller waits here. Once. */
int kube_prefetch_receive(
    struct kube_prefetch *a, struct kube_answer *answer, struct err *err);
/* Takes NULL. One that was not taken is broken off. */
void kube_prefetch_free(struct kube_prefetch *a);
void kube_prefetch_freep(struct kube_prefetch **a);

#endif
