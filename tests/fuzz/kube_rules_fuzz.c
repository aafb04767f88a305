/* A rule of the configuration is refused with a reason, or can be asked of an
 * object of any shape; and what it pauses, it finds paused. */
#include "restore/objects/finished.h"
#include "restore/objects/object.h"
#include "restore/objects/pause.h"
#include "restore/objects/ruleset_rows.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ruleset_rule rule_of(const struct json_object *said)
{
	return (struct ruleset_rule){
	    .kind = json_get_str(said, "kind"),
	    .pause = json_get_str(said, "pause"),
	    .by_replicas = json_get_str(said, "by_replicas"),
	    .finished = json_get_str(said, "finished"),
	    .ready = json_get_str(said, "ready"),
	    .status = json_truth(json_get(said, "status"), false)
			  ? RULESET_YES
			  : RULESET_UNSET,
	    .derived = json_truth(json_get(said, "derived"), false)
			   ? RULESET_YES
			   : RULESET_UNSET,
	    .last = (int)json_get_int(said, "last", RULESET_LAST_UNSET) & 3,
	};
}

static bool restores_all(void *ctx, const char *kind)
{
	(void)ctx;
	(void)kind;
	return true;
}

/* Where a value stands that has no members, nothing can be written. */
static void pause(struct json_object *object, const struct rule_pause *rule)
{
	autofree char *before = pause_before(object, rule);
	const struct pause_made made = {.pointer = rule->pointer,
	    .annotation = rule->annotation,
	    .paused = rule->value,
	    .before = before};

	pause_set(object, rule);
	bool on = pause_is_on(object, rule);
	if (pause_still_stands(object, &made) && !on)
		__builtin_trap();
	json_free(pause_release(&made, object));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err ignored = ERR_INIT;
	cleanup(json_freep) struct json_object *input =
	    json_parse((const char *)data, size, &ignored);
	struct json_object *object = json_get(input, "object");
	const struct ruleset_rule rule = rule_of(json_get(input, "rule"));
	const struct ruleset_options o = {.rules = &rule, .count = 1};
	cleanup(ruleset_done) struct ruleset rules = RULESET_INIT;
	cleanup(ruleset_rows_done) struct ruleset_rows rows = VEC_INIT;
	const struct rule_pause *found[PAUSE_MAX];

	if (json_kind(object) != JSON_OBJECT || !rule.kind)
		return 0;
	if (ruleset_init(&rules, &o, &ignored)) {
		if (ignored.code != ERR_USAGE)
			__builtin_trap();
		return 0;
	}
	ruleset_rows_list(&rules, &rows);
	cleanup(object_identity_done) struct object_identity id =
	    object_identity(object);
	const struct pause_question q = {.group = id.group,
	    .kind = id.kind,
	    .rules = &rules,
	    .restores = restores_all};

	finished_state(object, &rules);
	ruleset_status(&rules, id.group, id.kind, object);
	pause_is_set(object, &q);
	size_t count = pause_find(object, &q, found);
	for (size_t i = 0; i < count; i++)
		pause(object, found[i]);
	return 0;
}
