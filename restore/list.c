#include "config/cli/listing.h"
#include "restore/command.h"
#include "restore/open.h"
#include "storage/base/cleanup.h"

#include <stdio.h>

int command_list(const struct command *c, struct err *err)
{
	cleanup(open_done) struct opened o = OPENED_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (open_vault(c, &o, err))
		return -1;
	const struct listing_options l = {.name = open_name(c),
	    .tags = &c->options->common.only_tags,
	    .last = c->options->common.last,
	    .command = c->name,
	    .json = c->options->common.output == CLI_OUTPUT_JSON,
	    .clock = c->env.clock};
	int status =
	    listing_print(o.vault.vault, &l, &o.list, &o.trust, &out, err);
	fputs(buf_str(&out), stdout);
	return status;
}
