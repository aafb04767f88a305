/*
 * References that no pattern of a pointer finds: of systems that name objects
 * in ways of their own.
 */
#ifndef RESTORE_OBJECTS_REFERENCES_SYSTEMS_H
#define RESTORE_OBJECTS_REFERENCES_SYSTEMS_H

#include "restore/objects/collector.h"

/* `without`: systems whose rules are not used; or NULL. */
void references_systems_collect(
    struct collector *t, const struct strvec *without);

#endif
