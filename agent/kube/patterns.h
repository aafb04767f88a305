/*
 * Finds patterns of the configuration that match no resource of the cluster, or
 * none that is captured: usually a mistake, which nobody would notice
 * otherwise.
 */
#ifndef AGENT_KUBE_PATTERNS_H
#define AGENT_KUBE_PATTERNS_H

#include "agent/kube/run.h"

/* Of a run whose jobs are planned, into its report: a resource that is named
 * plainly and not there is missing, as is all where nothing is left; the rest
 * are warnings. */
void kube_patterns_report(struct capture_kube_run *r);
/* ERR_FORMAT where the server does not take the labels for a selector. What
 * else goes wrong, the lists will tell. */
int kube_patterns_check_labels(
    const struct capture_kube_run *r, struct err *err);
/* Of jobs that have run, and still have what they miss: a warning where all of
 * their lists were read and no object fits the labels. */
void kube_patterns_report_labels(struct capture_kube_run *r);

#endif
