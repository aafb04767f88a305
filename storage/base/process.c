#include "storage/base/process.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BYTES = 4096, NAMESPACE_MAX = 64, START_FIELD = 22 };

/* "<boot id> <PID namespace> ", or NULL. */
static char *system_here(void)
{
	cleanup(buf_done) struct buf boot = BUF_INIT;
	char space[NAMESPACE_MAX];
	struct err ignored = ERR_INIT;
	ssize_t len = readlink("/proc/self/ns/pid", space, sizeof space - 1);

	if (len <= 0 || file_read("/proc/sys/kernel/random/boot_id", MAX_BYTES,
			    &boot, &ignored))
		return NULL;
	space[len] = '\0';
	return str_printf("%.*s %s ", (int)strcspn(buf_str(&boot), "\n"),
	    buf_str(&boot), space);
}

/* When a process started, in ticks since the boot. *gone becomes true if there
 * is no such process. NULL if the system does not tell. */
static char *started(uint64_t pid, bool *gone)
{
	autofree char *path =
	    str_printf("/proc/%llu/stat", (unsigned long long)pid);
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	*gone = false;
	if (file_read(path, MAX_BYTES, &text, &err)) {
		/* The process may end while its file is read. */
		*gone = err.code == ERR_NOT_FOUND || err.sys_errno == ESRCH;
		return NULL;
	}
	/* The name of the process may contain anything, even ')'. The fields 3
	 * and on follow it. */
	const char *at = strrchr(buf_str(&text), ')');
	if (!at || at[1] != ' ')
		return NULL;
	at += 2;
	/* It has ended, and its parent has not waited for it yet. */
	*gone = *at == 'Z' || *at == 'X';
	for (int field = 3; at && field < START_FIELD; field++)
		at = strchr(at, ' ') ? strchr(at, ' ') + 1 : NULL;
	return at ? str_ndup(at, strcspn(at, " ")) : NULL;
}

char *process_self(void)
{
	bool gone;
	autofree char *here = system_here();
	autofree char *start = started((uint64_t)getpid(), &gone);

	if (!here || !start)
		return str_dup("");
	return str_printf("%s%lld %s", here, (long long)getpid(), start);
}

bool process_is_dead(const char *process)
{
	autofree char *here = system_here();
	uint64_t pid;
	bool gone;

	if (!process || !here || !str_starts(process, here))
		return false;
	const char *rest = process + strlen(here);
	autofree char *digits = str_ndup(rest, strcspn(rest, " "));
	if (rest[strlen(digits)] != ' ' ||
	    str_parse_u64(digits, INT32_MAX, &pid) || !pid)
		return false;
	autofree char *start = started(pid, &gone);
	return gone || (start && !str_eq(start, rest + strlen(digits) + 1));
}
