/*
 * Objects that are not restored, because the server or a controller makes them
 * itself. Pure.
 */
#ifndef RESTORE_OBJECTS_EXCLUDE_H
#define RESTORE_OBJECTS_EXCLUDE_H

#include <stdbool.h>

struct json_object;
struct ruleset;

struct exclude_options {
	bool derived;  /* restore what a controller makes again, too */
	bool finished; /* and what has ended */
	const struct ruleset *rules;
};

struct exclude {
	const char *reason; /* of static life; NULL: it is restored */
	/* Nothing takes its place, so that what it owns would go with it:
	 * that is left out, too. */
	bool with_owned;
};
struct exclude exclude_object(
    struct json_object *object, const struct exclude_options *o);

/* What other objects of the snapshot decide: it is left out where one of them
 * is found by this name of group "@" (see references.h). */
struct exclude_condition {
	const char *kind;      /* NULL: there is no such name */
	const char *namespace; /* both borrowed from the object */
	const char *name;
	bool sources; /* and finds all that it holds to itself */
	const char *reason;
};
struct exclude_condition exclude_condition(
    const struct json_object *object, const struct exclude_options *o);

/* Whether a kind is one of those that a controller makes, so that it need not
 * be in a snapshot and yet has owned what is. */
bool exclude_is_made_kind(const char *group, const char *kind);

/* Whether the name is one that the control plane gives to a Secret that it
 * makes for a ServiceAccount; name may be NULL. */
bool exclude_is_made_secret(const char *name, const char *account);

#endif
