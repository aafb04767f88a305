/*
 * The way back from a path to its object key, as the header of key_path.h has
 * it: it proves that no two keys share a path.
 */
#ifndef TESTS_SUPPORT_KEY_OF_PATH_H
#define TESTS_SUPPORT_KEY_OF_PATH_H

/* The key of a path; the caller frees. NULL if it is the path of no key. */
char *test_key_of_path(const char *path);

#endif
