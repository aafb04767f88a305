#include "tests/support/facts.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

struct facts test_facts(const char *text)
{
	struct facts f = FACTS_INIT;

	if (text) {
		cleanup(json_freep) struct json_object *j = test_json(text);
		facts_from_tree(&f, j);
	}
	return f;
}

void assert_facts(const struct facts *f, const char *expected)
{
	cleanup(json_freep) struct json_object *j = facts_tree(f);

	assert_json(j, expected);
}
