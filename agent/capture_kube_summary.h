/*
 * A cluster while it is captured, and what the manifest says of it.
 */
#ifndef AGENT_CAPTURE_KUBE_SUMMARY_H
#define AGENT_CAPTURE_KUBE_SUMMARY_H

#include "agent/capture_kube_job.h"

#include <stdatomic.h>
#include <stdint.h>

struct json_object;

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
	struct capture_report *report; /* borrowed: of the whole capture */
	struct kube_api api;
	struct kube_job_vec jobs; /* in the order of their lanes */
	struct left_out_resource_vec left_out;
	int64_t started_ms;
	atomic_bool stop; /* nothing more can be written */
	atomic_uint_fast64_t done;
};

/* One member of "clusters" (agent/capture_kube.h); the caller's. */
struct json_object *capture_kube_summary(const struct capture_kube_run *r);

#endif
