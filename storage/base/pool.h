/*
 * Work side by side, bounded. Jobs start in the order they were submitted.
 */
#ifndef STORAGE_BASE_POOL_H
#define STORAGE_BASE_POOL_H

#include <stddef.h>

typedef void pool_fn(void *arg);

struct pool;

/* `workers` threads; at most `queue_len` jobs wait, then submit waits. */
struct pool *pool_new(size_t workers, size_t queue_len);
void pool_submit(struct pool *p, pool_fn *fn, void *arg);
void pool_wait(struct pool *p); /* until all that was submitted has ended */
void pool_free(struct pool *p); /* takes NULL; waits first */

/* fn(ctx, i) for each i below count, on up to `workers` threads (the calling
 * one included), started in order of i; returns when all have ended. */
void pool_each(
    size_t workers, size_t count, void (*fn)(void *ctx, size_t i), void *ctx);

#endif
