/*
 * The markers (kube/marker.h) of all clusters that a snapshot is restored to.
 */
#ifndef RESTORE_MARKS_H
#define RESTORE_MARKS_H

#include "restore/kube/marker.h"
#include "restore/targets/targets.h"
#include "storage/base/random.h"

/* One cluster. */
struct mark {
	const char *cluster; /* its name; borrowed from the targets */
	struct kube_client *client;
	char *uid;	/* of its namespace kube-system */
	bool is_source; /* the snapshot was taken from it */
	bool is_newer;	/* a later one was, which may be partial */
	bool there;	/* it has a marker */
	bool by_hand;	/* a marker that cannot be kept is no reason to stop */
	struct marker marker;
};
VEC_DEFINE(mark_vec, struct mark);

/* A restore; the texts are borrowed. */
struct marks_restore {
	const char *platform; /* the name of the configuration */
	const char *snapshot;
	char uid[33];
};
void marks_new_uid(struct marks_restore *r, const struct random *random);

struct marks_wanted {
	const char *platform;
	const struct strvec *sources; /* UIDs of clusters that live; or NULL */
	/* A marker that was edited, or is of another platform or cluster, is
	 * replaced, and a cluster whose marker cannot be read has none. */
	bool by_hand;
};
/* Of every target that is connected, each once. ERR_INTEGRITY, ERR_USAGE where
 * one of them is not a marker of that platform; `out` is released with
 * marks_done in any case. */
int marks_read(const struct targets *t, const struct marks_wanted *wanted,
    struct mark_vec *out, struct err *err);
void marks_done(struct mark_vec *v);

/* Writes them where they do not say this already: that the restore begins, or
 * that it is at its end. ERR_LOCKED where another restore has written one in
 * the meantime. */
int marks_begin(
    struct mark_vec *v, const struct marks_restore *r, struct err *err);
int marks_end(
    struct mark_vec *v, const struct marks_restore *r, struct err *err);

#endif
