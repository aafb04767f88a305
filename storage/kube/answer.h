/*
 * What an API server answered, understood: its warnings, and a Status body as
 * an error that reads as the server meant it. Within client.c alone. Pure.
 */
#ifndef STORAGE_KUBE_ANSWER_H
#define STORAGE_KUBE_ANSWER_H

#include "storage/http/http.h"
#include "storage/kube/client.h"

/* Fills an answer that was reset; takes the body over. */
void kube_answer_read(struct kube_answer *to, struct http_response *from);
/* -1, with the error of an answer that is no 2xx (see kube_client_send). */
int kube_answer_fail(struct kube_answer *answer, const struct kube_request *r,
    struct http_response *response, struct err *err);

/* After an exchange without an answer: where the server's certificate does not
 * hold, the error says what of the kubeconfig counted. Returns -1. */
int kube_answer_unverified(const struct kube_access *a, struct err *err);

#endif
