/*
 * What `discover` finds in the clusters that have it set, taken along in a
 * backup: repositories, with credentials out of the Secrets that are named for
 * them, and buckets of state, as if the configuration named them.
 */
#ifndef AGENT_DISCOVERED_H
#define AGENT_DISCOVERED_H

#include "agent/discover/found.h"
#include "config/organisations.h"

struct discovered {
	struct found found;
	struct settings_credentials_vec credentials; /* those of the settings,
							and ours */
	struct settings_buckets buckets;	     /* the same */
	size_t configured_credentials, configured_buckets;
	size_t repositories; /* that were added */
	struct strvec left;  /* lines: what was not taken along, and why */
};
void discovered_done(struct discovered *d);

/* Whether a cluster of the settings has it set. */
bool discovered_is_wanted(const struct settings *s);

/* Adds them to the settings of the organisations, which borrow them: what reads
 * those settings has to end before discovered_done. What belongs to credentials
 * is kept in files below `scratch`, for its owner alone. What a cluster does
 * not tell is among the lines. -1 only with ERR_CANCELLED, or if a file cannot
 * be written. */
int discovered_add(struct discovered *d, struct organisations *o,
    const struct connect_env *env, const char *scratch, struct err *err);

#endif
