/* What no compiler says of a row of a table: that it can apply at all. */
#include "restore/objects/rules.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void assert_system(const char *system)
{
	if (!rules_system_known(system))
		fail_msg("'%s' is no system that can be left out", system);
}

/* "Kind.group" of letters that kinds have, or a pattern of one. */
static void assert_kind(const char *kind)
{
	size_t len = kind ? strlen(kind) : 0;

	if (!len || *kind == '.' || kind[len - 1] == '.' ||
	    strspn(kind, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789.-*?") != len)
		fail_msg("'%s' is no pattern of a kind", kind ? kind : "");
}

static void assert_pointer(const char *pointer)
{
	if (pointer && *pointer != '/')
		fail_msg("'%s' is no pointer", pointer);
}

static void each_edge_can_lead_somewhere(void **state)
{
	(void)state;
	for (const struct rule_edge *r = rules_edges; r->system; r++) {
		bool one = r->to && !strchr(r->to, '*') && !strchr(r->to, '?');

		assert_system(r->system);
		assert_pointer(r->pointer);
		if (!str_starts(r->from, "@"))
			assert_kind(r->from);
		else
			assert_string_equal(r->from, "@pod");
		if (!one)
			fail_msg("%s %s leads to '%s'", r->from, r->pointer,
			    r->to ? r->to : "");
	}
}

/* A value is JSON; an annotation is a text. */
static void each_pause_can_be_written(void **state)
{
	(void)state;
	for (const struct rule_pause *r = rules_pauses; r->system; r++) {
		assert_system(r->system);
		assert_pointer(r->pointer);
		assert_pointer(r->where);
		if (r->image)
			assert_kind(r->acts_on);
		assert_kind(r->kind);
		if (!r->value)
			continue;
		/* A number has to end for the parser. */
		autofree char *text = str_printf("%s ", r->value);
		cleanup(json_freep) struct json_object *value = test_json(text);
		if (r->annotation && json_kind(value) != JSON_STRING)
			fail_msg("%s: %s", r->kind, r->value);
	}
}

static void all_others_name_systems_kinds_and_pointers(void **state)
{
	(void)state;
	for (const struct rule_ready *r = rules_readies; r->system; r++) {
		assert_system(r->system);
		assert_kind(r->kind);
	}
	for (const struct rule_status *r = rules_statuses; r->system; r++) {
		assert_system(r->system);
		assert_kind(r->kind);
		assert_pointer(r->where);
	}
	for (const struct rule_last *r = rules_lasts; r->system; r++) {
		assert_system(r->system);
		assert_kind(r->kind);
		assert_in_range(r->tier, 1, RULES_TIERS);
	}
	for (const struct rule_namespace *r = rules_namespaces; r->system;
	     r++) {
		assert_system(r->system);
		assert_kind(r->kind);
		assert_pointer(r->pointer);
	}
	for (const struct rule_finished *r = rules_finished; r->system; r++) {
		assert_system(r->system);
		assert_kind(r->kind);
		assert_pointer(r->pointer);
		assert_pointer(r->unless);
		if (!r->never && !r->condition && !r->pointer)
			fail_msg("%s never finishes", r->kind);
	}
	for (const struct rule_derived *r = rules_derived; r->system; r++) {
		assert_system(r->system);
		assert_kind(r->kind);
		if (r->owner)
			assert_kind(r->owner);
	}
	for (const struct rule_key *r = rules_keys; r->system; r++) {
		assert_system(r->system);
		assert_true(r->label || r->name);
		assert_non_null(r->image);
	}
	for (const struct rule_renamed *r = rules_renamed; r->system; r++) {
		assert_system(r->system);
		assert_kind(r->kind);
		assert_string_not_equal(r->from_group, r->to_group);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_edge_can_lead_somewhere),
	    cmocka_unit_test(each_pause_can_be_written),
	    cmocka_unit_test(all_others_name_systems_kinds_and_pointers),
	};

	return cmocka_run_group_tests_name(
	    "objects/rules_data", tests, NULL, NULL);
}
