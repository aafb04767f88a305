/*
 * In which order the lists of a cluster are read, and lie in the archive: those
 * that are long in most clusters first. What comes last has little to seal when
 * the server is done, and the short lists keep the server at work while the
 * long ones are sealed.
 *
 * Pure: the same resources are always in the same order.
 */
#ifndef AGENT_KUBE_ORDER_H
#define AGENT_KUBE_ORDER_H

#include "agent/kube/run.h"

#include <stddef.h>

/* Fills `order` with the indices of all jobs. Those that hold their objects
 * back until all others are read come last: lanes behind theirs would wait. */
void kube_order(const struct kube_job_vec *jobs, size_t *order);

#endif
