/*
 * Decides which lists of a cluster are read at its one revision, and reports
 * the others.
 */
#ifndef AGENT_KUBE_PIN_H
#define AGENT_KUBE_PIN_H

#include "agent/kube/run.h"

struct json_object;

/* What other servers serve for this one, where it may be asked. */
void kube_pin_ask(struct capture_kube_run *r);

/* The revision at which the resource is to be listed; NULL if it is stored in
 * another etcd, where that number would mean another moment or none. */
struct kube_revision *kube_pin_of(
    const struct kube_run *run, const struct kube_resource *resource);

/* After everything was read: if the cluster was not read at one revision, that
 * is a warning or missing, depending on its consistency setting. */
void kube_pin_report(struct capture_kube_run *r);

/* For the summary: ["R"], or several if the server forgot one; and the lists
 * that were read at another revision, [{"resource", "namespace",
 * "resource_version", "reason"}]. */
struct json_object *kube_pin_revisions(const struct capture_kube_run *r);
struct json_object *kube_pin_others(const struct capture_kube_run *r);

#endif
