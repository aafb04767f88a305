/*
 * The commands of backstay-restore. Each is given all that it works with; the
 * command line is read by program.c. A command returns the exit status, or -1
 * with the error.
 */
#ifndef RESTORE_COMMAND_H
#define RESTORE_COMMAND_H

#include "config/cli/cli.h"
#include "config/connect.h"
#include "config/settings.h"
#include "config/watch/watch.h"

struct restore_options {
	struct cli_common common;
	bool quick, chain;    /* verify */
	bool plan;	      /* check */
	const char *head;     /* a file, instead of the one in state_dir */
	struct strvec accept; /* findings of the chain, by their names */
	const char *sample;   /* verify: "10%" */
	const char *to;	      /* extract, keygen: a directory; copy: a vault */
	bool post_quantum;    /* keygen */
	struct strvec only;   /* plan, apply, extract */
	/* plan, apply, release */
	struct strvec approve; /* names of layers */
	const char *existing;
	bool prune;
	struct strvec prune_kinds, prune_namespaces;
	bool server;
	bool offline;
	bool take_fields, overwrite_state, overwrite_refs;
	bool force; /* refused: it does not say which of the three */
	bool hold;
	bool status;
	bool derived;
	bool finished;
	bool same_cluster;
	bool resume;
	bool yes;
	bool all_nodes;
	bool markdown;		   /* rules */
	bool raw;		   /* cat */
	bool values;		   /* diff, drift, history */
	const char *control_plane; /* drill */
	const char *prefix;	   /* drill: of the names of namespaces */
	bool without_clusters;
	bool terraform; /* drill */
};

struct command {
	const char *name;
	const struct restore_options *options;
	const struct settings *settings; /* NULL for keygen */
	const char *which;		 /* SNAPSHOT, where it takes one */
	const char *argument;		 /* what comes behind it, or NULL */
	struct connect_env env;
	struct watch *watch; /* NULL: the command is not watched */
};

int command_list(const struct command *c, struct err *err);
int command_report(const struct command *c, struct err *err);
int command_check(const struct command *c, struct err *err);
int command_show(const struct command *c, struct err *err);
int command_ls(const struct command *c, struct err *err);
int command_cat(const struct command *c, struct err *err);
int command_find(const struct command *c, struct err *err);
int command_diff(const struct command *c, struct err *err);
int command_drift(const struct command *c, struct err *err);
int command_history(const struct command *c, struct err *err);
int command_drill(const struct command *c, struct err *err);
int command_verify(const struct command *c, struct err *err);
int command_extract(const struct command *c, struct err *err);
int command_plan(const struct command *c, struct err *err);
int command_apply(const struct command *c, struct err *err);
int command_heal(const struct command *c, struct err *err);
int command_status(const struct command *c, struct err *err);
int command_release(const struct command *c, struct err *err);
int command_unlock(const struct command *c, struct err *err);
int command_rules(const struct command *c, struct err *err);
int command_head(const struct command *c, struct err *err);
int command_copy(const struct command *c, struct err *err);
int command_keygen(const struct command *c, struct err *err);

#endif
