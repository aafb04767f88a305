#include "storage/base/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

/* Without randomness no key is safe, so the program ends. */
static void system_fill(void *ctx, void *out, size_t len)
{
	char *p = out;

	(void)ctx;
	while (len) {
		ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno != EINTR)
			abort();
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

const struct random *random_system(void)
{
	static const struct random r = {.fill = system_fill};

	return &r;
}

void random_fill(const struct random *r, void *out, size_t len)
{
	r->fill(r->ctx, out, len);
}

uint64_t random_below(const struct random *r, uint64_t bound)
{
	/* Values above the largest multiple of bound are drawn again: they
	 * would make small results more likely. */
	uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
	uint64_t value;

	do
		random_fill(r, &value, sizeof(value));
	while (value >= limit);
	return value % bound;
}
