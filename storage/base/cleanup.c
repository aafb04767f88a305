#include "storage/base/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cleanup_free(void *pointer_to_pointer)
{
	void *p;

	memcpy(&p, pointer_to_pointer, sizeof(p));
	free(p);
}

void cleanup_close(const int *fd)
{
	/* The scope may end on the way out of a failure whose errno counts. */
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}
