/*
 * How an object is held until the restore lets it go, by the table of pauses
 * (rules.h): what is written, what stood there before, and what gives that
 * back. Pure.
 */
#ifndef RESTORE_OBJECTS_PAUSE_H
#define RESTORE_OBJECTS_PAUSE_H

#include "restore/objects/ruleset.h"

#include <stdbool.h>
#include <stddef.h>

struct json_object;

enum { PAUSE_MAX = 3 }; /* rules for one object */

/* Whether objects of a kind (pattern) are among what is restored. */
typedef bool pause_restores_fn(void *ctx, const char *kind);

struct pause_question {
	const char *group;
	const char *kind;
	const struct ruleset *rules;
	pause_restores_fn *restores;
	void *ctx;
};

/* The rules by which the object is to be paused, at most PAUSE_MAX, each once
 * for its place. One that its owner had paused already is not ours to pause. */
size_t pause_find(struct json_object *object, const struct pause_question *q,
    const struct rule_pause **out);

/* Whether it is paused already, by one of the rules for it. */
bool pause_is_set(struct json_object *object, const struct pause_question *q);

/* Whether its controller takes it for paused by that rule. */
bool pause_is_on(struct json_object *object, const struct rule_pause *rule);

/* What stands at the place, as JSON text; NULL where nothing does. The
 * caller's. */
char *pause_before(struct json_object *object, const struct rule_pause *rule);

void pause_set(struct json_object *object, const struct rule_pause *rule);

/* A pause that was made, as a journal keeps it; all borrowed. */
struct pause_made {
	const char *pointer;
	const char *annotation; /* or NULL */
	const char *paused;	/* JSON text; NULL: true, or "true" */
	const char *before;	/* JSON text, or NULL: nothing stood there */
};
/* Whether what we wrote is still there. */
bool pause_still_stands(
    struct json_object *object, const struct pause_made *made);
/* A merge patch that puts back what stood there before; the caller's. */
struct json_object *pause_release(const struct pause_made *made);

#endif
