/*
 * Walking over JSON text in place, without a tree: strict (RFC 8259, valid
 * UTF-8, no depth beyond the cap), so that what was walked over can be kept
 * byte for byte. Pure; the text need not end in a NUL.
 */
#ifndef STORAGE_JSON_SCAN_H
#define STORAGE_JSON_SCAN_H

#include "storage/json/range.h"

#include <stdbool.h>
#include <stddef.h>

enum { KUBE_SCAN_MAX_DEPTH = 500 };

struct kube_scan {
	const char *text;
	const char *at;
	const char *end;
	const char *wrong; /* what was wrong at `at`; NULL while all is well */
	unsigned depth;
	/* Told of each member whose key is one of `watched` and whose value is
	 * a string, at any depth; may be NULL. */
	const char *const *watched; /* ended by NULL */
	void (*on_watched)(void *ctx, size_t which, struct kube_range value);
	void *ctx;
};

void kube_scan_init(struct kube_scan *s, const char *text, size_t len);

/* All of these are false once something was wrong. */
bool kube_scan_value(struct kube_scan *s); /* over one value of any kind */
bool kube_scan_string(struct kube_scan *s, struct kube_range *out);
bool kube_scan_end(struct kube_scan *s); /* nothing but white space is left */

void kube_scan_space(struct kube_scan *s); /* over white space */
/* Whether a value of this kind comes next: one of { [ " and so on. */
bool kube_scan_next_is(struct kube_scan *s, char c);

/* Over an object, member by member:
 *     if (!kube_scan_open(s)) ...;
 *     while (kube_scan_member(s, &first, &key))
 *             kube_scan_value(s);
 *     if (s->wrong) ...;
 * `first` starts as true. After the last member the object is closed. */
bool kube_scan_open(struct kube_scan *s);
bool kube_scan_member(struct kube_scan *s, bool *first, struct kube_range *key);

#endif
