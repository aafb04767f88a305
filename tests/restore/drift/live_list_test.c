/* One list of a cluster, as it is now, held against a snapshot. */
#include "restore/drift/live_list.h"

#include "storage/base/cleanup.h"
#include "tests/support/built_in.h"
#include "tests/support/kube_script.h"
#include "tests/support/meetings.h"

#include <stdlib.h>
#include <string.h>

/* A snapshot of the namespace "ns" of the cluster "prod". */
struct fixture {
	struct test_meeting t;
	struct test_kube kube;
	struct live_cluster cluster;
	struct live_list list;
	bool begun;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_meeting_init(&f->t);
	strvec_add(&f->cluster.namespaces, "ns");
	f->list.version = "v1";
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->begun)
		test_kube_stop(&f->kube);
	kube_api_done(&f->cluster.api);
	strvec_done(&f->cluster.namespaces);
	test_meeting_done(&f->t);
	free(f);
	return 0;
}

#define PATH(NS, NAME)                                                         \
	"kubernetes/prod/namespaces/" NS "/configmaps/" NAME ".json"
#define FACTS(NS, NAME)                                                        \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"" NAME       \
	"\",\"namespace\":\"" NS "\",\"resource\":\"configmaps\"}"
#define OBJECT(HEAD, NS, NAME, META, DATA)                                     \
	"{" HEAD "\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"" NS     \
	"\"" META "},\"data\":{" DATA "}}"
#define HEAD "\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
#define ADD(F, NS, NAME, DATA)                                                 \
	test_tree_add(&(F)->t.o.tree, PATH(NS, NAME), FACTS(NS, NAME),         \
	    OBJECT(HEAD, NS, NAME, "", DATA))
#define ITEM(NS, NAME, META, DATA) OBJECT("", NS, NAME, META, DATA)
#define LIST(ITEMS)                                                            \
	"{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"metadata\":{"     \
	"\"resourceVersion\":\"5\"},\"items\":[" ITEMS "]}"
#define REPLY(STATUS, BODY)                                                    \
	{                                                                      \
		.to = "/configmaps", .bytes = KUBE_REPLY(STATUS, BODY),        \
		.close = 1                                                     \
	}

/* Once all is added: the list is read, by one reply. */
static void run(struct fixture *f, const struct script_reply *reply)
{
	struct err err = ERR_INIT;

	test_meeting_open(
	    &f->t, "kubernetes: {clusters: [{name: prod, kubeconfig: /k}]}\n");
	assert_ok(clock_parse_rfc3339("2026-01-02T03:04:05Z",
		      &f->t.m.browse.opened.manifest.started),
	    err);
	assert_ok(meeting_begin(&f->t.m, LAYOUT_KUBERNETES, NULL, &err), err);
	test_kube_start(&f->kube, reply, 1);
	f->begun = true;
	f->cluster.m = &f->t.m;
	f->cluster.settings = &f->t.o.settings->kubernetes.clusters.items[0];
	f->cluster.client = f->kube.client;
	f->list.cluster = &f->cluster;
	f->list.resource = test_kube_serve(
	    &f->cluster.api, "", "ConfigMap", "configmaps", "v1", NULL);
	live_list_run(&f->list);
}

static void assert_met(
    struct fixture *f, uint64_t added, uint64_t removed, uint64_t changed)
{
	struct err err = ERR_INIT;

	if (f->list.fatal.code)
		fail_msg("%s", f->list.fatal.message);
	assert_ok(meeting_end(&f->t.m, LAYOUT_KUBERNETES, &err), err);
	assert_found(&f->t, added, removed, changed);
}

/* ---- what is met --------------------------------------------------------- */

static void what_is_the_same_is_no_difference(void **state)
{
	static const struct script_reply reply = REPLY("200 OK",
	    LIST(ITEM("ns", "a", ",\"resourceVersion\":\"3\"", "\"k\":\"1\"")));
	struct fixture *f = *state;

	ADD(f, "ns", "a", "\"k\":\"1\"");
	run(f, &reply);
	assert_met(f, 0, 0, 0);
	assert_int_equal(f->t.m.unseen.len, 0);
	assert_true(str_starts(script_server_request(f->kube.server, 0),
	    "GET /api/v1/configmaps?"));
}

static void changed_new_and_gone_are_told_apart(void **state)
{
	static const struct script_reply reply =
	    REPLY("200 OK", LIST(ITEM("ns", "a", "", "\"k\":\"2\"") "," ITEM(
				"ns", "c", "", "\"k\":\"1\"")));
	struct fixture *f = *state;

	ADD(f, "ns", "a", "\"k\":\"1\"");
	ADD(f, "ns", "b", "\"k\":\"1\"");
	run(f, &reply);
	assert_met(f, 1, 1, 1);
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/ns/ConfigMap/a");
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/ns/ConfigMap/b");
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/ns/ConfigMap/c");
}

/* Of namespaces that no backup reads. */
static void what_is_in_another_namespace_is_not_compared(void **state)
{
	static const struct script_reply reply =
	    REPLY("200 OK", LIST(ITEM("ns", "a", "", "\"k\":\"1\"") "," ITEM(
				"other", "a", "", "\"k\":\"1\"")));
	struct fixture *f = *state;

	ADD(f, "ns", "a", "\"k\":\"1\"");
	run(f, &reply);
	assert_met(f, 0, 0, 0);
}

static void of_one_namespace_only_that_is_asked_for(void **state)
{
	static const struct script_reply reply =
	    REPLY("200 OK", LIST(ITEM("ns", "a", "", "\"k\":\"1\"")));
	struct fixture *f = *state;

	ADD(f, "ns", "a", "\"k\":\"1\"");
	f->list.ns = "ns";
	run(f, &reply);
	assert_met(f, 0, 0, 0);
	assert_true(str_starts(script_server_request(f->kube.server, 0),
	    "GET /api/v1/namespaces/ns/configmaps?"));
}

#define MADE(NAME, WHEN)                                                       \
	ITEM("ns", NAME, ",\"creationTimestamp\":\"" WHEN "\"", "")

/* What was there before the snapshot was begun, and is not in it, nothing
 * referred to; and of what was made in that very second nobody knows. */
static void of_what_is_only_taken_along_the_new_alone_counts(void **state)
{
	static const struct script_reply reply =
	    REPLY("200 OK", LIST(MADE("old", "2026-01-02T03:04:04Z") "," MADE(
				"same", "2026-01-02T03:04:05Z") "," MADE("new",
				"2026-01-02T03:04:06Z") "," MADE("odd", "x")));
	struct fixture *f = *state;

	f->list.referenced = true;
	run(f, &reply);
	assert_met(f, 1, 0, 0);
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/ns/ConfigMap/new");
}

static void what_its_owner_excludes_is_not_new(void **state)
{
	static const struct script_reply reply = REPLY("200 OK",
	    LIST(ITEM("ns", "a",
		",\"annotations\":{\"" KUBE_EXCLUDE_MARK "\":\"true\"}",
		"") "," ITEM("ns", "b",
		",\"labels\":{\"" KUBE_EXCLUDE_MARK "\":\"true\"}",
		"") "," ITEM("ns", "c",
		",\"labels\":{\"" KUBE_EXCLUDE_MARK "\":\"false\"}", "")));
	struct fixture *f = *state;

	run(f, &reply);
	assert_met(f, 1, 0, 0);
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/ns/ConfigMap/c");
}

/* ---- what cannot be seen ------------------------------------------------- */

/* Nothing of it counts as gone. */
static void a_list_that_is_refused_is_not_seen(void **state)
{
	static const struct script_reply reply = REPLY("403 Forbidden",
	    "{\"kind\":\"Status\",\"message\":\"no list for you\"}");
	struct fixture *f = *state;

	ADD(f, "ns", "a", "\"k\":\"1\"");
	run(f, &reply);
	assert_met(f, 0, 0, 0);
	assert_unseen(&f->t, "kubernetes:prod/: configmaps", "no list for you");
}

static void an_object_with_an_unsafe_name_is_not_compared(void **state)
{
	static const struct script_reply reply =
	    REPLY("200 OK", LIST(ITEM("ns", "../a", "", "")));
	struct fixture *f = *state;

	ADD(f, "ns", "a", "\"k\":\"1\"");
	run(f, &reply);
	assert_met(f, 0, 0, 0);
	assert_unseen(&f->t, "kubernetes:prod/: configmaps", "../a");
}

/* Another namespace than was asked for. */
static void an_object_out_of_its_list_is_not_compared(void **state)
{
	static const struct script_reply reply =
	    REPLY("200 OK", LIST(ITEM("other", "a", "", "")));
	struct fixture *f = *state;

	ADD(f, "ns", "a", "\"k\":\"1\"");
	f->list.ns = "ns";
	run(f, &reply);
	assert_met(f, 0, 0, 0);
	assert_unseen(&f->t, "kubernetes:prod/ns: configmaps", "other");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_the_same_is_no_difference),
	    TEST(changed_new_and_gone_are_told_apart),
	    TEST(what_is_in_another_namespace_is_not_compared),
	    TEST(of_one_namespace_only_that_is_asked_for),
	    TEST(of_what_is_only_taken_along_the_new_alone_counts),
	    TEST(what_its_owner_excludes_is_not_new),
	    TEST(a_list_that_is_refused_is_not_seen),
	    TEST(an_object_with_an_unsafe_name_is_not_compared),
	    TEST(an_object_out_of_its_list_is_not_compared),
	};

	return cmocka_run_group_tests_name(
	    "drift/live_list", tests, NULL, NULL);
}
