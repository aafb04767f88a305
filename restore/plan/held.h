/*
 * What of a plan is held until the release, what could not be, what is started
 * anew, and what had not begun: known before the first write, from the rules
 * (ruleset.h) and from what each object said when it was captured.
 */
#ifndef RESTORE_PLAN_HELD_H
#define RESTORE_PLAN_HELD_H

#include "restore/objects/pause.h"
#include "restore/plan/plan.h"

/* Notes it in a node, by its object as it will be in the target. */
void held_note(
    const struct plan *p, struct plan_node *n, struct json_object *object);
/* Once all kinds are known. */
void held_settle(struct plan *p);
/* Once it is known what the target has: a controller that is at work protects
 * nothing. */
void held_settle_live(struct plan *p);
/* Whether what the target has of a controller runs nowhere, as if held. */
bool held_is_at_rest(const struct plan *p, const struct plan_node *controller,
    struct json_object *live);
/* The rules by which an object is paused; see pause_find. */
size_t held_pauses(const struct plan *p, const struct plan_kind *k,
    struct json_object *object, const struct rule_pause **out);
/* Whether a controller that is held by its replicas acts on such an object. */
bool held_acts_on(
    const struct plan_node *controller, const struct plan_node *n);
/* How a node is held, for programs; NULL: it is not, and need not be. */
const char *held_word(const struct plan_node *n);
/* A line for each group that has members, appended: what is left out by its
 * reason, held, held by its controller, started anew, begun, and seen for a
 * moment without the status by which its controller knows what it owns. What
 * nothing holds is followed by what can be done about it. */
void held_lines(const struct plan *p, struct strvec *lines);

#endif
