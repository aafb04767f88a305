/*
 * Which process of which running system one is, so that another on the same
 * machine can tell whether it still lives. Linux: the boot's id
 * (/proc/sys/kernel/random/boot_id), the PID namespace, the PID and when it
 * started (proc(5): /proc/PID/stat, field 22), which no later process shares.
 */
#ifndef STORAGE_BASE_PROCESS_H
#define STORAGE_BASE_PROCESS_H

#include <stdbool.h>

/* Of this process, one line; "" where the system does not tell. The caller
 * frees. */
char *process_self(void);
/* Only where it is sure: the process was of this boot and this PID namespace,
 * and there is no such process any more. */
bool process_is_dead(const char *process);

#endif
