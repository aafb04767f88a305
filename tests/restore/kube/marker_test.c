#include "restore/kube/marker.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static struct marker sample(enum marker_state state)
{
	return (struct marker){.platform = str_dup("p"),
	    .snapshot = str_dup("p-20261129T101355Z"),
	    .restore = str_dup("0011"),
	    .cluster = str_dup("uid"),
	    .state = state,
	    .version = str_dup("7")};
}

static void what_is_written_is_read_again(void **state)
{
	(void)state;
	for (int s = MARKER_RESTORING; s <= MARKER_RESTORED; s++) {
		cleanup(marker_done) struct marker m =
		    sample((enum marker_state)s);
		cleanup(marker_done) struct marker again = {.platform = NULL};
		cleanup(json_freep) struct json_object *object =
		    marker_write(&m);
		struct err err = ERR_INIT;

		assert_ok(marker_parse(object, &again, &err), err);
		assert_int_equal(again.state, s);
		assert_string_equal(again.platform, m.platform);
		assert_string_equal(again.snapshot, m.snapshot);
		assert_string_equal(again.restore, m.restore);
		assert_string_equal(again.cluster, m.cluster);
		assert_string_equal(again.version, m.version);
	}
}

static void what_somebody_edited_is_refused(void **state)
{
	(void)state;
	static const char *const members[] = {
	    "platform", "snapshot", "restore", "state", "cluster", "sha256"};

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		for (int gone = 0; gone < 2; gone++) {
			cleanup(marker_done) struct marker m =
			    sample(MARKER_RESTORED);
			cleanup(marker_done) struct marker read = {
			    .platform = NULL};
			cleanup(json_freep) struct json_object *object =
			    marker_write(&m);
			struct json_object *data = json_get(object, "data");
			struct err err = ERR_INIT;

			if (gone)
				json_remove(data, members[i]);
			else
				json_set_str(data, members[i], "restoring");
			assert_fails(marker_parse(object, &read, &err), err,
			    ERR_INTEGRITY);
			assert_contains(err.message, "has edited the marker");
		}
}

static void what_is_no_marker_is_refused(void **state)
{
	(void)state;
	static const char *const objects[] = {"{}", "[]", "{\"data\":null}",
	    "{\"data\":[1]}", "{\"data\":{\"state\":{}}}"};

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		cleanup(json_freep) struct json_object *object =
		    test_json(objects[i]);
		cleanup(marker_done) struct marker read = {.platform = NULL};
		struct err err = ERR_INIT;

		assert_fails(
		    marker_parse(object, &read, &err), err, ERR_INTEGRITY);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_again),
	    cmocka_unit_test(what_somebody_edited_is_refused),
	    cmocka_unit_test(what_is_no_marker_is_refused),
	};

	return cmocka_run_group_tests_name("marker", tests, NULL, NULL);
}
