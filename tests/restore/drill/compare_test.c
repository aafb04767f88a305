/* What a drill restored into a control plane, held against the snapshot. */
#include "restore/drill/compare.h"

#include "restore/meeting.h"
#include "restore/plan/plan.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/kube_script.h"
#include "tests/support/opened.h"
#include "tests/support/plans.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	struct test_opened o;
	struct test_plan plan;
	struct script_server *server;
	struct result result;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_opened_init(&f->o);
	test_plan_init(&f->plan);
	f->o.options.common.output = CLI_OUTPUT_JSON;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->server)
		script_server_stop(f->server);
	result_done(&f->result);
	test_plan_done(&f->plan);
	test_opened_done(&f->o);
	free(f);
	return 0;
}

/* ---- what was found ------------------------------------------------------ */

static void what_a_comparison_found_is_filled_in(void **state)
{
	struct fixture *f = *state;
	struct err why = ERR_INIT;
	struct meeting m;

	meeting_init(&m);
	m.found.added = 1;
	m.found.removed = 2;
	m.found.changed = 3;
	m.found.of_server = 4;
	err_set(&why, ERR_DENIED, "not for you");
	meeting_not_seen(&m, "kubernetes/prod/", NULL, NULL, "prod", &why);
	compare_report(&m, 5, &f->result);
	meeting_done(&m);
	assert_int_equal(f->result.added, 1);
	assert_int_equal(f->result.removed, 2);
	assert_int_equal(f->result.changed, 3);
	assert_int_equal(f->result.of_other_server, 4);
	assert_int_equal(f->result.compared, 5);
	assert_int_equal(f->result.not_compared.len, 1);
	assert_string_equal(
	    f->result.not_compared.items[0], "prod: not for you");
}

/* ---- by the server ------------------------------------------------------- */

#define OBJECT(HEAD, NAME, META, VALUE)                                        \
	"{" HEAD "\"metadata\":{\"name\":\"" NAME                              \
	"\",\"namespace\":\"ns\"" META "},\"data\":{\"k\":\"" VALUE "\"}}"
#define PATH(NAME) "kubernetes/prod/namespaces/ns/configmaps/" NAME ".json"
#define UID(VALUE) ",\"uid\":\"" VALUE "\""
#define REPLY(TO, BODY)                                                        \
	{                                                                      \
		.to = "GET " TO, .bytes = KUBE_REPLY("200 OK", BODY),          \
		.close = 1                                                     \
	}
#define SERVES                                                                 \
	REPLY(                                                                 \
	    "/api HTTP", "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}"),  \
	    REPLY("/apis HTTP", "{\"kind\":\"APIGroupList\",\"groups\":[]}"),  \
	    REPLY("/version HTTP", "{}"),                                      \
	    REPLY("/api/v1 HTTP",                                              \
		"{\"kind\":\"APIResourceList\",\"resources\":[{\"name\":"      \
		"\"configmaps\",\"kind\":\"ConfigMap\",\"namespaced\":true,"   \
		"\"verbs\":[\"list\",\"get\"]}]}"),                            \
	    REPLY("/api/v1/namespaces?",                                       \
		"{\"kind\":\"NamespaceList\",\"apiVersion\":\"v1\","           \
		"\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}")
#define MAPS(ITEMS)                                                            \
	REPLY("/api/v1/configmaps?",                                           \
	    "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{" \
	    "\"resourceVersion\":\"5\"},\"items\":[" ITEMS "]}")

/* An object of the snapshot, and of the plan, which applies it or does not. */
static void add(
    struct fixture *f, const char *name, const char *path, bool planned)
{
	autofree char *facts = str_printf(
	    "{\"kind\":\"ConfigMap\",\"name\":\"%s\",\"namespace\":\"ns\","
	    "\"resource\":\"configmaps\"}",
	    name);
	autofree char *text =
	    str_printf(OBJECT("\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",",
			   "%s", UID("old"), "1"),
		name);
	uint32_t n =
	    test_plan_add_object(&f->plan, 0, "v1", "ConfigMap", "ns", name);

	test_tree_add(&f->o.tree, path, facts, text);
	test_plan_node(&f->plan, n)->path = path;
	test_plan_node(&f->plan, n)->action =
	    planned ? PLAN_APPLY : PLAN_EXCLUDE;
}

static void compare(
    struct fixture *f, const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;

	f->server = script_server_start(replies, count);
	autofree char *path = file_join(f->o.dir, "kubeconfig");
	autofree char *config = str_printf(
	    "kubernetes: {clusters: [{name: prod, kubeconfig: '%s'}]}\n", path);
	test_kubeconfig_write(f->server, path);
	f->o.sources =
	    "[{\"kind\":\"kubernetes\",\"clusters\":[{\"name\":\"prod\","
	    "\"namespaces\":[\"ns\"],\"resources\":[{\"resource\":"
	    "\"configmaps\",\"version\":\"v1\",\"objects\":1,\"lists\":[{}]}]}]"
	    "}]";
	test_opened_commit(&f->o, config);
	assert_ok(
	    compare_clusters(&f->o.command, f->plan.p, &f->result, &err), err);
}

static void assert_result(const struct fixture *f, size_t compared,
    uint64_t added, uint64_t removed, uint64_t changed)
{
	assert_int_equal(f->result.compared, compared);
	assert_int_equal(f->result.added, added);
	assert_int_equal(f->result.removed, removed);
	assert_int_equal(f->result.changed, changed);
}

/* All that was made has a new UID. */
static void what_came_back_is_the_same_but_for_its_uid(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES, MAPS(OBJECT("", "a", UID("new"), "1"))};
	struct fixture *f = *state;

	add(f, "a", PATH("a"), true);
	compare(f, replies, 6);
	assert_result(f, 1, 0, 0, 0);
	assert_int_equal(f->result.not_compared.len, 0);
	assert_int_equal(f->result.differences.len, 0);
}

static void what_did_not_come_back_as_it_was_is_told(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES, MAPS(OBJECT("", "a", UID("new"), "2") "," OBJECT(
			"", "made", UID("n"), "1"))};
	struct fixture *f = *state;

	add(f, "a", PATH("a"), true);
	add(f, "lost", PATH("lost"), false);
	compare(f, replies, 6);
	assert_result(f, 2, 1, 1, 1);
	assert_contains(
	    buf_str(&f->result.differences), "kubernetes:prod/ns/ConfigMap/a");
	assert_contains(buf_str(&f->result.differences), "ConfigMap/lost");
	assert_contains(buf_str(&f->result.differences), "ConfigMap/made");
	/* Nobody restores out of a drill. */
	assert_null(strstr(buf_str(&f->result.differences), "apply"));
}

/* With --only: the rest was not asked for, and what else is there is not of
 * it. */
static void what_was_left_out_is_not_compared(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES, MAPS(OBJECT("", "a", UID("new"), "2") "," OBJECT(
			"", "made", UID("n"), "1"))};
	struct fixture *f = *state;

	f->result.partly = true;
	add(f, "a", PATH("a"), true);
	add(f, "left", PATH("left"), false);
	compare(f, replies, 6);
	assert_result(f, 1, 0, 0, 1);
}

/* It is a difference all the same that something could not be looked at. */
static void a_control_plane_that_is_gone_is_told(void **state)
{
	struct fixture *f = *state;

	add(f, "a", PATH("a"), true);
	compare(f, NULL, 0);
	assert_result(f, 1, 0, 0, 0);
	assert_int_equal(f->result.not_compared.len, 1);
	assert_contains(f->result.not_compared.items[0], "kubernetes:prod/: ");
}

static void a_snapshot_that_is_gone_is_said(void **state)
{
	struct fixture *f = *state;
	struct err err;

	test_opened_commit(&f->o, "");
	autofree char *manifest = test_opened_file(&f->o, ".manifest.json");
	assert_int_equal(unlink(manifest), 0);
	assert_fails(
	    compare_clusters(&f->o.command, f->plan.p, &f->result, &err), err,
	    ERR_NOT_FOUND);
	assert_contains(err.message, "comparing what came back");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_a_comparison_found_is_filled_in),
	    TEST(what_came_back_is_the_same_but_for_its_uid),
	    TEST(what_did_not_come_back_as_it_was_is_told),
	    TEST(what_was_left_out_is_not_compared),
	    TEST(a_control_plane_that_is_gone_is_told),
	    TEST(a_snapshot_that_is_gone_is_said),
	};

	return cmocka_run_group_tests_name("drill/compare", tests, NULL, NULL);
}
