/*
 * Walking over JSON text in place, without a tree: strict (RFC 8259, valid
 * UTF-8, no depth beyond the cap), so that what was walked over can be kept
 * byte for byte. Pure; the text need not end in a NUL.
 */
#ifndef STORAGE_JSON_SCAN_H
#define STORAGE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum { JSON_SCAN_MAX_DEPTH = 500 };

/* A stretch of the text; a string's is what stands between its quotes, still
 * escaped. `at` NULL: there is none. */
struct json_range {
	const char *at;
	size_t len;
};

/* Compares without decoding: a key with escapes is equal to nothing. */
bool json_range_is(struct json_range string, const char *text);

struct json_scan {
	const char *text;
	const char *at;
	const char *end;
	const char *wrong; /* what was wrong at `at`; NULL while all is well */
	unsigned depth;
	/* Told of each member whose key is one of `watched` and whose value is
	 * a string, at any depth; may be NULL. */
	const char *const *watched; /* ended by NULL */
	void (*on_watched)(void *ctx, size_t which, struct json_range value);
	void *ctx;
};

void json_scan_init(struct json_scan *s, const char *text, size_t len);

/* All of these are false once something was wrong. */
bool json_scan_value(struct json_scan *s); /* over one value of any kind */
bool json_scan_string(struct json_scan *s, struct json_range *out);
bool json_scan_end(struct json_scan *s); /* nothing but white space is left */

void json_scan_space(struct json_scan *s); /* over white space */
/* Whether a value of this kind comes next: one of { [ " and so on. */
bool json_scan_next_is(struct json_scan *s, char c);

/* Over an object, member by member:
 *     if (!json_scan_open(s)) ...;
 *     while (json_scan_member(s, &first, &key))
 *             json_scan_value(s);
 *     if (s->wrong) ...;
 * `first` starts as true. After the last member the object is closed. */
bool json_scan_open(struct json_scan *s);
bool json_scan_member(struct json_scan *s, bool *first, struct json_range *key);

#endif
