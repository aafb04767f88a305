#include "config/cli/document.h"
#include "restore/command.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "storage/crypto/age.h"
#include "storage/crypto/minisign.h"

#include <stdio.h>

/* Checks all of them before the first is written. */
static int check_new(const char *dir, struct err *err)
{
	static const char *const names[] = {"identity.txt", "signing.key",
	    "signing.pub", "record.key", "record.pub"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		autofree char *path = file_join(dir, names[i]);
		if (file_exists(path))
			return err_set(err, ERR_EXISTS,
			    "'%s' is there already: a key that is replaced "
			    "cannot open old snapshots any more, so choose "
			    "another directory",
			    path);
	}
	return 0;
}

static int write_new(const char *dir, const char *name, const void *data,
    size_t len, struct err *err)
{
	autofree char *path = file_join(dir, name);

	return file_write_durably(path, data, len, err);
}

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
	cleanup(buf_done) struct buf public = BUF_INIT;
	cleanup(buf_done) struct buf record_public = BUF_INIT;
	autofree char *recipient = NULL;

	cleanup(secret_freep) struct secret *identity = age_keygen(
	    c->env.random, clock_now_ms(c->env.clock) / 1000, &recipient);
	cleanup(secret_freep) struct secret *signing =
	    minisign_keygen(c->env.random, &public);
	cleanup(secret_freep) struct secret *record =
	    minisign_keygen(c->env.random, &record_public);
	if (file_mkdirs(dir, err) || check_new(dir, err) ||
	    write_new(dir, "identity.txt", secret_reveal(identity),
		secret_len(identity), err) ||
	    write_new(dir, "signing.key", secret_reveal(signing),
		secret_len(signing), err) ||
	    write_new(dir, "signing.pub", public.data, public.len, err) ||
	    write_new(dir, "record.key", secret_reveal(record),
		secret_len(record), err) ||
	    write_new(
		dir, "record.pub", record_public.data, record_public.len, err))
		return -1;
	if (c->options->common.output == CLI_OUTPUT_JSON) {
		print_json(c, recipient, dir);
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
	    recipient, dir);
	return 0;
}
