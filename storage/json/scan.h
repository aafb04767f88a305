/*
 * Scans JSON text in place, without a tree: strict (RFC 8259, valid UTF-8,
 * depth up to the cap), so that what was scanned can be kept byte for byte.
 * Pure; the text need not end in a NUL.
 */
#ifndef STORAGE_JSON_SCAN_H
#define STORAGE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum { JSON_SCAN_MAX_DEPTH = 500 };

/* A part of the text. For a string, what is between its quotes, still escaped.
 * `at` is NULL if there is none. */
struct json_range {
	const char *at;
	size_t len;
};

/* Compares without decoding: a key with escapes equals nothing. */
bool json_range_is(struct json_range string, const char *text);

struct json_scan {
	const char *text;
	const char *at;
	const char *end;
	const char *wrong; /* what is wrong at `at`; NULL while nothing is */
	unsigned depth;
	/* Called for each member whose key is one of `watched` and whose value
	 * is a string, at any depth; may be NULL. */
	const char *const *watched; /* ended by NULL */
	void (*on_watched)(void *ctx, size_t which, struct json_range value);
	void *ctx;
};

void json_scan_init(struct json_scan *s, const char *text, size_t len);

/* All of these return false once something is wrong. */
bool json_scan_value(struct json_scan *s); /* skips one value of any kind */
bool json_scan_string(struct json_scan *s, struct json_range *out);
bool json_scan_end(struct json_scan *s); /* nothing but white space follows */

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
