#include "restore/kube/managers.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/appliers.h"

#include <stdlib.h>

/* What the object is to have: [VERSION], once for each of `times`. */
struct made {
	int times;
};

static struct json_object *make(void *ctx, const struct json_object *live)
{
	struct made *m = ctx;
	struct json_object *all = json_new_array();

	if (m->times-- <= 0) {
		json_free(all);
		return NULL;
	}
	json_append(all, json_new_str(json_str(json_path(
			     live, "metadata", "resourceVersion", NULL))));
	return all;
}

#define OBJECT(VERSION) "{\"metadata\":{\"resourceVersion\":\"" VERSION "\"}}"
#define DONE                                                                   \
	{                                                                      \
		.to = "PATCH ", .close = 1,                                    \
		.bytes = KUBE_REPLY("200 OK", OBJECT("9"))                     \
	}
#define CONFLICT                                                               \
	{                                                                      \
		.to = "PATCH ", .close = 1,                                    \
		.bytes =                                                       \
		    KUBE_REPLY("409 Conflict", "{\"message\":\"modified\"}")   \
	}
#define NEWER                                                                  \
	{                                                                      \
		.to = "GET ", .close = 1,                                      \
		.bytes = KUBE_REPLY("200 OK", OBJECT("8"))                     \
	}

static int write_to(struct test_applier *t, const struct script_reply *replies,
    size_t count, int times, char **version, struct err *err)
{
	cleanup(json_freep) struct json_object *seen = test_json(OBJECT("7"));
	struct made m = {.times = times};

	test_applier_init(t);
	test_applier_start(t, replies, count);
	*err = (struct err)ERR_INIT;
	return managers_write(
	    t->a, 0, "/api/v1/namespaces/ns/x/a", seen, make, &m, version, err);
}

static void nothing_is_sent_where_nothing_is_to_change(void **state)
{
	struct test_applier t;
	autofree char *version = NULL;
	struct err err;

	(void)state;
	assert_ok(write_to(&t, NULL, 0, 0, &version, &err), err);
	assert_string_equal(version, "7");
	assert_int_equal(script_server_count(t.kube.server), 0);
	test_applier_done(&t);
}

/* Only of the version that was seen, and nothing but that. */
static void they_are_written_to_what_was_seen(void **state)
{
	static const struct script_reply replies[] = {DONE};
	struct test_applier t;
	autofree char *version = NULL;
	struct err err;

	(void)state;
	assert_ok(write_to(&t, replies, 1, 1, &version, &err), err);
	assert_string_equal(version, "9");
	assert_contains(script_server_request(t.kube.server, 0),
	    "{\"metadata\":{\"resourceVersion\":\"7\",\"managedFields\":"
	    "[\"7\"]}}");
	test_applier_done(&t);
}

static void one_that_changed_is_made_of_what_it_is_then(void **state)
{
	static const struct script_reply replies[] = {CONFLICT, NEWER, DONE};
	struct test_applier t;
	struct err err;

	(void)state;
	assert_ok(write_to(&t, replies, 3, 9, NULL, &err), err);
	assert_int_equal(script_server_count(t.kube.server), 3);
	assert_contains(script_server_request(t.kube.server, 2),
	    "\"resourceVersion\":\"8\",\"managedFields\":[\"8\"]");
	test_applier_done(&t);
}

static void one_that_always_changes_is_given_up(void **state)
{
	static const struct script_reply replies[] = {CONFLICT, NEWER, CONFLICT,
	    NEWER, CONFLICT, NEWER, CONFLICT, NEWER, CONFLICT, NEWER, DONE};
	struct test_applier t;
	struct err err;

	(void)state;
	assert_int_equal(write_to(&t, replies, 11, 99, NULL, &err), -1);
	assert_contains(err.message, "409");
	/* Five attempts, and what was read between them. */
	assert_int_equal(script_server_count(t.kube.server), 9);
	test_applier_done(&t);
}

static void a_refusal_is_not_tried_again(void **state)
{
	static const struct script_reply denied = {
	    .close = 1, .bytes = KUBE_REPLY("403 Forbidden", "{}")};
	struct test_applier t;
	struct err err;

	(void)state;
	assert_int_equal(write_to(&t, &denied, 1, 9, NULL, &err), -1);
	assert_int_equal(err.code, ERR_DENIED);
	assert_int_equal(script_server_count(t.kube.server), 1);
	test_applier_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_is_sent_where_nothing_is_to_change),
	    cmocka_unit_test(they_are_written_to_what_was_seen),
	    cmocka_unit_test(one_that_changed_is_made_of_what_it_is_then),
	    cmocka_unit_test(one_that_always_changes_is_given_up),
	    cmocka_unit_test(a_refusal_is_not_tried_again),
	};

	return cmocka_run_group_tests_name("kube/managers", tests, NULL, NULL);
}
