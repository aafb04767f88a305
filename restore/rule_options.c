#include "restore/rule_options.h"

#include "storage/base/cleanup.h"

int rule_options_init(
    struct ruleset *set, const struct settings_restore *r, struct err *err)
{
	static const enum ruleset_choice choices[] = {
	    [SETTINGS_UNSET] = RULESET_UNSET,
	    [SETTINGS_YES] = RULESET_YES,
	    [SETTINGS_NO] = RULESET_NO,
	};
	VEC_DEFINE(, struct ruleset_rule) rules = VEC_INIT;

	VEC_EACH (&r->rules, given)
		*vec_add(&rules) = (struct ruleset_rule){.kind = given->kind,
		    .pause = given->pause,
		    .by_replicas = given->by_replicas,
		    .status = choices[given->status],
		    .finished = given->finished,
		    .derived = choices[given->derived],
		    .last = given->last ? given->last - 1 : RULESET_LAST_UNSET,
		    .ready = given->ready};
	const struct ruleset_options options = {.rules = rules.items,
	    .count = rules.len,
	    .exclude_kinds = &r->exclude_kinds,
	    .without = &r->without_rules};
	int failed = ruleset_init(set, &options, err);
	vec_done(&rules);
	return failed;
}
