/*
 * Sends a request before its answer can be used: a thread sends it and leaves
 * the data in the connection until the caller wants it. So the server works on
 * the next page of a list while the page before is read.
 */
#ifndef STORAGE_KUBE_PREFETCH_H
#define STORAGE_KUBE_PREFETCH_H

#include "storage/kube/client.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Counts the requests under way of all who share it: a request is sent ahead
 * only while there are fewer than `most`. All of these accept NULL. */
struct kube_in_flight {
	size_t most;
	atomic_size_t requests;
	atomic_size_t kept; /* places reserved for requests that cannot wait */
};
/* A request that cannot wait begins; it gets a reserved place if there is one.
 */
void kube_in_flight_enter(struct kube_in_flight *f);
/* A request is to be sent ahead: false if there are enough, or if f is NULL. */
bool kube_in_flight_try(struct kube_in_flight *f);
void kube_in_flight_leave(struct kube_in_flight *f);

struct kube_prefetch;

/* Borrows the client, and what r points to except its query. NULL if no thread
 * can be started. */
struct kube_prefetch *kube_prefetch_send(
    struct kube_client *c, const struct kube_request *r);
/* As kube_client_send, which it completes. Call once. on_data and on_attempt
 * are called by the thread that sent the request, while the caller waits here.
 */
int kube_prefetch_receive(
    struct kube_prefetch *a, struct kube_answer *answer, struct err *err);
/* Accepts NULL. A request whose answer was not received is ended. */
void kube_prefetch_free(struct kube_prefetch *a);
void kube_prefetch_freep(struct kube_prefetch **a);

#endif
