/*
 * report: one page over a vault.
 */
#include "config/cli/listing.h"
#include "restore/command.h"
#include "restore/open.h"
#include "restore/pages/page.h"
#include "storage/base/cleanup.h"

#include <stdio.h>

int command_report(const struct command *c, struct err *err)
{
	cleanup(open_done) struct opened o = OPENED_INIT;
	cleanup(buf_done) struct buf json = BUF_INIT;

	if (open_vault(c, &o, err))
		return err_wrap(err, "report");
	const struct listing_options l = {.name = open_name(c),
	    .tags = &c->options->common.only_tags,
	    .last = c->options->common.last,
	    .command = c->name,
	    .json = true,
	    .clock = c->env.clock};
	int status =
	    listing_print(o.vault.vault, &l, &o.list, &o.trust, &json, err);
	if (status < 0)
		return err_wrap(err, "report");
	if (c->options->common.output == CLI_OUTPUT_JSON)
		fputs(buf_str(&json), stdout);
	else
		page_print("report", &json);
	return status;
}
