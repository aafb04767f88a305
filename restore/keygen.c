#include "config/cli/document.h"
#include "restore/command.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/crypto/keyset.h"

#include <stdio.h>

static void print_json(
    const struct command *c, const char *recipient, const char *dir)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	cleanup(json_freep) struct json_object *j = document_new(c->name, NULL);

	json_set_str(j, "recipient", recipient);
	json_set_str(j, "directory", dir);
	document_write(j, &out);
	fputs(buf_str(&out), stdout);
}

int command_keygen(const struct command *c, struct err *err)
{
	const char *dir = c->options->to ? c->options->to : ".";
	cleanup(keyset_done) struct keyset keys;
	cleanup(strvec_done) struct strvec written = VEC_INIT;

	if (keyset_make(&keys,
		c->options->post_quantum ? KEYSET_POST_QUANTUM : KEYSET_CLASSIC,
		c->env.random, clock_now_ms(c->env.clock) / 1000, err) ||
	    keyset_write(&keys, dir, KEYSET_ALL, &written, err))
		return -1;
	if (c->options->common.output == CLI_OUTPUT_JSON) {
		print_json(c, keys.recipient, dir);
		return 0;
	}
	printf(
	    "recipient: %s\n"
	    "In '%s':\n"
	    "  identity.txt  opens the archives: keep it offline, and twice\n"
	    "  signing.key   signs snapshots: for the agent\n"
	    "  signing.pub   proves who signed: for whoever restores\n"
	    "  record.key    signs what `verify` found: for whoever restores\n"
	    "  record.pub    proves who verified: for the agent\n",
	    keys.recipient, dir);
	return 0;
}
