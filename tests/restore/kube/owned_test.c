#include "restore/kube/owned.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/kube/identity.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>
#include <string.h>

#define CREATED(FIELDS)                                                        \
	"{\"manager\":\"backstay\",\"operation\":\"Update\",\"fieldsV1\":"     \
	"{" FIELDS "}}"
#define APPLIED(FIELDS)                                                        \
	"{\"manager\":\"backstay\",\"operation\":\"Apply\",\"fieldsV1\":"      \
	"{" FIELDS "}}"
#define OTHER(FIELDS)                                                          \
	"{\"manager\":\"kubectl\",\"operation\":\"Update\",\"fieldsV1\":"      \
	"{" FIELDS "}}"
#define LIVE(VERSION, MANAGED, REST)                                           \
	"{\"metadata\":{\"resourceVersion\":\"" VERSION                        \
	"\",\"managedFields\":[" MANAGED "]}," REST "}"

/* ---- what is no longer wanted -------------------------------------------- */

static void what_is_ours_and_not_wanted_is_seen(void **state)
{
	(void)state;
	static const struct {
		const char *managed, *live, *wanted;
		bool exceeds;
	} cases[] = {
	    /* A key of a map. */
	    {CREATED("\"f:data\":{\"f:a\":{},\"f:b\":{}}"),
		"\"data\":{\"a\":\"1\",\"b\":\"2\"}", "\"data\":{\"a\":\"9\"}",
		true},
	    {CREATED("\"f:data\":{\"f:a\":{}}"),
		"\"data\":{\"a\":\"1\",\"b\":\"2\"}", "\"data\":{\"a\":\"9\"}",
		false},
	    {APPLIED("\"f:data\":{\"f:b\":{}}"), "\"data\":{\"b\":\"2\"}",
		"\"data\":{}", true},
	    /* What another manager has is not ours to take away. */
	    {OTHER("\"f:data\":{\"f:b\":{}}"), "\"data\":{\"b\":\"2\"}",
		"\"data\":{}", false},
	    /* Ours once, and gone since. */
	    {CREATED("\"f:data\":{\"f:b\":{}}"), "\"data\":{}", "\"data\":{}",
		false},
	    /* An item of a list, by its key; and by its value. */
	    {CREATED("\"f:spec\":{\"f:ports\":{\"k:{\\\"port\\\":80}\":{}}}"),
		"\"spec\":{\"ports\":[{\"port\":80}]}",
		"\"spec\":{\"ports\":[{\"port\":81}]}", true},
	    {CREATED("\"f:spec\":{\"f:ports\":{\"k:{\\\"port\\\":80}\":{}}}"),
		"\"spec\":{\"ports\":[{\"port\":80}]}",
		"\"spec\":{\"ports\":[{\"port\":81},{\"port\":80}]}", false},
	    {CREATED("\"f:spec\":{\"f:names\":{\"v:\\\"x\\\"\":{}}}"),
		"\"spec\":{\"names\":[\"x\",\"y\"]}",
		"\"spec\":{\"names\":[\"y\"]}", true},
	    /* A field of an item. */
	    {CREATED("\"f:spec\":{\"f:ports\":{\"k:{\\\"port\\\":80}\":"
		     "{\"f:name\":{}}}}"),
		"\"spec\":{\"ports\":[{\"port\":80,\"name\":\"web\"}]}",
		"\"spec\":{\"ports\":[{\"port\":80}]}", true},
	    /* Not part of what is applied. */
	    {CREATED("\"f:status\":{\"f:phase\":{}}"),
		"\"status\":{\"phase\":\"x\"}", "\"spec\":{}", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		autofree char *text =
		    str_printf("{\"metadata\":{\"managedFields\":[%s]},%s}",
			cases[i].managed, cases[i].live);
		autofree char *wanted = str_printf("{%s}", cases[i].wanted);
		cleanup(json_freep) struct json_object *live = test_json(text);
		cleanup(json_freep) struct json_object *to_be =
		    test_json(wanted);
		const struct prepared as_wanted = {.object = to_be};
		if (owned_exceeds(live, &as_wanted) != cases[i].exceeds)
			fail_msg("%s -> %s", text, wanted);
	}
}

/* What a subresource wrote is another entry, and no part of an apply. */
static void an_entry_of_a_subresource_is_none_of_ours(void **state)
{
	(void)state;
	cleanup(json_freep) struct json_object *live = test_json(
	    "{\"metadata\":{\"managedFields\":[{\"manager\":\"backstay\","
	    "\"operation\":\"Update\",\"subresource\":\"scale\","
	    "\"fieldsV1\":{\"f:spec\":{\"f:replicas\":{}}}}]},"
	    "\"spec\":{\"replicas\":3}}");
	cleanup(json_freep) struct json_object *wanted =
	    test_json("{\"spec\":{}}");

	const struct prepared as_wanted = {.object = wanted};
	assert_false(owned_exceeds(live, &as_wanted));
}

/* As a restore leaves an entry of the snapshot, and as the token controller
 * does, within the same second. */
static void what_a_controller_has_made_at_once_is_none_of_ours(void **state)
{
#define BY_CONTROLLER(FIELDS)                                                  \
	"{\"manager\":\"kube-controller-manager\",\"operation\":\"Update\","   \
	"\"apiVersion\":\"v1\",\"time\":\"2026-01-01T00:00:00Z\","             \
	"\"fieldsV1\":{\"f:data\":{" FIELDS "}}}"
#define TOKEN(MANAGED, DATA)                                                   \
	"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":"                 \
	"\"kubernetes.io/service-account-token\",\"metadata\":{\"uid\":"       \
	"\"new\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\","              \
	"\"managedFields\":[" MANAGED "]},\"data\":{" DATA "}}"
	static const struct {
		const char *live;
		bool exceeds;
	} cases[] = {
	    {TOKEN(BY_CONTROLLER("\"f:token\":{}"), "\"token\":\"bmV3\""),
		false},
	    {TOKEN(BY_CONTROLLER("\"f:more\":{}"), "\"more\":\"b2xk\""), true},
	};
	cleanup(json_freep) struct json_object *wanted = test_json(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{}}");
	cleanup(json_freep) struct json_object *managers =
	    test_json("[" BY_CONTROLLER("\"f:token\":{}") "]");
	char old[] = "old";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *live =
		    test_json(cases[i].live);
		const struct prepared as_wanted = {
		    .object = wanted, .managers = managers, .uid = old};

		assert_int_equal(
		    owned_exceeds(live, &as_wanted), cases[i].exceeds);
	}
}

/* ---- conflicts ----------------------------------------------------------- */

static bool conflicts(const char *body)
{
	cleanup(kube_answer_done) struct kube_answer answer = KUBE_ANSWER_INIT;

	struct prepared nothing = {.object = NULL};
	const struct task t = {.object = &nothing};
	cleanup(json_freep) struct json_object *live =
	    test_json(LIVE("1", CREATED("") "," OTHER(""), "\"data\":{}"));

	buf_add_str(&answer.body, body);
	return owned_conflicts(&t, live, &answer);
}

static void a_conflict_with_ourselves_is_told_from_others(void **state)
{
	(void)state;
	assert_true(
	    conflicts("{\"details\":{\"causes\":[{\"message\":\"conflict with "
		      "\\\"backstay\\\" using v1\",\"field\":\".data.a\"}]}}"));
	assert_false(
	    conflicts("{\"details\":{\"causes\":[{\"message\":\"conflict with "
		      "\\\"backstay\\\" using v1\"},{\"message\":\"conflict "
		      "with \\\"kubectl\\\" using v1\"}]}}"));
	assert_false(
	    conflicts("{\"details\":{\"causes\":[{\"message\":\"conflict with "
		      "\\\"backstay-2\\\" using v1\"}]}}"));
	assert_false(conflicts("{\"details\":{\"causes\":[]}}"));
	assert_false(conflicts("{\"message\":\"conflict\"}"));
	assert_false(conflicts("not JSON"));
}

/* ---- taking over --------------------------------------------------------- */

struct fixture {
	struct test_kube kube;
	struct target target;
	struct run_options run_options;
	struct run run;
	struct applier applier;
	struct plan_node node;
	struct prepared object;
	struct outcome outcome;
	struct task task;
};

static void start(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	static char path[] = "/api/v1/namespaces/n/x/a";

	*f = (struct fixture){.object = {.path = path}};
	test_kube_start(&f->kube, replies, count);
	throttle_init(&f->target.throttle, 1);
	f->target.client = f->kube.client;
	f->run.o = &f->run_options;
	f->applier = (struct applier){
	    .run = &f->run, .targets = &f->target, .target_count = 1};
	f->task = (struct task){.a = &f->applier,
	    .n = &f->node,
	    .object = &f->object,
	    .outcome = &f->outcome};
}

static void stop(struct fixture *f)
{
	outcome_done(&f->outcome);
	throttle_done(&f->target.throttle);
	test_kube_stop(&f->kube);
}

static int adopt(
    struct fixture *f, const char *text, char **version, struct err *err)
{
	cleanup(json_freep) struct json_object *live = test_json(text);

	return owned_adopt(&f->task, live, version, err);
}

/* The entry of our create becomes that of an apply; others stay as they are,
 * and the patch holds only for the version that was read. */
static void a_create_becomes_an_apply(void **state)
{
	(void)state;
	static const struct script_reply replies[] = {{.close = 1,
	    .bytes = KUBE_REPLY(
		"200 OK", "{\"metadata\":{\"resourceVersion\":\"8\"}}")}};
	struct fixture f;
	struct err err = ERR_INIT;
	autofree char *version = NULL;

	start(&f, replies, 1);
	assert_ok(adopt(&f,
		      LIVE("7",
			  CREATED("\"f:data\":{\"f:a\":{}},\"f:status\":{},"
				  "\"f:metadata\":{\"f:finalizers\":{},"
				  "\"f:labels\":{}}") "," OTHER("\"f:x\":{}"),
			  "\"data\":{}"),
		      &version, &err),
	    err);
	assert_string_equal(version, "8");
	const char *sent = script_server_request(f.kube.server, 0);
	assert_contains(sent, "PATCH /api/v1/namespaces/n/x/a?");
	assert_contains(sent, "\"resourceVersion\":\"7\"");
	assert_contains(sent,
	    APPLIED("\"f:data\":{\"f:a\":{}},\"f:metadata\":{\"f:labels\":"
		    "{}}"));
	assert_contains(sent, OTHER("\"f:x\":{}"));
	stop(&f);
}

/* Beside an apply of ours, a create has nothing left to hand over. */
static void a_late_touch_is_dropped(void **state)
{
	(void)state;
	static const struct script_reply replies[] = {{.close = 1,
	    .bytes = KUBE_REPLY(
		"200 OK", "{\"metadata\":{\"resourceVersion\":\"8\"}}")}};
	struct fixture f;
	struct err err = ERR_INIT;
	autofree char *version = NULL;

	start(&f, replies, 1);
	assert_ok(
	    adopt(&f,
		LIVE("7", APPLIED("\"f:data\":{}") "," CREATED("\"f:y\":{}"),
		    "\"data\":{}"),
		&version, &err),
	    err);
	const char *sent = script_server_request(f.kube.server, 0);
	assert_contains(sent, APPLIED("\"f:data\":{}"));
	assert_null(strstr(sent, "f:y"));
	stop(&f);
}

static void without_a_create_nothing_is_sent(void **state)
{
	(void)state;
	struct fixture f;
	struct err err = ERR_INIT;
	autofree char *version = NULL;

	start(&f, NULL, 0);
	assert_ok(adopt(&f, LIVE("7", OTHER("\"f:x\":{}"), "\"data\":{}"),
		      &version, &err),
	    err);
	assert_string_equal(version, "7");
	assert_int_equal(script_server_count(f.kube.server), 0);
	stop(&f);
}

/* A controller wrote meanwhile: what it left is read and patched instead. */
static void what_changed_meanwhile_is_read_again(void **state)
{
	(void)state;
	static const struct script_reply replies[] = {
	    {.close = 1,
		.bytes =
		    KUBE_REPLY("409 Conflict", "{\"message\":\"modified\"}")},
	    {.close = 1,
		.bytes = KUBE_REPLY("200 OK",
		    LIVE("9", CREATED("\"f:data\":{}"), "\"data\":{}"))},
	    {.close = 1,
		.bytes = KUBE_REPLY(
		    "200 OK", "{\"metadata\":{\"resourceVersion\":\"10\"}}")}};
	struct fixture f;
	struct err err = ERR_INIT;
	autofree char *version = NULL;

	start(&f, replies, 3);
	assert_ok(adopt(&f, LIVE("7", CREATED("\"f:data\":{}"), "\"data\":{}"),
		      &version, &err),
	    err);
	assert_string_equal(version, "10");
	assert_contains(script_server_request(f.kube.server, 1), "GET ");
	assert_contains(script_server_request(f.kube.server, 2),
	    "\"resourceVersion\":\"9\"");
	stop(&f);
}

static void a_refusal_is_reported(void **state)
{
	(void)state;
	static const struct script_reply replies[] = {{.close = 1,
	    .bytes = KUBE_REPLY("403 Forbidden", "{\"message\":\"no\"}")}};
	struct fixture f;
	struct err err;
	char *version = NULL;

	start(&f, replies, 1);
	assert_fails(
	    adopt(&f, LIVE("7", CREATED("\"f:data\":{}"), "\"data\":{}"),
		&version, &err),
	    err, ERR_DENIED);
	assert_null(version);
	assert_int_equal(script_server_count(f.kube.server), 1);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_ours_and_not_wanted_is_seen),
	    cmocka_unit_test(an_entry_of_a_subresource_is_none_of_ours),
	    cmocka_unit_test(
		what_a_controller_has_made_at_once_is_none_of_ours),
	    cmocka_unit_test(a_conflict_with_ourselves_is_told_from_others),
	    cmocka_unit_test(a_create_becomes_an_apply),
	    cmocka_unit_test(a_late_touch_is_dropped),
	    cmocka_unit_test(without_a_create_nothing_is_sent),
	    cmocka_unit_test(what_changed_meanwhile_is_read_again),
	    cmocka_unit_test(a_refusal_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
