/*
 * Completion of command lines by a shell, out of the tables of a program: its
 * commands, their options, the words that an option may have, and files. Names
 * of vaults and snapshots are not completed: a key pressed by accident would
 * ask a store.
 */
#ifndef CONFIG_CLI_CLI_COMPLETION_H
#define CONFIG_CLI_CLI_COMPLETION_H

#include "config/cli/cli.h"
#include "storage/base/buf.h"

/* The command `completion`, which both programs have. */
#define CLI_COMMAND_COMPLETION                                                 \
	{                                                                      \
		.name = "completion", .operands = "bash|zsh|fish",             \
		.min_operands = 1, .max_operands = 1,                          \
		.without_settings = true,                                      \
		.summary = "print what completes command lines in a shell",    \
		.description =                                                 \
		    "Prints the completion of this program for bash, zsh or "  \
		    "fish, where packages have not installed it: in bash, "    \
		    "source it; of zsh, it is a file of $fpath with _ before " \
		    "the name of the program; of fish, one of "                \
		    "~/.config/fish/completions.",                             \
		.run = cli_completion_run                                      \
	}

/* Prints it; the only operand is the shell. */
int cli_completion_run(const struct cli_run *r, struct err *err);
/* ERR_USAGE where there is no such shell. */
int cli_completion(const struct cli_program *p, const char *shell,
    struct buf *out, struct err *err);

#endif
