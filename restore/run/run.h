/*
 * A restore at work; only apply, kube and run include this.
 */
#ifndef RESTORE_RUN_RUN_H
#define RESTORE_RUN_RUN_H

#include "restore/apply/apply.h"
#include "restore/run/journal.h"
#include "restore/run/throttle.h"
#include "storage/kube/client.h"

#include <pthread.h>
#include <stdatomic.h>

enum gate_state { GATE_UNKNOWN, GATE_PASSED, GATE_FAILED };

/* A node that is tried again after the levels: a webhook that guards it, or
 * something that it needs, has no answer yet. */
enum postponed { POSTPONED_NOT, POSTPONED_UNBEGUN, POSTPONED_BEGUN };

struct apply_cluster {
	struct kube_client *client;
	const char *name;
	struct throttle throttle;
	pthread_mutex_t lock;
	bool pods_known;
	bool runs_pods;
	/* A webhook that does not answer stands in the way. */
	atomic_bool webhook_away;
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
	bool *compares;		  /* same_outcomes.c, one a node */
	uint8_t *postponed;	  /* enum postponed, one a node */
	bool again;		  /* the levels were gone through before */
	bool last_try;		  /* what would be postponed fails */
	atomic_size_t done;
	size_t total;
	/* A driver said that going on with its kind is pointless. */
	atomic_bool no_git, no_state;
	pthread_mutex_t lock; /* of report and failure */
	atomic_bool failed;   /* the journal cannot be kept */
	struct err failure;
};

/* apply.c. The first failure of the journal ends the run. */
void run_fail(struct apply *a, const struct err *err);
bool run_must_stop(struct apply *a);
const struct clock *run_clock(const struct apply *a);
size_t run_in_flight(const struct apply *a); /* requests at a time */
int run_gate_timeout_ms(const struct apply *a);
int64_t run_ticks_ms(const struct apply *a);
void run_sleep_ms(const struct apply *a, int64_t duration_ms);

/* level_run.c: all nodes of one level, and the gates between them. */
void level_run(struct apply *a, uint32_t level);
/* Goes through the levels again for what was postponed, as long as a gate may
 * take; what is left then fails. */
void level_run_postponed(struct apply *a);
/* prune_objects.c: deletes what the plan says, unless something is missing. */
void prune_objects(struct apply *a);
/* summary_nodes.c: what became of each node, what is still paused, and what the
 * operator does next. */
void summary_nodes(struct apply *a);
void summary_paused(struct apply *a);
void summary_next(struct apply *a);

/* One request under the cluster's throttle. */
int send_request(struct apply *a, uint16_t cluster, struct kube_request *r,
    struct kube_answer *answer, struct err *err);
struct json_object *send_get(
    struct apply *a, uint16_t cluster, const char *path, struct err *err);

/* Until when something is asked for again, and how often. */
struct wait {
	int64_t until_ms;
	int64_t pause_ms;
};

/* prepare_object.c: an object as it will be sent. */
struct prepared {
	struct json_object *object;
	struct json_object *status;	/* to be restored, or NULL */
	const struct rule_pause *pause; /* to be restored paused, or NULL */
	char *collection;		/* of the API */
	char *path;
};
void prepared_done(struct prepared *o);
int prepare_object(struct apply *a, uint32_t node, struct prepared *out,
    struct outcome *outcome, struct err *err);

/* relink_owners.c: owner references with the UIDs that the owners have now; one
 * that is not there is left out and noted. */
void relink_owners(struct apply *a, uint32_t node, struct json_object *object,
    struct outcome *outcome);
/* Those that had to wait, because the owner needed the object first. */
void relink_late(struct apply *a);

/* One object on its way. */
struct apply_task {
	struct apply *a;
	uint32_t node;
	struct plan_node *n;
	struct prepared *object;
	struct outcome *outcome;
	bool paused;   /* the journal has it */
	bool vanished; /* it was there, and then was not */
	bool deleted;  /* by us, to be made anew */
	/* What the journal of an earlier run says of it, or NULL. */
	const struct journal_node *before;
};

/* create_or_update.c: the outcome is set. */
void create_or_update(struct apply *a, uint32_t node, struct outcome *outcome);
void create_object(struct apply_task *t);
/* What follows once it is there by our hand; `uid` may be NULL. */
void write_finish(struct apply_task *t, const char *uid);
int write_pause(struct apply_task *t, struct err *err);
/* Writes the status that is to be restored; PARTIAL where it is refused. */
int write_status(struct apply_task *t);

/* existing_apply.c: what is there already, by the operator's policy. */
void existing_apply(struct apply_task *t);
/* Whether what is there with that UID is what an earlier run of this restore
 * made, and died before it could say so, or could make only in part. */
bool ours_is(const struct apply_task *t, const char *uid);
void write_uid(struct apply_task *t, const char *uid);

/* same_outcomes.c: whether `live` has all that is wanted, with the same values.
 */
bool covers(const struct json_object *live, const struct json_object *wanted);
/* Under `update`, gives an outcome to those of the nodes that are there and
 * equal. They are compared through lists: far fewer requests than one each. */
void same_outcomes(struct apply *a, const uint32_t *nodes, size_t count);

/* owned.c. A create makes the fields of an object ours by another name
 * than an apply does (`operation` of managedFields): an apply that followed
 * would be in conflict with ourselves, and would leave what is no longer
 * wanted.
 *
 * Whether we own a field of `live` that is not wanted. */
bool owned_exceeds(
    const struct json_object *live, const struct json_object *wanted);
/* Makes what we created ours to apply. The resourceVersion that it has then
 * goes to `*version`; the caller frees it. */
int owned_adopt(struct apply_task *t, const struct json_object *live,
    char **version, struct err *err);
/* Whether a refused apply was in conflict with nobody but us: in a dry run,
 * which takes nothing over. */
bool owned_conflicts(const struct kube_answer *answer);

/* send_request.c: a write of the object; warnings of the server that matter
 * become notes. 0, or -1 as kube_client_send. */
int send_object(struct apply_task *t, const char *method, const char *path,
    const char *content_type, bool force, const struct json_object *body,
    struct kube_answer *answer, struct err *err);

/* wait.c. The first is false when the time is over, the second fails
 * then; the third is false where no webhook is in the way, or it has been
 * waited for: else the node comes later. */
enum { APPLY_SETTLE_MS = 10 * 1000 };
struct wait wait_start(struct apply_task *t, int64_t limit_ms);
bool wait_more(struct apply_task *t, struct wait *w);
int wait_gone(struct apply_task *t, const char *uid, struct err *err);
bool wait_postpone(struct apply_task *t, const struct err *failure);

/* ready.c: waits until the node is ready, or its time is over; what came of it
 * goes into the report. */
enum gate_state ready_wait(struct apply *a, uint32_t node);

/* quiesce.c */
const struct rule_pause *quiesce_rule(const struct plan *p,
    const struct plan_kind *k, struct json_object *object);
void quiesce_pause(struct json_object *object, const struct rule_pause *rule);
/* Releases what the journal says is paused, in order. */
void quiesce_release(struct apply *a);

#endif
