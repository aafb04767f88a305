/* What is read of a target's list, item by item. */
#include "restore/plan/list.h"

#include "storage/base/buf.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>
#include <string.h>

static void note(void *ctx, const struct list_item *item)
{
	buf_printf(ctx, "%s/%s %s%s\n", item->namespace ? item->namespace : "-",
	    item->name, item->uid ? item->uid : "-",
	    item->terminates ? " ends" : "");
}

static void note_object(void *ctx, struct json_object *item)
{
	buf_printf(ctx, "%s\n", json_str(json_path(item, "data", "a", NULL)));
}

/* The items as the server gave them; what became of the list is in *rc. */
static char *read_list(const char *items, bool whole, int *rc, struct err *err)
{
	autofree char *text = str_printf(
	    KUBE_REPLY("200 OK", "{\"kind\":\"List\",\"metadata\":"
				 "{\"resourceVersion\":\"5\"},\"items\":[%s]}"),
	    items);
	struct script_reply reply = {.bytes = text, .close = 1};
	struct test_kube kube;
	struct buf seen = BUF_INIT;

	test_kube_start(&kube, &reply, 1);
	*rc = whole ? list_all(kube.client, "/api/v1/configmaps",
			  &kube.clock.clock, note_object, &seen, err)
		    : list_metadata(kube.client, "/api/v1/configmaps",
			  &kube.clock.clock, note, &seen, err);
	const char *request = script_server_request(kube.server, 0);
	assert_int_equal(
	    strstr(request, "as=PartialObjectMetadataList") != NULL, !whole);
	test_kube_stop(&kube);
	return buf_steal(&seen);
}

static void metadata_says_name_place_and_end(void **state)
{
	struct err err = ERR_INIT;
	int rc;
	autofree char *seen = read_list(
	    "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"1\"}},"
	    "{\"spec\":{\"metadata\":{\"name\":\"no\"}},"
	    "\"metadata\":{\"name\":\"b\"}},"
	    "{\"metadata\":{\"namespace\":\"n\"}},{\"kind\":\"x\"},"
	    "{\"metadata\":{\"name\":\"c\",\"deletionTimestamp\":"
	    "\"2026-01-01T00:00:00Z\"}}",
	    false, &rc, &err);

	(void)state;
	assert_ok(rc, err);
	assert_string_equal(seen, "n/a 1\n-/b -\n-/c - ends\n");
}

static void what_follows_has_nothing_of_what_came_before(void **state)
{
	struct err err = ERR_INIT;
	int rc;
	autofree char *seen = read_list(
	    "{\"metadata\":{\"name\":\"a-long-name\",\"namespace\":\"long\","
	    "\"uid\":\"long\"}},{\"metadata\":{\"name\":\"\\u0062\"}}",
	    false, &rc, &err);

	(void)state;
	assert_ok(rc, err);
	assert_string_equal(seen, "long/a-long-name long\n-/b -\n");
}

static void an_item_that_is_no_json_ends_the_list(void **state)
{
	struct err err = ERR_INIT;
	int rc;
	autofree char *seen = read_list(
	    "{\"metadata\":{\"name\":\"a\"}},{\"metadata\":{\"name\":tru}}",
	    false, &rc, &err);

	(void)state;
	assert_int_equal(rc, -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_string_equal(seen, "-/a -\n");
}

static void a_whole_list_gives_objects(void **state)
{
	struct err err = ERR_INIT;
	int rc;
	autofree char *seen =
	    read_list("{\"metadata\":{\"name\":\"a\"},\"data\":{\"a\":\"1\"}}",
		true, &rc, &err);

	(void)state;
	assert_ok(rc, err);
	assert_string_equal(seen, "1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(metadata_says_name_place_and_end),
	    cmocka_unit_test(what_follows_has_nothing_of_what_came_before),
	    cmocka_unit_test(an_item_that_is_no_json_ends_the_list),
	    cmocka_unit_test(a_whole_list_gives_objects),
	};

	return cmocka_run_group_tests_name("plan/list", tests, NULL, NULL);
}
