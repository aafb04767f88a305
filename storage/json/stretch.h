/*
 * Finds where a JSON value ends that arrives in pieces. Only strings and
 * brackets are recognised, which is fast; whether the value is valid is checked
 * once it is complete (scan.h). Pure.
 */
#ifndef STORAGE_JSON_STRETCH_H
#define STORAGE_JSON_STRETCH_H

#include <stdbool.h>
#include <stddef.h>

/* The state at the end of the last piece. */
struct json_stretch {
	size_t depth; /* of brackets that are open */
	bool in_string;
	bool escaped; /* the byte before was a backslash in a string */
};

/* Each skips as many bytes of data as belong to the value and returns their
 * number: a string up to its end, where in_string becomes false; a collection
 * up to where depth becomes 0; a number or a word. */
size_t json_stretch_string(
    struct json_stretch *s, const char *data, size_t len);
size_t json_stretch_collection(
    struct json_stretch *s, const char *data, size_t len);
size_t json_stretch_scalar(const char *data, size_t len);

#endif
