/*
 * How an object is paused until the restore releases it, by the rules
 * (rules.h): what is written, what was there before, and what restores that.
 * Pure.
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

/* The rules by which the object is to be paused, at most PAUSE_MAX, each place
 * once. A pause that its owner had set is not ours. */
size_t pause_find(struct json_object *object, const struct pause_question *q,
    const struct rule_pause **out);

/* Whether it is paused already, by one of the rules for it. */
bool pause_is_set(struct json_object *object, const struct pause_question *q);

/* Whether its controller regards it as paused by that rule. */
bool pause_is_on(
    const struct json_object *object, const struct rule_pause *rule);

/* The value at the place, as JSON text; NULL if there is none. The caller
 * frees. */
char *pause_before(struct json_object *object, const struct rule_pause *rule);

/* The pointer of the outermost map that pause_set has to make for it, as
 * "/spec/syncPolicy"; NULL if there is one. The caller frees. */
char *pause_new_map(struct json_object *object, const struct rule_pause *rule);

void pause_set(struct json_object *object, const struct rule_pause *rule);

/* Takes away the place that pause_set writes to. */
void pause_remove(struct json_object *object, const struct rule_pause *rule);

/* A pause that was made, as a journal keeps it; all borrowed. */
struct pause_made {
	const char *pointer;
	const char *annotation; /* or NULL */
	const char *paused;	/* JSON text; NULL: true, or "true" */
	const char *before;	/* JSON text, or NULL: there was no value */
	const char *map;	/* of pause_new_map, or NULL */
};
/* Whether the value that we wrote is still there. */
bool pause_still_stands(
    const struct json_object *object, const struct pause_made *made);
/* A merge patch that restores the value before, and leaves no empty map behind
 * that was made for it; the caller frees. */
struct json_object *pause_release(
    const struct pause_made *made, struct json_object *live);

#endif
