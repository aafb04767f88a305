#include "restore/locks.h"

#include "storage/base/cleanup.h"
#include "storage/base/log.h"

#include <unistd.h>

enum { HOST_MAX = 256 };

char *locks_holder(const struct command *c)
{
	char host[HOST_MAX] = "";

	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	return str_printf("%s on %s, pid %d", c->name,
	    *host ? host : "a host without a name", (int)getpid());
}

static int take_one(struct locks *l, const struct plan_cluster *target,
    bool spare_source, const struct lease_options *o, struct err *err)
{
	autofree char *uid = lease_cluster(target->client, err);

	if (!uid)
		return -1;
	bool is_source = str_eq(target->source_uid, uid);
	if ((spare_source && is_source && !target->same_cluster) ||
	    strvec_has(&l->clusters, uid))
		return 0;
	struct lease *lease = lease_take(target->client, o, err);
	if (!lease)
		return -1;
	*vec_add(&l->leases) = lease;
	*vec_add(&l->clusters) = steal(uid);
	return 0;
}

int locks_take(struct locks *l, const struct command *c,
    const struct targets *t, bool spare_source, struct err *err)
{
	autofree char *holder = locks_holder(c);
	const struct lease_options o = {
	    .holder = holder, .clock = c->env.clock, .lost = &l->lost};

	l->lost.outer = c->env.cancel;
	VEC_EACH (&t->plan, target) {
		struct err failure = ERR_INIT;

		if (!target->client ||
		    take_one(l, target, spare_source, &o, &failure) == 0)
			continue;
		if (failure.code != ERR_DENIED &&
		    failure.code != ERR_NOT_FOUND) {
			*err = failure;
			return err_wrap(err, "cluster '%s'", target->name);
		}
		log_warn("cluster '%s': %s; another restore into it would not "
			 "be refused",
		    target->name, failure.message);
	}
	return 0;
}

void locks_done(struct locks *l)
{
	VEC_EACH (&l->leases, lease)
		lease_free(*lease);
	vec_done(&l->leases);
	strvec_done(&l->clusters);
}
