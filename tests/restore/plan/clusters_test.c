/* The clusters of a manifest, of however many captures. */
#include "restore/plan/clusters.h"

#include "storage/base/json.h"
#include "tests/support/test.h"

static void all_captures_are_one_row(void **state)
{
	struct manifest m;

	(void)state;
	manifest_init(&m);
	json_free(m.sources);
	m.sources = test_json(
	    "[{\"kind\":\"kubernetes\",\"clusters\":[{\"name\":\"a\"},"
	    "{\"uid\":\"nameless\"},{\"name\":\"b\",\"uid\":\"1\"}]},"
	    "{\"kind\":\"git\",\"repositories\":[{\"name\":\"r\"}]},"
	    "{\"kind\":\"kubernetes\",\"clusters\":[{\"name\":\"c\"}]}]");
	assert_string_equal(json_get_str(clusters_at(&m, 0), "name"), "a");
	assert_string_equal(json_get_str(clusters_at(&m, 1), "name"), "b");
	assert_string_equal(json_get_str(clusters_at(&m, 2), "name"), "c");
	assert_null(clusters_at(&m, 3));
	assert_string_equal(json_get_str(clusters_named(&m, "b"), "uid"), "1");
	assert_null(clusters_named(&m, "r"));
	manifest_done(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_captures_are_one_row),
	};

	return cmocka_run_group_tests_name("plan/clusters", tests, NULL, NULL);
}
