#include "agent/agent.h"
#include "config/cli/listing.h"
#include "storage/base/cleanup.h"

#include <stdio.h>

int agent_list(const struct agent *a, struct err *err)
{
	cleanup(connect_vault_done) struct connect_vault v = {.vault = NULL};
	cleanup(snapshot_trust_done) struct snapshot_trust trust = {
	    .unsigned_allowed = false};
	cleanup(snapshots_done) struct snapshots list = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;
	const struct settings_vault *s =
	    settings_vault_named(a->settings, a->options->common.vault, err);

	if (!s || connect_trust(a->settings, &trust, err) ||
	    connect_vault(s, false, &a->env, &v, err))
		return err_wrap(err, "list");
	vault_set_memory(v.vault, a->settings->state_dir);
	const char *name =
	    a->options->common.all_names ? NULL : a->settings->name;
	if (snapshot_list(v.vault, name, &list, err))
		return err_wrap(err, "list: vault '%s'", s->name);
	const struct listing_options o = {.name = name,
	    .tags = &a->options->common.only_tags,
	    .last = a->options->common.last,
	    .command = a->command,
	    .json = a->options->common.output == CLI_OUTPUT_JSON,
	    .clock = a->env.clock};
	int status = listing_print(v.vault, &o, &list, &trust, &out, err);
	fputs(buf_str(&out), stdout);
	return status < 0 ? err_wrap(err, "list: vault '%s'", s->name) : status;
}
