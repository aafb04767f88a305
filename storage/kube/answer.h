/*
 * The answer of an API server: its warnings, and a Status body as an error that
 * reads as the server meant it. Within client.c alone. Pure.
 */
#ifndef STORAGE_KUBE_ANSWER_H
#define STORAGE_KUBE_ANSWER_H

#include "storage/http/http.h"
#include "storage/kube/client.h"

/* Fills an answer that was reset; takes over the body. */
void kube_answer_read(struct kube_answer *to, struct http_response *from);
/* -1, with the error of an answer that is not a 2xx (see kube_client_send). */
int kube_answer_fail(struct kube_answer *answer, const struct kube_request *r,
    struct http_response *response, struct err *err);

/* After an exchange without an answer: if the server's certificate is not
 * trusted, the error says which setting of the kubeconfig was used. Returns -1.
 */
int kube_answer_unverified(const struct kube_access *a, struct err *err);

#endif
