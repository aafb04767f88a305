/*
 * The Terraform state of the configured buckets, as it is now.
 */
#ifndef RESTORE_DRIFT_LIVE_STATES_H
#define RESTORE_DRIFT_LIVE_STATES_H

#include "restore/meeting.h"

/* What cannot be read is noted as not seen. */
int live_states_meet(struct meeting *m, struct err *err);

#endif
