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
	/* The scope may end after a failure whose errno is still to be read. */
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}
