/*
 * All agents of a timeline run in this one process, whose number is another in
 * each run: the linker puts these in front of what tells of it, so that a seed
 * gives the same bytes, and no lock says more than its times do.
 */
#include "storage/base/process.h"
#include "storage/base/str.h"

char *__wrap_process_self(void);
bool __wrap_process_is_dead(const char *process);

char *__wrap_process_self(void)
{
	return str_dup("simulated");
}

bool __wrap_process_is_dead(const char *process)
{
	(void)process;
	return false;
}
