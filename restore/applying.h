/*
 * What the commands that carry out a plan share: the drivers of its targets,
 * the options of a run, and its report.
 */
#ifndef RESTORE_APPLYING_H
#define RESTORE_APPLYING_H

#include "restore/apply/apply.h"
#include "restore/kube/applier.h"
#include "restore/session.h"

/* For the clusters of the session; the caller's (applier_free). */
struct applier *applying_driver(const struct session *s);
/* Borrow the session and what is given. `journal_dir` NULL: of a dry run. */
struct apply_options applying_options(
    struct session *s, struct applier *applier, const char *journal_dir);
/* Prints the report; the exit status that it deserves. */
int applying_print(const struct session *s, const struct report *r);

#endif
