/*
 * The capture of one cluster: its jobs run side by side, and their lanes go
 * into the archive in one order, whatever finishes first.
 */
#ifndef AGENT_KUBE_RUN_H
#define AGENT_KUBE_RUN_H

#include "agent/kube/job.h"

#include <stdatomic.h>
#include <stdint.h>

/* A resource of which no object is in. */
struct left_out_resource {
	const struct kube_resource *resource;
	const char *reason;
	int64_t objects; /* in the cluster; -1: not known */
};
VEC_DEFINE(left_out_resource_vec, struct left_out_resource);
VEC_DEFINE(kube_job_vec, struct kube_job);

struct capture_kube_run {
	struct kube_run run;
	struct capture_report
	    *report; /* borrowed: the report of the whole capture */
	struct kube_api api;
	char *uid;		  /* of the cluster, or NULL */
	struct kube_job_vec jobs; /* by the keys of their resources */
	struct left_out_resource_vec left_out;
	struct strvec marked; /* namespaces that their owners excluded */
	int64_t started_ms;
	struct kube_in_flight in_flight;
	struct kube_revision revision;
	atomic_bool stop; /* nothing more can be written */
	atomic_uint_fast64_t done;
};

/* As configured, or the default. */
size_t kube_run_lists_at_once(const struct capture_kube_run *r);
/* Runs all jobs and counts what was excluded. `*lane` is the index of the next
 * lane, before and after. -1 if the archive cannot be written, or after a
 * cancellation; other failures are recorded in the jobs. */
int kube_run_jobs(struct capture_kube_run *r, size_t *lane, struct err *err);
/* Does not touch r itself. */
void kube_run_done(struct capture_kube_run *r);

#endif
