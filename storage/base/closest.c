#include "storage/base/closest.h"

#include "storage/base/str.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap of neighbours) from a to b. A word that
 * is too long for the table is close to nothing. */
static size_t distance(const char *a, const char *b)
{
	enum { MAX = 40 };
	size_t n = strlen(a), m = strlen(b), d[MAX + 1][MAX + 1];

	if (n > MAX || m > MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= n; i++) {
		for (size_t j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			size_t same = a[i - 1] == b[j - 1] ? 0 : 1;
			d[i][j] = least(d[i - 1][j - 1] + same,
			    least(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[n][m];
}

const char *closest_word(const char *word, const char *const *words)
{
	const char *best = NULL;
	size_t best_distance = strlen(word) / 3 + 1;

	for (; *words; words++) {
		size_t d = distance(word, *words);
		if (d > best_distance || (best && d == best_distance))
			continue;
		best = *words;
		best_distance = d;
	}
	return best;
}

char *closest_hint(const char *prefix, const char *meant)
{
	return meant ? str_printf("; did you mean '%s%s'?", prefix, meant)
		     : str_dup("");
}
