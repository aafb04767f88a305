#include "storage/kube/repeat.h"

#include <string.h>

/* How much of an item identifies it: its name is in there. */
enum { PRINTED_BYTES = 512 };

static uint64_t add_print(uint64_t print, const char *item, size_t len)
{
	size_t n = len < PRINTED_BYTES ? len : PRINTED_BYTES;
	uint64_t word = 0;

	/* Like FNV-1a, but eight bytes at a time. It detects a page that
	 * changed, not a forgery. */
	for (size_t i = 0; i < n; i += sizeof(word)) {
		word = 0;
		memcpy(&word, item + i,
		    n - i < sizeof(word) ? n - i : sizeof(word));
		print = (print ^ word) * 0x100000001b3ULL;
		print ^= print >> 29;
	}
	return (print ^ len) * 0x100000001b3ULL;
}

void kube_repeat_attempt(struct kube_repeat *r)
{
	r->seen = 0;
	r->seen_print = 0;
}

enum kube_repeat_verdict kube_repeat_item(
    struct kube_repeat *r, const char *item, size_t len)
{
	r->seen++;
	r->seen_print = add_print(r->seen_print, item, len);
	if (r->seen > r->delivered) {
		r->delivered = r->seen;
		r->delivered_print = r->seen_print;
		return KUBE_REPEAT_NEW;
	}
	if (r->seen < r->delivered || r->seen_print == r->delivered_print)
		return KUBE_REPEAT_KNOWN;
	return KUBE_REPEAT_CHANGED;
}
