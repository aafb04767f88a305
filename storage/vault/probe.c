#include "storage/vault/probe.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/vault/lock.h"

#include <stdlib.h>

static char *name_of(const char *name)
{
	return str_printf("%s.check", name);
}

int probe_try(struct vault *v, const char *name, const struct clock *clock,
    const struct random *random, bool *keeps, struct err *err)
{
	autofree char *probe = name_of(name);
	const struct vault_lock_options o = {
	    .holder = "check", .clock = clock, .random = random, .beat_s = -1};
	cleanup(vault_lock_freep) struct vault_lock *lock =
	    vault_lock_acquire(v, probe, &o, err);
	struct err why = ERR_INIT;

	if (!lock) {
		if (err->code != ERR_LOCKED)
			return -1;
		*err = (struct err)ERR_INIT;
		return 0;
	}
	int left = vault_lock_release(lock, &why);
	*keeps = left > 0;
	if (left >= 0)
		return 0;
	*err = why;
	return -1;
}

int probe_tidy(struct vault *v, const char *name, const struct clock *clock,
    const struct random *random, struct err *err)
{
	cleanup(vault_items_done) struct vault_items items = VEC_INIT;
	autofree char *probe = name_of(name);
	autofree char *prefix = str_printf("%s.lock-", probe);
	bool keeps;

	if (vault_list(v, prefix, &items, err))
		return -1;
	/* Giving a lock back removes all that lies below it. */
	return items.len ? probe_try(v, name, clock, random, &keeps, err) : 0;
}
