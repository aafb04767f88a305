/*
 * A set of rules in the words of the configuration, a row for each rule.
 */
#ifndef RESTORE_OBJECTS_RULESET_ROWS_H
#define RESTORE_OBJECTS_RULESET_ROWS_H

#include "restore/objects/ruleset.h"

struct ruleset_row {
	const char *source; /* a system, "restore.rules[0]", or
			       "restore.exclude_kinds" */
	const char *kind;   /* pattern */
	const char *word;   /* "pause", "status", ...; static */
	char *value;
};
VEC_DEFINE(ruleset_rows, struct ruleset_row);

/* Appended in the order in which rules are tried; they borrow from the set. */
void ruleset_rows_list(const struct ruleset *s, struct ruleset_rows *rows);
void ruleset_rows_done(struct ruleset_rows *rows);

#endif
