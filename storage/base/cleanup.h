/*
 * Release at the end of the scope, and the explicit way out of it.
 *
 *     cleanup(buf_done) struct buf b = BUF_INIT;
 *     autofree char *path = str_printf("%s/%s", dir, name);
 *     return steal(path);
 *
 * A type `struct foo *` with foo_free(struct foo *) gets its attribute from
 * CLEANUP_DEFINE(foo), used as `cleanup(foo_freep) struct foo *f = NULL;`.
 */
#ifndef STORAGE_BASE_CLEANUP_H
#define STORAGE_BASE_CLEANUP_H

#include <stddef.h>

#define cleanup(fn) __attribute__((cleanup(fn)))
#define autofree cleanup(cleanup_free)
#define autoclose cleanup(cleanup_close)

/* Hands a pointer over: yields it and leaves NULL behind. */
#define steal(pointer)                                                         \
	({                                                                     \
		__typeof__(pointer) stolen_ = (pointer);                       \
		(pointer) = NULL;                                              \
		stolen_;                                                       \
	})

/* Hands a file descriptor over: yields it and leaves -1 behind. */
#define steal_fd(fd)                                                           \
	({                                                                     \
		int stolen_ = (fd);                                            \
		(fd) = -1;                                                     \
		stolen_;                                                       \
	})

#define CLEANUP_DEFINE(name)                                                   \
	static inline void name##_freep(struct name **p)                       \
	{                                                                      \
		if (*p)                                                        \
			name##_free(*p);                                       \
	}                                                                      \
	struct name

void cleanup_free(void *pointer_to_pointer);
void cleanup_close(const int *fd); /* an fd below 0 is left alone */

#endif
