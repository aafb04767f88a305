#include "restore/head.h"
#include "storage/base/cleanup.h"

#include <stdio.h>

int command_head(const struct command *c, struct err *err)
{
	cleanup(open_done) struct opened o = OPENED_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	if (open_vault(c, &o, err) || head_print(c, &o, &out, err))
		return -1;
	fputs(buf_str(&out), stdout);
	return 0;
}
