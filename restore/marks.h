/*
 * The markers (kube/marker.h) of all clusters that a snapshot is restored to.
 */
#ifndef RESTORE_MARKS_H
#define RESTORE_MARKS_H

#include "restore/kube/marker.h"
#include "restore/targets/targets.h"

/* One cluster. */
struct mark {
	const char *cluster; /* its name; borrowed from the targets */
	struct kube_client *client;
	char *uid;	/* of its namespace kube-system */
	bool is_source; /* the snapshot was taken from it */
	bool there;	/* it has a marker */
	struct marker marker;
};
VEC_DEFINE(mark_vec, struct mark);

/* Of every target that is connected. ERR_INTEGRITY, ERR_USAGE where one of them
 * is not a marker of that platform; `out` is released with marks_done in any
 * case. */
int marks_read(const struct targets *t, const char *platform,
    struct mark_vec *out, struct err *err);
void marks_done(struct mark_vec *v);

/* Writes them where they do not say this already. ERR_LOCKED where another
 * restore has written one in the meantime. */
int marks_write(struct mark_vec *v, const char *platform, const char *snapshot,
    const char *restore, bool restored, struct err *err);

#endif
