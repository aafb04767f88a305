/*
 * One object in a job: checked, selected, and put into the lane or held back.
 * Within the job alone.
 */
#ifndef AGENT_KUBE_JOB_ITEM_H
#define AGENT_KUBE_JOB_ITEM_H

#include "agent/kube/job.h"

/* A kube_page_fn; ctx is the job. Faults of the item are recorded in the job's
 * report; -1 if the spool or the archive fails. */
int kube_job_item(void *ctx, const char *text, size_t len, struct err *err);
/* Records an object that the server keeps and cannot read; ctx is the job. */
void kube_job_unreadable(
    void *ctx, const struct kube_unreadable *u, const struct err *why);
/* Puts the text, from which the job's item was read, into the lane. */
int kube_job_put(
    struct kube_job *j, const char *text, size_t len, struct err *err);

/* A kube_mention_fn that fills j->mentioned. */
void kube_job_add_mention(
    void *ctx, enum kube_mention what, struct json_range name);
void kube_job_clear_mentioned(struct kube_job *j);

/* "<cluster>: <resource>", and the namespace of the list; out's text. */
const char *kube_job_describe(const struct kube_job *j, struct buf *out);
/* Reports how many more items were bad than are named one by one. */
void kube_job_report_bad_items(struct kube_job *j);

#endif
