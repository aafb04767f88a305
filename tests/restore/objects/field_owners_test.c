#include "restore/objects/field_owners.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

#define MANAGED(LIST)                                                          \
	"{\"metadata\":{\"name\":\"a\",\"managedFields\":[" LIST "]}"
#define ENTRY(NAME, OPERATION, FIELDS)                                         \
	"{\"manager\":\"" NAME "\",\"operation\":\"" OPERATION                 \
	"\",\"apiVersion\":\"v1\",\"time\":\"2026-01-01T00:00:00Z\","          \
	"\"fieldsV1\":" FIELDS "}"
#define STATUS                                                                 \
	"{\"manager\":\"controller\",\"operation\":\"Update\","                \
	"\"time\":\"2026-01-02T00:00:00Z\",\"fieldsV1\":{},"                   \
	"\"subresource\":\"status\"}"

static struct json_object *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json_object *object = json_parse(text, strlen(text), &err);

	assert_non_null(object);
	return object;
}

static struct json_object *entries_of(const char *text)
{
	cleanup(json_freep) struct json_object *object = parse(text);

	return field_owners_of(object);
}

static void check_sole(
    const char *list, const char *creator, const char *applier)
{
	autofree char *text = str_printf(MANAGED("%s") "}", list);
	cleanup(json_freep) struct json_object *entries = entries_of(text);
	cleanup(json_freep) struct json_object *object = parse(
	    "{\"apiVersion\":\"v1\",\"kind\":\"X\",\"metadata\":{\"name\":"
	    "\"a\",\"labels\":{\"l\":\"1\"}},\"list\":[{\"k\":1,\"v\":2}],"
	    "\"set\":[\"s\"],\"whole\":{\"a\":[1]}}");
	const char *created = field_owners_creator(entries);
	const char *applied = field_owners_applier(entries, object);

	assert_string_equal(created ? created : "", creator);
	assert_string_equal(applied ? applied : "", applier);
}

#define ALL                                                                    \
	"\"f:metadata\":{\"f:labels\":{\"f:l\":{}}},\"f:list\":{"              \
	"\"k:{\\\"k\\\":1}\":{\".\":{},\"f:k\":{},\"f:v\":{}}},\"f:whole\":{}"
#define SET "\"f:set\":{\"v:\\\"s\\\"\":{}}"

static void one_manager_makes_it_again_at_once(void **state)
{
	(void)state;
	check_sole("", "", "");
	check_sole(ENTRY("m", "Update", "{\"f:a\":{}}"), "m", "");
	check_sole(ENTRY("m", "Update", "{\"f:a\":{}}") "," STATUS, "m", "");
	/* As older servers write it. */
	check_sole(ENTRY("m", "Update", "{\"f:a\":{}}") "," ENTRY(
		       "c", "Update", "{\"f:status\":{}}"),
	    "m", "");
	check_sole(ENTRY("m", "Update", "{\"f:a\":{}}") "," ENTRY(
		       "n", "Update", "{\"f:b\":{}}"),
	    "", "");
	check_sole(ENTRY("m", "Apply", "{" ALL "," SET "}"), "", "m");
	check_sole(
	    ENTRY("m", "Apply", "{" ALL "," SET "}") "," STATUS, "", "m");
	/* It does not have all. */
	check_sole(ENTRY("m", "Apply", "{" ALL "}"), "", "");
	check_sole(ENTRY("m", "Apply", "{" SET "}"), "", "");
	check_sole(ENTRY("m", "Apply", "{" ALL "," SET "}") "," ENTRY(
		       "n", "Update", "{\"f:b\":{}}"),
	    "", "");
}

static void check_given(
    const char *live, const char *entries_text, const char *expected)
{
	autofree char *now = str_printf(MANAGED("%s") "}", live);
	autofree char *then =
	    str_printf(MANAGED("%s") ",\"x\":1,\"y\":null}", entries_text);
	cleanup(json_freep) struct json_object *object = parse(now);
	cleanup(json_freep) struct json_object *captured = parse(then);
	cleanup(json_freep) struct json_object *entries =
	    field_owners_of(captured);
	cleanup(json_freep) struct json_object *out =
	    field_owners_give_back(object, captured, entries, "us");
	autofree char *list = str_printf("[%s]", expected);

	if (!*expected) {
		assert_null(out);
		return;
	}
	cleanup(json_freep) struct json_object *wanted = parse(list);
	assert_true(json_equal(out, wanted));
}

static void gives_back_what_is_ours(void **state)
{
	(void)state;
	check_given(ENTRY("us", "Update", "{\"f:x\":{},\"f:y\":{}}"),
	    ENTRY("m", "Apply", "{\"f:x\":{},\"f:gone\":{}}"),
	    ENTRY("m", "Apply", "{\"f:x\":{}}"));
	/* What others have by now stays theirs; ours is what we put in. */
	check_given(
	    ENTRY("us", "Update", "{\"f:x\":{},\"f:new\":{}}") "," ENTRY(
		"n", "Update", "{\"f:z\":{}}"),
	    ENTRY("m", "Apply", "{\"f:x\":{},\"f:z\":{}}"),
	    ENTRY("us", "Update", "{\"f:new\":{}}") "," ENTRY("n", "Update",
		"{\"f:z\":{}}") "," ENTRY("m", "Apply", "{\"f:x\":{}}"));
	/* After that nothing is to change, wherever ours stands. */
	check_given(
	    ENTRY("us", "Update", "{\"f:new\":{}}") "," ENTRY("n", "Update",
		"{\"f:z\":{}}") "," ENTRY("m", "Apply", "{\"f:x\":{}}"),
	    ENTRY("m", "Apply", "{\"f:x\":{},\"f:z\":{}}"), "");
	/* To the entry that it has already. */
	check_given(ENTRY("us", "Apply", "{\"f:x\":{}}") "," ENTRY(
			"m", "Update", "{\"f:z\":{}}"),
	    ENTRY("m", "Update", "{\"f:x\":{}}"),
	    ENTRY("m", "Update", "{\"f:z\":{},\"f:x\":{}}"));
	/* Nothing is ours, or nothing was captured. */
	check_given(ENTRY("m", "Apply", "{\"f:x\":{}}"),
	    ENTRY("m", "Apply", "{\"f:x\":{}}"), "");
	check_given(ENTRY("us", "Update", "{\"f:x\":{}}"), "", "");
	check_given("", ENTRY("m", "Apply", "{\"f:x\":{}}"), "");
}

static void names_owners_by_their_new_uids(void **state)
{
	(void)state;
	cleanup(json_freep) struct json_object *entries =
	    entries_of(MANAGED(ENTRY("m", "Update",
		"{\"f:metadata\":{\"f:ownerReferences\":{"
		"\"k:{\\\"uid\\\":\\\"old\\\"}\":{}}}}")) "}");
	cleanup(json_freep) struct json_object *before =
	    parse("[{\"kind\":\"A\",\"name\":\"a\",\"uid\":\"old\"},"
		  "{\"kind\":\"B\",\"name\":\"b\",\"uid\":\"other\"}]");
	cleanup(json_freep) struct json_object *after =
	    parse("[{\"kind\":\"A\",\"name\":\"a\",\"uid\":\"new\"}]");

	field_owners_relink(entries, before, after);
	assert_non_null(json_path(json_at(entries, 0), "fieldsV1", "f:metadata",
	    "f:ownerReferences", "k:{\"uid\":\"new\"}", NULL));
	assert_null(json_path(json_at(entries, 0), "fieldsV1", "f:metadata",
	    "f:ownerReferences", "k:{\"uid\":\"old\"}", NULL));
}

static void tells_who_wrote_since(void **state)
{
	(void)state;
	cleanup(json_freep) struct json_object *entries = entries_of(
	    MANAGED(ENTRY("m", "Update", "{\"f:x\":{}}") "," STATUS) "}");
	cleanup(json_freep) struct json_object *live =
	    parse("{\"metadata\":{\"creationTimestamp\":"
		  "\"2026-01-01T00:00:00Z\"}}");
	cleanup(json_freep) struct json_object *entry =
	    parse(ENTRY("m", "Update", "{}"));

	assert_true(field_owners_untouched(live, entry, entries));
	json_set_str(entry, "time", "2026-01-01T00:00:01Z");
	assert_false(field_owners_untouched(live, entry, entries));
	json_set_str(entry, "time", "2025-01-01T00:00:01Z");
	assert_true(field_owners_untouched(live, entry, entries));
	/* A server that keeps the time when values change. */
	json_set_int(json_get(live, "metadata"), "generation", 2);
	assert_false(field_owners_untouched(live, entry, entries));
	json_set_int(json_get(live, "metadata"), "generation", 1);
	assert_true(field_owners_untouched(live, entry, entries));
	json_set_str(entry, "operation", "Apply");
	assert_false(field_owners_untouched(live, entry, entries));
	assert_string_equal(field_owners_of_status(entries), "controller");
}

static void tells_who_owns_a_place(void **state)
{
	static const struct {
		const char *fields, *pointer, *member;
		bool has;
	} cases[] = {
	    {"{\"f:spec\":{\"f:suspend\":{}}}", "/spec/suspend", NULL, true},
	    {"{\"f:spec\":{}}", "/spec/suspend", NULL, true},
	    {"{\"f:spec\":{\"f:other\":{}}}", "/spec/suspend", NULL, false},
	    {"{\"f:spec\":{\"f:suspended\":{}}}", "/spec/suspend", NULL, false},
	    {"{\"f:metadata\":{\"f:annotations\":{\"f:a/b\":{}}}}",
		"/metadata/annotations", "a/b", true},
	    {"{\"f:metadata\":{\"f:annotations\":{\".\":{},\"f:a/c\":{}}}}",
		"/metadata/annotations", "a/b", false},
	    {"{}", "/spec/suspend", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *text = str_printf(
		    MANAGED(ENTRY("us", "Update", "%s")) "}", cases[i].fields);
		cleanup(json_freep) struct json_object *live = parse(text);

		if (field_owners_has(live, "us", cases[i].pointer,
			cases[i].member) != cases[i].has)
			fail_msg("%s", text);
		assert_false(field_owners_has(
		    live, "them", cases[i].pointer, cases[i].member));
	}
}

static void tells_whether_the_status_was_written(void **state)
{
	static const struct {
		const char *list;
		bool written;
	} cases[] = {
	    {ENTRY("a", "Update", "{\"f:spec\":{}}"), false},
	    {ENTRY("a", "Update", "{\"f:spec\":{}}") "," STATUS, true},
	    {ENTRY("a", "Update", "{\"f:status\":{\"f:x\":{}}}"), true},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *text =
		    str_printf(MANAGED("%s") "}", cases[i].list);
		cleanup(json_freep) struct json_object *live = parse(text);

		assert_int_equal(
		    field_owners_has_status(live), cases[i].written);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_manager_makes_it_again_at_once),
	    cmocka_unit_test(gives_back_what_is_ours),
	    cmocka_unit_test(names_owners_by_their_new_uids),
	    cmocka_unit_test(tells_who_wrote_since),
	    cmocka_unit_test(tells_who_owns_a_place),
	    cmocka_unit_test(tells_whether_the_status_was_written),
	};

	return cmocka_run_group_tests_name("field_owners", tests, NULL, NULL);
}
