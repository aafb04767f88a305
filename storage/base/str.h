/*
 * Strings. All functions that return `char *` return memory that the caller
 * frees.
 */
#ifndef STORAGE_BASE_STR_H
#define STORAGE_BASE_STR_H

#include "storage/base/buf.h"
#include "storage/base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Owned strings in a row; release with strvec_done. */
VEC_DEFINE(strvec, char *);
void strvec_done(struct strvec *v);
void strvec_add(struct strvec *v, const char *s); /* copies */
bool strvec_has(const struct strvec *v, const char *s);
void strvec_sort(struct strvec *v); /* by bytes */

char *str_dup(const char *s); /* NULL stays NULL */
char *str_ndup(const char *s, size_t len);
char *str_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool str_eq(const char *a, const char *b); /* two NULLs are equal */
/* Both return false if s is NULL. */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

/* Shell-style: `*` any run of characters ('/' too), `?` one. No brackets. */
bool str_glob(const char *pattern, const char *s);
/* The same of the first `len` bytes of a pattern. */
bool str_glob_n(const char *pattern, size_t len, const char *s);
bool str_is_glob(const char *s); /* it has a * or ? in it */

/* True where one of the patterns matches. */
bool str_glob_any(const struct strvec *patterns, const char *s);

bool str_utf8_valid(const char *s, size_t len);
/* Replaces each byte that is not UTF-8 by U+FFFD. */
void str_add_utf8(struct buf *b, const char *s, size_t len);

/* A whole decimal number, nothing before or after it, within 0..max. */
int str_parse_u64(const char *s, uint64_t max, uint64_t *out);

/* "1.5 GiB" and the like, for people. */
void str_add_bytes(struct buf *b, uint64_t bytes);

/* "1 repository", "2 repositories": the number with its noun. */
void str_add_count(
    struct buf *b, uint64_t count, const char *one, const char *many);

/* Replaces what moves a terminal, ends a line, or hides or turns text about, so
 * that outside text is safe to show. All that is printed passes here. */
void str_add_printable(struct buf *b, const char *s, size_t len);

/* How many columns UTF-8 occupies on a terminal, one for each character; and
 * how many bytes at its start fit into so many columns. */
size_t str_columns(const char *s);
size_t str_fit(const char *s, size_t columns);

#endif
