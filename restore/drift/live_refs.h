/*
 * The repositories of the configuration, as they are now. Only their refs are
 * asked for; history is fetched of a repository whose refs moved.
 */
#ifndef RESTORE_DRIFT_LIVE_REFS_H
#define RESTORE_DRIFT_LIVE_REFS_H

#include "restore/meeting.h"

/* What cannot be asked is noted as not seen. */
int live_refs_meet(struct meeting *m, struct err *err);

#endif
