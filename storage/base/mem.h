/*
 * Allocation that never fails: without memory the program ends. Nothing is
 * committed before the end of a run, so ending it is safe; a size that comes
 * from outside is capped by its reader before it gets here.
 */
#ifndef STORAGE_BASE_MEM_H
#define STORAGE_BASE_MEM_H

#include <stddef.h>

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *mem_zalloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* count * size bytes; aborts if that overflows. */
void *mem_resize(void *p, size_t count, size_t size);
void *mem_dup(const void *data, size_t len);

/* Overwrites len bytes in a way that the compiler does not remove. */
void mem_wipe(void *p, size_t len);

/* From now on, blocks of 128 KiB and more go back to the system when they are
 * freed. By itself the C library keeps ever larger ones for later, in each
 * thread. For the start of a program. */
void mem_return_large(void);

#define mem_new(type) ((type *)mem_zalloc(sizeof(type)))

#endif
