/*
 * A restore at work; only apply*.c, gate.c and quiesce.c include this.
 */
#ifndef RESTORE_APPLY_PARTS_H
#define RESTORE_APPLY_PARTS_H

#include "restore/apply.h"
#include "restore/journal.h"
#include "restore/throttle.h"
#include "storage/kube/client.h"

#include <pthread.h>
#include <stdatomic.h>

enum gate_state { GATE_UNKNOWN, GATE_PASSED, GATE_FAILED };

struct apply_cluster {
	struct kube_client *client;
	const char *name;
	struct throttle throttle;
	pthread_mutex_t lock;
	bool pods_known;
	bool runs_pods;
	/* Until when objects wait for a webhook that does not answer; 0: none
	 * was met. */
	atomic_llong webhook_until_ms;
};

struct apply {
	struct plan *p; /* NULL for a release */
	const struct apply_options *o;
	struct journal *journal; /* NULL for a dry run */
	struct report *report;
	struct apply_cluster *clusters;
	size_t cluster_count;
	struct outcome *outcomes; /* one a node */
	uint8_t *gates;		  /* enum gate_state, one a node */
	atomic_size_t done;
	size_t total;
	/* A driver said that going on with its kind is pointless. */
	atomic_bool no_git, no_state;
	pthread_mutex_t lock; /* of report and failure */
	atomic_bool failed;   /* the journal cannot be kept */
	struct err failure;
};

bool apply_must_stop(struct apply *a);
int apply_gate_timeout_ms(const struct apply *a);
int64_t apply_ticks_ms(const struct apply *a);
void apply_sleep_ms(const struct apply *a, int64_t duration_ms);

/* One request under the cluster's throttle. */
int apply_send(struct apply *a, uint16_t cluster, struct kube_request *r,
    struct kube_answer *answer, struct err *err);
struct json_object *apply_get(
    struct apply *a, uint16_t cluster, const char *path, struct err *err);

/* apply_kube.c: one object; the outcome is set. */
void apply_kube(struct apply *a, uint32_t node, struct outcome *outcome);

/* apply_prepare.c: an object as it will be sent. */
struct apply_object {
	struct json_object *object;
	struct json_object *status;	/* to be restored, or NULL */
	const struct rule_pause *pause; /* to be restored paused, or NULL */
	char *collection;		/* of the API */
	char *path;
};
void apply_object_done(struct apply_object *o);
int apply_prepare(struct apply *a, uint32_t node, struct apply_object *out,
    struct outcome *outcome, struct err *err);

/* gate.c: waits until the node is ready, or its time is over; what came of it
 * goes into the report. */
enum gate_state gate_wait(struct apply *a, uint32_t node);

/* quiesce.c */
const struct rule_pause *quiesce_rule(const struct plan *p,
    const struct plan_kind *k, struct json_object *object);
void quiesce_pause(struct json_object *object, const struct rule_pause *rule);
/* Releases what the journal says is paused, in order. */
void quiesce_release(struct apply *a);

#endif
