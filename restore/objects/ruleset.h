/*
 * The rules in force: those of the configuration first, then the built-in
 * tables (rules.h) without the systems that are not to be treated. What the
 * configuration says of a kind stands in place of what the tables say.
 *
 * The words are those in which the tables are printed:
 *   pause     "POINTER" (set to true), "POINTER=VALUE" or "none"; VALUE is
 *             JSON, or else a text; a member of a map of annotations is a text
 *   by_replicas  pattern of the image of the controller, whose Deployment comes
 *             without replicas until the release
 *   finished  a condition that is "True", "POINTER" (any text, or true),
 *             "POINTER=WORD|WORD" or "never"
 *   ready     a condition, or "none"
 */
#ifndef RESTORE_OBJECTS_RULESET_H
#define RESTORE_OBJECTS_RULESET_H

#include "restore/objects/rules.h"
#include "storage/base/vec.h"

struct json_object;

enum ruleset_choice {
	RULESET_UNSET,
	RULESET_YES,
	RULESET_NO,
};
enum { RULESET_LAST_UNSET = -1 };

/* What the configuration says about a kind; borrowed while a set is made. NULL,
 * RULESET_UNSET, RULESET_LAST_UNSET: nothing. */
struct ruleset_rule {
	const char *kind; /* pattern */
	const char *pause;
	const char *by_replicas;
	enum ruleset_choice status;
	const char *finished;
	enum ruleset_choice derived;
	int last; /* 0: with the others; else a tier */
	const char *ready;
};

struct ruleset_options {
	const struct ruleset_rule *rules;
	size_t count;
	const struct strvec *exclude_kinds; /* patterns; or NULL */
	const struct strvec *without;	    /* systems; or NULL */
};

struct ruleset {
	VEC_DEFINE(, struct rule_pause) pauses;
	VEC_DEFINE(, struct rule_ready) readies;
	VEC_DEFINE(, struct rule_status) statuses;
	VEC_DEFINE(, struct rule_last) lasts;
	VEC_DEFINE(, struct rule_finished) finished;
	VEC_DEFINE(, struct rule_derived) derived;
	struct strvec excluded;
	const struct strvec *without; /* borrowed */
	struct strvec texts;	      /* of the rules of the configuration */
};
#define RULESET_INIT                                                           \
	{                                                                      \
		.pauses = VEC_INIT                                             \
	}

/* 0, or -1 with ERR_USAGE that names the setting and the fault. To be released
 * in any case. */
int ruleset_init(
    struct ruleset *s, const struct ruleset_options *o, struct err *err);
void ruleset_done(struct ruleset *s);

/* Whether a rule is from the configuration; `system` is that of a rule. */
bool ruleset_is_configured(const char *system);

/* The answers for one kind; see rules.h for what each means. */
bool ruleset_excludes(
    const struct ruleset *s, const char *group, const char *kind);
bool ruleset_status(const struct ruleset *s, const char *group,
    const char *kind, struct json_object *object);
/* 0: none. */
int ruleset_tier(const struct ruleset *s, const char *group, const char *kind);
/* The condition after `*at` (0 to begin with), which is moved on; NULL: no
 * more. */
const struct rule_ready *ruleset_ready(
    const struct ruleset *s, const char *group, const char *kind, size_t *at);

#endif
