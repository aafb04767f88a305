/*
 * References among Kubernetes' own kinds that no pointer finds: of controllers,
 * admission plugins and networks that act by labels, or by names that they make
 * themselves.
 */
#ifndef RESTORE_OBJECTS_REFERENCES_CORE_H
#define RESTORE_OBJECTS_REFERENCES_CORE_H

#include "restore/objects/collector.h"

void references_core_collect(struct collector *t);
void references_core_provide(struct collector *t);

#endif
