/*
 * The lock of a restore in its target: the Lease kube-system/backstay-restore
 * (https://kubernetes.io/docs/concepts/architecture/leases/), so that of two
 * restores into one cluster, from two machines, the second is refused. A drill
 * into namespaces of its own has one of its own, backstay-drill-MARK, so that
 * it keeps no restore waiting.
 *
 * Its holder renews it six times in its duration, a minute. One whose time of
 * renewal is older than that by our clock, so that clocks have to agree to
 * within a minute, or whose process is known to have died on this machine, is
 * taken over, as a write over the version that was read: of two
 * takers one wins, and a holder who had only been late learns of it.
 */
#ifndef RESTORE_KUBE_LEASE_H
#define RESTORE_KUBE_LEASE_H

#include "storage/base/cancel.h"
#include "storage/base/clock.h"
#include "storage/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;
struct kube_client;

struct lease_options {
	const char *holder; /* "apply on host7, pid 12", for people */
	const char *drill;  /* the mark of its namespaces; NULL: a restore */
	const struct clock *clock;
	struct cancel *lost; /* requested once another restore has it */
};

/* The cluster, which has one lock however often it is a target: the UID of its
 * kube-system. The caller frees; NULL as kube_client_send. */
char *lease_cluster(struct kube_client *c, struct err *err);

/* Borrows the client and what the options name. ERR_LOCKED names the holder;
 * else as kube_client_send. Starts a thread that renews it. */
struct lease *lease_take(
    struct kube_client *c, const struct lease_options *o, struct err *err);
/* Asks whether it is still ours; true where that cannot be found out. */
bool lease_holds(struct lease *l);
void lease_free(struct lease *l); /* gives it back; takes NULL */

struct lease_info {
	char *holder;
	char *process;		/* see process.h; "" where it is not known */
	int64_t taken, renewed; /* seconds, by the holder's clock */
	bool dead;
	char *version, *uid; /* of the object */
};
void lease_info_done(struct lease_info *i);
/* Pure: what an object says; -1 with ERR_FORMAT where it is not such a lock.
 * `out` is released with lease_info_done in any case. */
int lease_parse(const struct json_object *object, int64_t now_s,
    struct lease_info *out, struct err *err);
/* 1, or 0 where nobody holds it; -1 as kube_client_send or lease_parse. */
int lease_show(struct kube_client *c, const struct clock *clock,
    struct lease_info *out, struct err *err);
/* For the operator: removes it, whoever holds it. */
int lease_break(struct kube_client *c, struct err *err);

#endif
