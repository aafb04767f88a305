/*
 * Which requests a client may send that is to write into some namespaces alone.
 * Pure.
 */
#ifndef STORAGE_KUBE_CONFINE_H
#define STORAGE_KUBE_CONFINE_H

#include "storage/base/err.h"
#include "storage/base/str.h"

struct kube_request;

/* 0 for what reads; for a dry run of the server (dryRun=All); and for a write
 * of one of these namespaces or of what is in it, by the path, or by the name
 * in the body where a Namespace is made. ERR_DENIED for every other. */
int kube_confine_check(const struct strvec *namespaces,
    const struct kube_request *r, struct err *err);

#endif
