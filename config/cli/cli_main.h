/*
 * The whole of a program but its tables and its commands: private umask and
 * memory, signals, options, logging, the configuration, the command, its error
 * as one line, and the exit status.
 *
 * The configuration is the file that --config names, else the one that the
 * environment names, else the default. Which of the secrets it names other
 * users may read is logged as a warning.
 */
#ifndef CONFIG_CLI_CLI_MAIN_H
#define CONFIG_CLI_CLI_MAIN_H

#include "config/cli/cli.h"

/* `options` is the program's own struct, zeroed; it is released here. Returns
 * the exit status of the program. */
int cli_main(
    const struct cli_program *p, int argc, char *const *argv, void *options);

#endif
