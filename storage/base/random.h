/*
 * Randomness as an argument. random_system() is the kernel's generator and
 * the only one that keys may come from; a test passes a seeded one.
 */
#ifndef STORAGE_BASE_RANDOM_H
#define STORAGE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	void (*fill)(void *ctx, void *out, size_t len);
	void *ctx;
};

const struct random *random_system(void);

void random_fill(const struct random *r, void *out, size_t len);
uint64_t random_below(const struct random *r, uint64_t bound); /* bound > 0 */

#endif
