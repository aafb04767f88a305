#include "restore/objects/snapshot_source.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#define SNAPSHOT(source, status)                                               \
	"{\"apiVersion\":\"snapshot.storage.k8s.io/v1\",\"kind\":"             \
	"\"VolumeSnapshot\",\"metadata\":{\"name\":\"s\"},\"spec\":{"          \
	"\"source\":" source "},\"status\":" status "}"
#define CONTENT(source, more)                                                  \
	"{\"apiVersion\":\"snapshot.storage.k8s.io/v1\",\"kind\":"             \
	"\"VolumeSnapshotContent\",\"metadata\":{\"name\":\"c\"},\"spec\":{"   \
	"\"source\":" source ",\"volumeSnapshotRef\":{\"name\":\"s\"" more     \
	"}},\"status\":{\"snapshotHandle\":\"h\"}}"

static void assert_settled(const char *text, bool changes, const char *becomes)
{
	cleanup(json_freep) struct json_object *object = test_json(text);
	cleanup(json_freep) struct json_object *wanted = test_json(becomes);

	assert_int_equal(snapshot_source_settle(object), changes);
	assert_true(json_equal(object, wanted));
}

static void what_was_taken_names_its_content_or_its_handle(void **state)
{
	(void)state;
	assert_settled(SNAPSHOT("{\"persistentVolumeClaimName\":\"p\"}",
			   "{\"boundVolumeSnapshotContentName\":\"c\"}"),
	    true,
	    SNAPSHOT("{\"volumeSnapshotContentName\":\"c\"}",
		"{\"boundVolumeSnapshotContentName\":\"c\"}"));
	assert_settled(CONTENT("{\"volumeHandle\":\"v\"}", ",\"uid\":\"u\""),
	    true, CONTENT("{\"snapshotHandle\":\"h\"}", ""));
}

static void what_was_not_taken_and_what_is_no_snapshot_stays(void **state)
{
	static const char *const same[] = {
	    SNAPSHOT("{\"persistentVolumeClaimName\":\"p\"}", "{}"),
	    SNAPSHOT("{\"persistentVolumeClaimName\":\"p\"}",
		"{\"boundVolumeSnapshotContentName\":\"\"}"),
	    SNAPSHOT("{\"volumeSnapshotContentName\":\"c\"}",
		"{\"boundVolumeSnapshotContentName\":\"c\"}"),
	    SNAPSHOT("7", "[]"),
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"spec\":{"
	    "\"source\":{\"persistentVolumeClaimName\":\"p\"}},\"status\":{"
	    "\"boundVolumeSnapshotContentName\":\"c\"}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
		assert_settled(same[i], false, same[i]);
}

static void what_is_there_keeps_how_it_was_made(void **state)
{
	cleanup(json_freep) struct json_object *wanted =
	    test_json(CONTENT("{\"snapshotHandle\":\"h\"}", ""));
	cleanup(json_freep) struct json_object *live =
	    test_json(CONTENT("{\"volumeHandle\":\"v\"}", ",\"uid\":\"u\""));
	cleanup(json_freep) struct json_object *other =
	    test_json(CONTENT("{\"snapshotHandle\":\"i\"}", ""));

	(void)state;
	snapshot_source_keep(other, live);
	assert_string_equal(
	    json_str(json_pointer(other, "/spec/source/snapshotHandle")), "i");
	snapshot_source_keep(wanted, live);
	assert_true(json_equal(wanted, live));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_taken_names_its_content_or_its_handle),
	    cmocka_unit_test(what_was_not_taken_and_what_is_no_snapshot_stays),
	    cmocka_unit_test(what_is_there_keeps_how_it_was_made),
	};

	return cmocka_run_group_tests_name(
	    "snapshot_source", tests, NULL, NULL);
}
