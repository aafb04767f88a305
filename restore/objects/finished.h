/*
 * Whether an object is a run (of a pipeline, a backup, a migration), and
 * whether it has ended: what has ended must not be done a second time. A
 * restored object starts without its status, so the captured one decides. Which
 * fields count is in the table of rules. An object of a kind that the table
 * does not list is an ended run if its status reports an end, and either the
 * time of that end is there too or the name of the kind is that of a run. An
 * object that merely reports success (a volume, an installed chart) has
 * neither. Without a status, a kind with the name of a run has not begun.
 * Pure.
 */
#ifndef RESTORE_OBJECTS_FINISHED_H
#define RESTORE_OBJECTS_FINISHED_H

struct json_object;
struct ruleset;

enum finished_state {
	FINISHED_NO_RUN,    /* or nothing tells that it is one */
	FINISHED_NOT_BEGUN, /* it has no status, and would be begun */
	FINISHED_NOT_YET,
	FINISHED_ENDED,
};

/* The general rule is that of the system "runs". */
enum finished_state finished_state(
    struct json_object *object, const struct ruleset *rules);

#endif
