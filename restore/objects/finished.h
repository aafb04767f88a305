/*
 * Whether an object is a run (of a pipeline, a backup, a migration) and how far
 * it had come: what has ended must not be done a second time. A restored object
 * starts without its past, so it is told by what it had said: by the places
 * that the table of rules names for a kind, and for kinds that nobody listed by
 * what runs have in common, which is an end that is told in their status and
 * either a time of that end or a kind that is called a run. An object that
 * merely reports success (a volume, an installed chart) has neither. Pure.
 */
#ifndef RESTORE_OBJECTS_FINISHED_H
#define RESTORE_OBJECTS_FINISHED_H

struct json_object;
struct ruleset;

enum finished_state {
	FINISHED_NO_RUN, /* or nothing tells that it is one */
	FINISHED_NOT_YET,
	FINISHED_ENDED,
};

/* The general rule is that of the system "runs". */
enum finished_state finished_state(
    struct json_object *object, const struct ruleset *rules);

#endif
