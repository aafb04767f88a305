/*
 * The commands of backstay-agent. Each is given all that it works with; the
 * command line is read by program.c. A command returns the exit status, or -1
 * with the error.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/init/answers.h"
#include "config/cli/checks.h"
#include "config/cli/cli.h"
#include "config/connect.h"
#include "config/settings.h"
#include "config/watch/watch.h"

struct agent_options {
	struct cli_common common;
	/* backup */
	bool prune;
	bool hold;
	bool accept_shrink;
	bool manifest;
	struct strvec tags;
	const char *shard; /* "2/4" */
	const char *run;
	bool seal;
	bool allow_partial;
	/* mark, which also has tags and hold */
	bool no_hold;
	struct strvec untags;
	/* check */
	bool show_config;
	/* unlock */
	bool yes;
	/* vault */
	bool adopt;
	struct init_options init;
};

struct agent {
	const char *command; /* its name */
	const char *operand; /* the first, or NULL */
	const struct agent_options *options;
	const struct settings *settings;
	struct connect_env env;
	struct watch *watch; /* NULL: the command is not watched */
};

int agent_backup(const struct agent *a, struct err *err);
int agent_list(const struct agent *a, struct err *err);
int agent_check(const struct agent *a, struct err *err);
int agent_prune(const struct agent *a, struct err *err);
int agent_vault_init(const struct agent *a, struct err *err);
int agent_init(const struct agent *a, struct err *err);
int agent_discover(const struct agent *a, struct err *err);
int agent_forget(const struct agent *a, struct err *err);
int agent_mark(const struct agent *a, struct err *err);
/* Refuses those that a snapshot cannot be given. */
int agent_check_tags(const struct strvec *tags, struct err *err);
int agent_unlock(const struct agent *a, struct err *err);

/* Of the commands check and vault init, for init, which ends with both: what
 * they do before they print. */
int agent_check_all(
    const struct agent *a, struct checks *checks, struct err *err);
struct agent_vaults_made {
	struct buf text; /* a line for each vault */
	struct json_object *array;
};
void agent_vaults_made_done(struct agent_vaults_made *m);
/* only NULL: all of the configuration. One that fails leaves the others to be
 * made. */
int agent_make_vaults(const struct agent *a, const struct settings_vault *only,
    struct agent_vaults_made *m, struct err *err);

#endif
