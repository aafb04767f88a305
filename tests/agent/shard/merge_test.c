#include "agent/shard/merge.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

static void merged(const char *parts, const char *expected,
    void (*merge)(struct json_object *, const struct json_object *))
{
	cleanup(json_freep) struct json_object *all = test_json(parts);
	cleanup(json_freep) struct json_object *into = json_new_array();

	for (size_t i = 0; i < json_len(all); i++)
		merge(into, json_at(all, i));
	assert_json(into, expected);
}

static void counts_are_added_and_lists_follow_one_another(void **state)
{
	(void)state;
	merged("[[{\"kind\":\"git\",\"name\":\"git\",\"items\":1,\"bytes\":10,"
	       "\"missing\":0,\"started\":\"2026-01-02T00:00:05Z\","
	       "\"finished\":\"2026-01-02T00:00:09Z\","
	       "\"repositories\":[{\"name\":\"a\"}]}],"
	       "[],"
	       "[{\"kind\":\"kubernetes\",\"items\":3},"
	       "{\"kind\":\"git\",\"name\":\"git\",\"items\":2,\"bytes\":20,"
	       "\"missing\":1,\"started\":\"2026-01-02T00:00:04Z\","
	       "\"finished\":\"2026-01-02T00:00:08Z\","
	       "\"repositories\":[{\"name\":\"b\"},{\"name\":\"c\"}]}]]",
	    "[{\"kind\":\"git\",\"name\":\"git\",\"items\":3,\"bytes\":30,"
	    "\"missing\":1,\"started\":\"2026-01-02T00:00:04Z\","
	    "\"finished\":\"2026-01-02T00:00:09Z\","
	    "\"repositories\":[{\"name\":\"a\"},{\"name\":\"b\"},"
	    "{\"name\":\"c\"}]},"
	    "{\"kind\":\"kubernetes\",\"items\":3}]",
	    merge_sources);
}

/* A shard without a repository of its own still names the source. */
static void what_only_a_later_part_has_is_taken(void **state)
{
	(void)state;
	merged("[[{\"kind\":\"git\",\"items\":0}],"
	       "[{\"kind\":\"git\",\"items\":1,"
	       "\"repositories\":[{\"name\":\"a\"}]}]]",
	    "[{\"kind\":\"git\",\"items\":1,"
	    "\"repositories\":[{\"name\":\"a\"}]}]",
	    merge_sources);
}

static void each_failure_is_named_once(void **state)
{
	(void)state;
	merged("[[{\"what\":\"x\",\"reason\":\"r\"},\"y\"],"
	       "[{\"what\":\"x\",\"reason\":\"r\"},"
	       "{\"what\":\"x\",\"reason\":\"s\"},\"y\"]]",
	    "[{\"what\":\"x\",\"reason\":\"r\"},\"y\","
	    "{\"what\":\"x\",\"reason\":\"s\"}]",
	    merge_texts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counts_are_added_and_lists_follow_one_another),
	    cmocka_unit_test(what_only_a_later_part_has_is_taken),
	    cmocka_unit_test(each_failure_is_named_once),
	};

	return cmocka_run_group_tests_name("shard/merge", tests, NULL, NULL);
}
