#include "storage/base/keysort.h"

#include "storage/base/mem.h"

#include <stdlib.h>

static size_t byte_of(const struct keysort *k, unsigned shift)
{
	return (size_t)(k->key >> shift & 0xff);
}

void keysort(struct keysort **keys, size_t count)
{
	struct keysort *to = mem_resize(NULL, count + 1, sizeof(*to));

	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t at[257] = {0};
		struct keysort *from = *keys;
		for (size_t i = 0; i < count; i++)
			at[byte_of(&from[i], shift) + 1]++;
		/* The same in all of them. */
		if (!count || at[byte_of(&from[0], shift) + 1] == count)
			continue;
		for (size_t i = 1; i < 256; i++)
			at[i] += at[i - 1];
		for (size_t i = 0; i < count; i++)
			to[at[byte_of(&from[i], shift)]++] = from[i];
		*keys = to;
		to = from;
	}
	free(to);
}
