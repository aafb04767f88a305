/*
 * Identifies a process of a running system, so that another process on the same
 * machine can tell whether it is still alive. On Linux: the boot's id
 * (/proc/sys/kernel/random/boot_id), the PID namespace, the PID, and when it
 * started (proc(5): /proc/PID/stat, field 22), which no later process shares.
 */
#ifndef STORAGE_BASE_PROCESS_H
#define STORAGE_BASE_PROCESS_H

#include <stdbool.h>

/* Of this process, one line; "" if the system does not tell. The caller frees.
 */
char *process_self(void);
/* True only if it is certain: the process was of this boot and this PID
 * namespace, and does not exist any more. */
bool process_is_dead(const char *process);

#endif
