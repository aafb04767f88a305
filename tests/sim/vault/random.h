/*
 * Where everything that happens in a simulated timeline is drawn from: the
 * same seed, the same draws.
 */
#ifndef TESTS_SIM_VAULT_RANDOM_H
#define TESTS_SIM_VAULT_RANDOM_H

#include "storage/base/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_random {
	struct random random; /* for what takes one as an argument */
	uint64_t state;
};
void sim_random_init(struct sim_random *r, uint64_t seed);
uint64_t sim_draw(struct sim_random *r, uint64_t below); /* below > 0 */
/* True once in `of` times. */
bool sim_one_in(struct sim_random *r, unsigned of);
/* No secret, and the same in each run. */
uint64_t sim_hash(const void *data, size_t len);

#endif
