/*
 * One resource of one cluster on its way into the archive. Its lists are read,
 * and its objects are checked, selected and put into its lane, or held back
 * until it is known whether something refers to them.
 */
#ifndef AGENT_KUBE_JOB_H
#define AGENT_KUBE_JOB_H

#include "agent/capture/capture.h"
#include "agent/kube/capture.h"
#include "agent/kube/refs.h"
#include "storage/archive/pathset.h"
#include "storage/base/buf.h"
#include "storage/base/spool.h"
#include "storage/kube/discovery.h"
#include "storage/kube/item.h"
#include "storage/kube/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

struct left_out {
	const char *reason; /* a constant text */
	uint64_t objects;
};
VEC_DEFINE(left_out_vec, struct left_out);
void kube_job_count_left_out(struct left_out_vec *v, const char *reason);

/* The same for all jobs of a cluster; borrowed and not changed by them. */
struct kube_run {
	const struct capture_kube_cluster *cluster;
	const struct capture_env *env;
	struct kube_selection selection;
	struct strvec namespaces; /* captured; sorted */
	bool wide; /* read one list over all namespaces, if that is allowed */
	struct kube_in_flight *in_flight;
	struct kube_revision *
	    revision; /* the revision at which all lists are read that can be */
	struct strvec elsewhere; /* groups and versions of other servers */
	bool servers_known;	 /* whether these are known to be all */
};

/* A list that was read, and the revision that it shows. */
struct kube_job_list {
	char *ns;		/* NULL: all namespaces, or none */
	char *resource_version; /* NULL if it failed before the server named one
				 */
	enum kube_list_pin pin; /* whether that is the revision of all lists */
	int64_t listed_ms;	/* its first page was asked for */
	uint64_t restarts;	/* it expired or changed, and was read again */
};
VEC_DEFINE(kube_job_list_vec, struct kube_job_list);

/* A text that waits in the job's spool. */
struct held_item {
	uint64_t offset;
	size_t len;
	bool wanted;
};
VEC_DEFINE(held_vec, struct held_item);

struct forbidden {
	char *ns; /* NULL: everywhere */
	bool tolerated;
};
VEC_DEFINE(forbidden_vec, struct forbidden);

/* Objects of one namespace that came one after another. */
struct kube_job_share {
	char *ns;
	uint64_t objects;
};
VEC_DEFINE(kube_job_share_vec, struct kube_job_share);

struct kube_job {
	const struct kube_run *run;
	const struct kube_resource *resource; /* borrowed */
	struct archive_lane *lane;
	bool hold; /* into the spool, not into the lane */
	struct spool spool;
	struct held_vec held;

	/* The outcome. */
	struct capture_report report;	 /* missing and warnings of its own */
	struct capture_report tolerated; /* what would be missing */
	struct kube_refs refs;
	struct left_out_vec left_out;
	struct forbidden_vec forbidden;
	uint64_t objects;
	uint64_t bytes;
	struct kube_job_share_vec shares; /* a namespace may have several */
	struct kube_job_list_vec lists;
	struct json_object *states; /* of Terraform state in Secrets; or NULL */
	int64_t last_ms;	    /* its last list ended */
	/* Storage versions, of CustomResourceDefinitions: "name=version". */
	struct strvec storage_versions;
	/* Since when each of them is served: "name=2026-01-02T03:04:05Z". */
	struct strvec established;
	/* Nothing of it is in the archive: because of its own failure, a
	 * failure of the archive, or a cancellation. */
	struct err fatal;

	/* While it runs. */
	const char *list_ns; /* of the list that is being read; NULL: all */
	size_t list_index;
	/* In which its lists are read, where that is not the preferred one;
	 * borrowed from the resource. */
	const char *version;
	/* Why the server could not convert what it keeps to that; "" where it
	 * could. */
	struct err unconverted;
	bool pass_unconverted; /* passes over what cannot be converted */
	bool anew;	       /* all of its lists have to be read again */
	uint64_t times;	       /* that they were */
	size_t max_item_bytes; /* of these lists */
	size_t page_size; /* the consistency that its lists fell back to; 0: as
			     configured */
	uint64_t bad_items;
	struct kube_item item;
	struct strvec mentioned[KUBE_MENTION_COUNT];
	struct buf text;
	struct buf path;
	struct buf facts;
	struct pathset seen; /* paths of the held items */
};

void kube_job_init(struct kube_job *j, const struct kube_run *run,
    const struct kube_resource *r, bool hold);
void kube_job_done(struct kube_job *j);

/* Reads its lists. Failures are recorded in the job. */
void kube_job_run(struct kube_job *j);

/* A fatal failure of the job is recorded as missing, and nothing of the job
 * counts. */
void kube_job_lose(struct kube_job *j);

/* Records that its list of that namespace, or of all (NULL), cannot be read. */
void kube_job_note_failure(
    struct kube_job *j, const char *ns, const struct err *err);

/* For a job that holds items back: decides for each whether it is wanted by
 * now, and then puts the wanted ones into the lane. Both return -1 if the spool
 * or the archive fails. `*changed` is set if an item became wanted. */
int kube_job_choose(struct kube_job *j, struct kube_refs *refs,
    const struct kube_refs_question *q, bool *changed, struct err *err);
int kube_job_release(struct kube_job *j, struct err *err);

#endif
