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
	int status = listing_print(o.vault.vault, open_name(c), &o.list,
	    &o.trust, c->env.clock,
	    c->options->common.output == CLI_OUTPUT_JSON, &out, err);
	fputs(buf_str(&out), stdout);
	return status;
}
