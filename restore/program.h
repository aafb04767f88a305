/*
 * The command line of backstay-restore as tables: its commands, their options
 * and the help of each (config/cli/cli.h). Commands get what they work with
 * from here; they never see the command line itself.
 */
#ifndef RESTORE_PROGRAM_H
#define RESTORE_PROGRAM_H

#include "config/cli/cli.h"

extern const struct cli_program restore_program;

#endif
