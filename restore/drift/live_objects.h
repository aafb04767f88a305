/*
 * The objects of the configured clusters, as they are now: the lists that a
 * backup would read, and nothing that it could not.
 */
#ifndef RESTORE_DRIFT_LIVE_OBJECTS_H
#define RESTORE_DRIFT_LIVE_OBJECTS_H

#include "restore/meeting.h"

/* What cannot be listed is noted as not seen. */
int live_objects_meet(struct meeting *m, struct err *err);

#endif
