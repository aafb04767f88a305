/*
 * References that no pattern of a pointer finds: those of systems that name
 * things in ways of their own.
 */
#ifndef RESTORE_OBJECTS_REFERENCES_SYSTEMS_H
#define RESTORE_OBJECTS_REFERENCES_SYSTEMS_H

#include "restore/objects/collector.h"

/* `without`: systems that are not to be treated; or NULL. */
void references_systems_collect(
    struct collector *t, const struct strvec *without);

#endif
