/* What somebody may have meant: "did you mean 'compression'?" */
#ifndef STORAGE_BASE_CLOSEST_H
#define STORAGE_BASE_CLOSEST_H

/* The member of `words` (ended by NULL) that differs from the word in a few
 * letters, or NULL. Borrowed. */
const char *closest_word(const char *word, const char *const *words);

/* "; did you mean '<prefix><meant>'?", or "" where meant is NULL; the caller
 * frees. */
char *closest_hint(const char *prefix, const char *meant);

#endif
