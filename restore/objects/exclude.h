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
	bool derived;  /* restore objects that a controller makes again, too */
	bool finished; /* and objects that have finished */
	const struct ruleset *rules;
};

struct exclude {
	const char *reason; /* a constant text; NULL: it is restored */
	/* Nothing replaces it, so the objects that it owns would be deleted:
	 * they are excluded, too. */
	bool with_owned;
};
struct exclude exclude_object(
    struct json_object *object, const struct exclude_options *o);

/* What other objects of the snapshot decide: the object is excluded if one of
 * them is found by this name of group "@" (see references.h). */
struct exclude_condition {
	const char *kind;      /* NULL: there is no such name */
	const char *namespace; /* both borrowed from the object */
	const char *name;
	bool sources; /* and only if that object decides about all of the
			 content, and nothing pushes it elsewhere */
	const char *reason;
};
struct exclude_condition exclude_condition(
    const struct json_object *object, const struct exclude_options *o);

/* Whether a kind is made by a controller, so that an object of it may own
 * others and yet not be in a snapshot. */
bool exclude_is_made_kind(const char *group, const char *kind);

/* Whether the control plane gives such names to the Secrets that it makes for a
 * ServiceAccount; name may be NULL. */
bool exclude_is_made_secret(const char *name, const char *account);

#endif
