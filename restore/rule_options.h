/*
 * The rules that the configuration asks for, made into the set in force.
 */
#ifndef RESTORE_RULE_OPTIONS_H
#define RESTORE_RULE_OPTIONS_H

#include "config/settings.h"
#include "restore/objects/ruleset.h"

/* As ruleset_init; the settings are borrowed by the set. */
int rule_options_init(
    struct ruleset *set, const struct settings_restore *r, struct err *err);

#endif
