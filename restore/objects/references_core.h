/*
 * The order among Kubernetes' own kinds that no pointer tells: what a
 * controller, an admission plugin or a network acts on by labels or by names
 * that it makes itself.
 */
#ifndef RESTORE_OBJECTS_REFERENCES_CORE_H
#define RESTORE_OBJECTS_REFERENCES_CORE_H

#include "restore/objects/collector.h"

void references_core_collect(struct collector *t);
void references_core_provide(struct collector *t);

#endif
