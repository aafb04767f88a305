/*
 * The help of a program or of one of its commands, laid out like a manual page
 * and made from the tables alone (cli.h).
 */
#ifndef CONFIG_CLI_CLI_HELP_H
#define CONFIG_CLI_CLI_HELP_H

#include "config/cli/cli.h"
#include "storage/base/buf.h"

/* Appends the help of a command, or (NULL) of the program, wrapped to 79
 * columns. */
void cli_help(
    const struct cli_program *p, const struct cli_command *c, struct buf *out);

#endif
