/* The journal of a restore from outside: whatever it says, how far that is can
 * be shown, and each count is of what it names. */
#include "restore/run/progress.h"
#include "storage/base/cleanup.h"
#include "storage/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Of a plan of millions each run would take seconds. */
static bool is_large(const uint8_t *data, size_t len)
{
	static const char node[] = "\"n\":";
	autofree char *text = str_ndup((const char *)data, len);

	for (const char *at = text; (at = strstr(at, node));) {
		at += sizeof(node) - 1;
		if (strtod(at, NULL) >= 100000)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (is_large(data, len))
		return 0;
	autoclose int fd = memfd_create("journal", MFD_CLOEXEC);
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;
	struct progress p;
	bool at_work;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, data, len) != (ssize_t)len)
		abort();
	cleanup(journal_closep) struct journal *j =
	    journal_inspect(path, &at_work, &err);
	if (!j)
		return 0;
	progress_init(&p, j, at_work);
	VEC_EACH (&p.layers, l)
		if (l->restored + l->failed + l->held > l->nodes)
			abort();
	progress_print_table(&p, &out);
	progress_print_json(&p, "status", &out);
	progress_done(&p);
	return 0;
}
