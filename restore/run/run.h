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
	bool *compares;		  /* apply_same.c, one a node */
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
void apply_fail(struct apply *a, const struct err *err);
bool apply_must_stop(struct apply *a);
const struct clock *apply_clock(const struct apply *a);
size_t apply_in_flight(const struct apply *a); /* requests at a time */
int apply_gate_timeout_ms(const struct apply *a);
int64_t apply_ticks_ms(const struct apply *a);
void apply_sleep_ms(const struct apply *a, int64_t duration_ms);

/* apply_level.c: all nodes of one level, and the gates between them. */
void apply_level(struct apply *a, uint32_t level);
/* Goes through the levels again for what was postponed, as long as a gate may
 * take; what is left then fails. */
void apply_postponed(struct apply *a);
/* apply_prune.c: deletes what the plan says, unless something is missing. */
void apply_prune(struct apply *a);
/* apply_report.c: what became of each node, what is still paused, and what the
 * operator does next. */
void apply_report(struct apply *a);
void apply_report_paused(struct apply *a);
void apply_report_next(struct apply *a);

/* One request under the cluster's throttle. */
int apply_send(struct apply *a, uint16_t cluster, struct kube_request *r,
    struct kube_answer *answer, struct err *err);
struct json_object *apply_get(
    struct apply *a, uint16_t cluster, const char *path, struct err *err);

/* Until when something is asked for again, and how often. */
struct apply_wait {
	int64_t until_ms;
	int64_t pause_ms;
};

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

/* apply_relink.c: owner references with the UIDs that the owners have now; one
 * that is not there is left out and noted. */
void apply_relink(struct apply *a, uint32_t node, struct json_object *object,
    struct outcome *outcome);
/* Those that had to wait, because the owner needed the object first. */
void apply_relink_late(struct apply *a);

/* One object on its way. */
struct apply_task {
	struct apply *a;
	uint32_t node;
	struct plan_node *n;
	struct apply_object *object;
	struct outcome *outcome;
	bool paused;   /* the journal has it */
	bool vanished; /* it was there, and then was not */
	bool deleted;  /* by us, to be made anew */
	/* What the journal of an earlier run says of it, or NULL. */
	const struct journal_node *before;
};

/* apply_kube.c: the outcome is set. */
void apply_kube(struct apply *a, uint32_t node, struct outcome *outcome);
void apply_create(struct apply_task *t);
/* What follows once it is there by our hand; `uid` may be NULL. */
void apply_finish_created(struct apply_task *t, const char *uid);
int apply_record_pause(struct apply_task *t, struct err *err);
/* Writes the status that is to be restored; PARTIAL where it is refused. */
int apply_status(struct apply_task *t);

/* apply_existing.c: what is there already, by the operator's policy. */
void apply_existing(struct apply_task *t);
/* Whether what is there with that UID is what an earlier run of this restore
 * made, and died before it could say so, or could make only in part. */
bool apply_is_ours(const struct apply_task *t, const char *uid);
void apply_learn_uid(struct apply_task *t, const char *uid);

/* apply_same.c: whether `live` has all that is wanted, with the same values. */
bool apply_covers(
    const struct json_object *live, const struct json_object *wanted);
/* Under `update`, gives an outcome to those of the nodes that are there and
 * equal. They are compared through lists: far fewer requests than one each. */
void apply_same(struct apply *a, const uint32_t *nodes, size_t count);

/* apply_owned.c. A create makes the fields of an object ours by another name
 * than an apply does (`operation` of managedFields): an apply that followed
 * would be in conflict with ourselves, and would leave what is no longer
 * wanted.
 *
 * Whether we own a field of `live` that is not wanted. */
bool apply_owns_more(
    const struct json_object *live, const struct json_object *wanted);
/* Makes what we created ours to apply. The resourceVersion that it has then
 * goes to `*version`; the caller frees it. */
int apply_adopt(struct apply_task *t, const struct json_object *live,
    char **version, struct err *err);
/* Whether a refused apply was in conflict with nobody but us: in a dry run,
 * which takes nothing over. */
bool apply_conflicts_are_ours(const struct kube_answer *answer);

/* apply_send.c: a write of the object; warnings of the server that matter
 * become notes. 0, or -1 as kube_send. */
int apply_write(struct apply_task *t, const char *method, const char *path,
    const char *content_type, bool force, const struct json_object *body,
    struct kube_answer *answer, struct err *err);

/* apply_wait.c. The first is false when the time is over, the second fails
 * then; the third is false where no webhook is in the way, or it has been
 * waited for: else the node comes later. */
enum { APPLY_SETTLE_MS = 10 * 1000 };
struct apply_wait apply_wait_for(struct apply_task *t, int64_t limit_ms);
bool apply_wait_more(struct apply_task *t, struct apply_wait *w);
int apply_wait_gone(struct apply_task *t, const char *uid, struct err *err);
bool apply_postpone(struct apply_task *t, const struct err *failure);

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
