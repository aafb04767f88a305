/*
 * Finds patterns of the configuration that match no resource of the cluster, or
 * none that is captured. That is usually a mistake, which nobody would notice
 * otherwise.
 */
#ifndef AGENT_KUBE_PATTERNS_H
#define AGENT_KUBE_PATTERNS_H

#include "agent/kube/run.h"

/* For a run whose jobs are planned, into its report: a resource that is named
 * without a pattern and does not exist is missing, and so is everything if
 * nothing is left; the rest are warnings. */
void kube_patterns_report(struct capture_kube_run *r);
/* ERR_FORMAT if the server does not accept the labels as a selector. Other
 * failures are found when the lists are read. */
int kube_patterns_check_labels(
    const struct capture_kube_run *r, struct err *err);
/* For jobs that have run and still have their report: a warning if all of their
 * lists were read and no object matches the labels. */
void kube_patterns_report_labels(struct capture_kube_run *r);

#endif
