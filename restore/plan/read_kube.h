/*
 * Kubernetes objects of the tree into nodes of a plan.
 */
#ifndef RESTORE_PLAN_READ_KUBE_H
#define RESTORE_PLAN_READ_KUBE_H

#include "restore/plan/maker.h"
#include "storage/archive/contents.h"

/* An object of the tree, where it was chosen. */
int read_kube_entry(
    struct plan_maker *m, const struct contents_entry *e, struct err *err);
/* Once those are known: the definitions of their kinds, as companions. Objects
 * of chosen namespaces could not be made where those are gone. `maker` is a
 * struct plan_maker. */
int read_kube_definition(
    void *maker, const struct contents_entry *e, struct err *err);

#endif
