#include "storage/base/mem.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p, size_t size)
{
	if (!p && size) {
		fprintf(stderr, "out of memory: %zu bytes\n", size);
		abort();
	}
	return p;
}

void *mem_alloc(size_t size)
{
	return checked(malloc(size), size);
}

void *mem_zalloc(size_t size)
{
	return checked(calloc(1, size), size);
}

void *mem_resize(void *p, size_t count, size_t size)
{
	return checked(reallocarray(p, count, size), count ? size : 0);
}

void *mem_dup(const void *data, size_t len)
{
	void *p = mem_alloc(len ? len : 1);

	if (len)
		memcpy(p, data, len);
	return p;
}

void mem_wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
}

void mem_return_large(void)
{
	enum { LARGE = 128 * 1024 };

	mallopt(M_MMAP_THRESHOLD, LARGE);
}
