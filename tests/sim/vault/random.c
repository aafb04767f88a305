#include "tests/sim/vault/random.h"

#include <string.h>

/* SplitMix64 (Steele, Lea, Flood 2014): each state is good, zero also. */
static uint64_t next(struct sim_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void fill(void *ctx, void *out, size_t len)
{
	uint8_t *to = out;

	while (len) {
		uint64_t word = next(ctx);
		size_t n = len < sizeof(word) ? len : sizeof(word);
		memcpy(to, &word, n);
		to += n;
		len -= n;
	}
}

void sim_random_init(struct sim_random *r, uint64_t seed)
{
	r->random = (struct random){.fill = fill, .ctx = r};
	r->state = seed;
}

uint64_t sim_draw(struct sim_random *r, uint64_t below)
{
	return next(r) % below;
}

bool sim_one_in(struct sim_random *r, unsigned of)
{
	return sim_draw(r, of) == 0;
}

uint64_t sim_hash(const void *data, size_t len)
{
	const uint8_t *from = data;
	struct sim_random r = {.state = len};
	uint64_t hash = next(&r);

	while (len) {
		uint64_t word = 0;
		size_t n = len < sizeof(word) ? len : sizeof(word);
		memcpy(&word, from, n);
		r.state ^= word;
		hash ^= next(&r);
		r.state += hash;
		from += n;
		len -= n;
	}
	return hash;
}
