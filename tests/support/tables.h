/*
 * What must hold of the tables of a program (config/cli/cli.h), whichever
 * commands it has.
 */
#ifndef TESTS_SUPPORT_TABLES_H
#define TESTS_SUPPORT_TABLES_H

#include "config/cli/cli.h"

/* No option hides another, what takes a value says of which kind, and every
 * text can be printed as help. */
void assert_tables(const struct cli_program *p);

#endif
