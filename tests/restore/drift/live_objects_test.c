/* The objects of the configured clusters, as they are now, against a snapshot.
 */
#include "restore/drift/live_objects.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/built_in.h"
#include "tests/support/kube_script.h"
#include "tests/support/meetings.h"

#include <stdlib.h>
#include <string.h>

/* A snapshot, and the cluster "prod" as it is now. */
struct fixture {
	struct test_meeting t;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_meeting_init(&f->t);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	test_meeting_done(&f->t);
	free(f);
	return 0;
}

/* ---- the snapshot -------------------------------------------------------- */

#define OBJECT(HEAD, NS, NAME, VALUE)                                          \
	"{" HEAD "\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"" NS     \
	"\"},\"data\":{\"k\":\"" VALUE "\"}}"
#define ADD(F, CLUSTER, NS, KEY, KIND, NAME)                                   \
	test_tree_add(&(F)->t.o.tree,                                          \
	    "kubernetes/" CLUSTER "/namespaces/" NS "/" KEY "/" NAME ".json",  \
	    "{\"kind\":\"" KIND "\",\"name\":\"" NAME "\",\"namespace\":\"" NS \
	    "\",\"resource\":\"" KEY "\"}",                                    \
	    OBJECT("\"apiVersion\":\"v1\",\"kind\":\"" KIND "\",", NS, NAME,   \
		"1"))
#define ADD_MAP(F, NS, NAME) ADD(F, "prod", NS, "configmaps", "ConfigMap", NAME)

/* Rows of a cluster's "resources": read with one list, or with one of "ns". */
#define WHOLE(KEY)                                                             \
	"{\"resource\":\"" KEY                                                 \
	"\",\"version\":\"v1\",\"objects\":1,\"lists\":[{}]}"
#define BY_NAMESPACE(KEY)                                                      \
	"{\"resource\":\"" KEY                                                 \
	"\",\"version\":\"v1\",\"lists\":[{\"namespace\":\"ns\"}]}"
#define CLUSTER(NAME, NAMESPACES, RESOURCES, MORE)                             \
	"{\"name\":\"" NAME "\",\"namespaces\":[" NAMESPACES                   \
	"],\"resources\":[" RESOURCES "]" MORE "}"
#define PROD CLUSTER("prod", "\"ns\"", WHOLE("configmaps"), "")

/* ---- the cluster --------------------------------------------------------- */

#define REPLY(TO, STATUS, BODY)                                                \
	{                                                                      \
		.to = "GET " TO, .bytes = KUBE_REPLY(STATUS, BODY), .close = 1 \
	}
#define RESOURCE(NAME, KIND)                                                   \
	"{\"name\":\"" NAME "\",\"kind\":\"" KIND                              \
	"\",\"namespaced\":true,\"verbs\":[\"list\",\"get\"]}"
#define MAPS RESOURCE("configmaps", "ConfigMap")
/* A server of the core group alone, or of these groups as well. */
#define SERVES_WITH(GROUPS, CORE)                                              \
	REPLY("/api HTTP", "200 OK",                                           \
	    "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}"),               \
	    REPLY("/apis HTTP", "200 OK",                                      \
		"{\"kind\":\"APIGroupList\",\"groups\":[" GROUPS "]}"),        \
	    REPLY("/version HTTP", "200 OK", "{}"),                            \
	    REPLY("/api/v1 HTTP", "200 OK",                                    \
		"{\"kind\":\"APIResourceList\",\"resources\":[" CORE "]}")
#define SERVES(CORE) SERVES_WITH("", CORE)
#define GROUP(GV) "{\"versions\":[{\"groupVersion\":\"" GV "\"}]}"
#define LIST(TO, KIND, ITEMS)                                                  \
	REPLY(TO, "200 OK",                                                    \
	    "{\"kind\":\"" KIND "List\",\"apiVersion\":\"v1\",\"metadata\":{"  \
	    "\"resourceVersion\":\"5\"},\"items\":[" ITEMS "]}")
#define LIST_MAPS(TO, ITEMS) LIST(TO, "ConfigMap", ITEMS)
#define ITEM(NS, NAME, VALUE) OBJECT("", NS, NAME, VALUE)
#define NAMESPACE(NAME, META) "{\"metadata\":{\"name\":\"" NAME "\"" META "}}"
#define NAMESPACES(ITEMS) LIST("/api/v1/namespaces?", "Namespace", ITEMS)
#define REFUSAL(TO)                                                            \
	REPLY(TO, "403 Forbidden",                                             \
	    "{\"kind\":\"Status\",\"message\":\"not for you\"}")

/* Once all is added: what the manifest says of the clusters, and more of the
 * configuration of "prod". */
static void open_it(struct fixture *f, const char *clusters, const char *more,
    const struct script_reply *replies, size_t count)
{
	f->t.server = script_server_start(replies, count);
	autofree char *path = file_join(f->t.o.dir, "kubeconfig");
	autofree char *config = str_printf("kubernetes: {clusters: [{name: "
					   "prod, kubeconfig: '%s'%s}]}\n",
	    path, more);
	autofree char *sources = str_printf(
	    "[{\"kind\":\"kubernetes\",\"clusters\":[%s]}]", clusters);

	test_kubeconfig_write(f->t.server, path);
	f->t.o.sources = sources;
	test_meeting_open(&f->t, config);
}

#define MEET(F, CLUSTERS, MORE, REPLIES)                                       \
	meet(F, CLUSTERS, MORE, REPLIES, sizeof(REPLIES) / sizeof(*(REPLIES)))
static void meet(struct fixture *f, const char *clusters, const char *more,
    const struct script_reply *replies, size_t count)
{
	struct err err = ERR_INIT;

	open_it(f, clusters, more, replies, count);
	assert_ok(live_objects_meet(&f->t.m, &err), err);
}

/* ---- which lists --------------------------------------------------------- */

static void what_one_list_had_is_read_with_one(void **state)
{
	static const struct script_reply replies[] = {SERVES(MAPS),
	    NAMESPACES(NAMESPACE("ns", "") "," NAMESPACE("kube-system", "")),
	    LIST_MAPS("/api/v1/configmaps?",
		ITEM("ns", "a", "2") "," ITEM("ns", "new", "1"))};
	struct fixture *f = *state;

	ADD_MAP(f, "ns", "a");
	ADD_MAP(f, "ns", "gone");
	MEET(f, PROD, "", replies);
	assert_found(&f->t, 1, 1, 1);
	assert_int_equal(f->t.m.unseen.len, 0);
}

/* An account that may read one namespace may not list all. */
static void what_was_read_by_namespace_is_read_so_again(void **state)
{
	static const struct script_reply replies[] = {SERVES(MAPS),
	    REFUSAL("/api/v1/namespaces?"),
	    LIST_MAPS(
		"/api/v1/namespaces/ns/configmaps?", ITEM("ns", "a", "1"))};
	struct fixture *f = *state;

	ADD_MAP(f, "ns", "a");
	MEET(f, CLUSTER("prod", "\"ns\"", BY_NAMESPACE("configmaps"), ""), "",
	    replies);
	assert_found(&f->t, 0, 0, 0);
	assert_int_equal(f->t.m.unseen.len, 0);
	assert_int_equal(
	    test_kube_asked(f->t.server, "GET /api/v1/configmaps"), 0);
}

/* One that was made since, that is wanted, and that nobody marked. */
static void a_new_namespace_is_looked_into(void **state)
{
	static const struct script_reply replies[] = {SERVES(MAPS),
	    NAMESPACES(NAMESPACE("ns", "") "," NAMESPACE(
		"new", "") "," NAMESPACE("temp", "") "," NAMESPACE("marked",
		",\"annotations\":{\"" KUBE_EXCLUDE_MARK "\":\"true\"}")),
	    LIST_MAPS("/api/v1/configmaps?",
		ITEM("ns", "a", "1") "," ITEM("new", "b", "1") "," ITEM(
		    "temp", "c", "1") "," ITEM("marked", "d", "1"))};
	struct fixture *f = *state;

	ADD_MAP(f, "ns", "a");
	MEET(f, PROD, ", exclude_namespaces: [temp]", replies);
	assert_found(&f->t, 1, 0, 0);
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/new/ConfigMap/b");
}

/* A version that is served no longer is read in the one that is. */
static void a_kind_is_read_in_the_version_that_it_had(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES_WITH("{\"versions\":[{\"groupVersion\":\"x.io/v2\"},"
			"{\"groupVersion\":\"x.io/v1\"}]}",
		""),
	    REPLY("/apis/x.io/v1 HTTP", "200 OK",
		"{\"kind\":\"APIResourceList\",\"resources\":[" RESOURCE(
		    "as", "A") "]}"),
	    REPLY("/apis/x.io/v2 HTTP", "200 OK",
		"{\"kind\":\"APIResourceList\",\"resources\":[" RESOURCE(
		    "as", "A") "," RESOURCE("bs", "B") "]}"),
	    NAMESPACES(""), LIST("/apis/x.io/v1/as?", "A", ""),
	    LIST("/apis/x.io/v2/bs?", "B", "")};
	struct fixture *f = *state;

	MEET(f, CLUSTER("prod", "", WHOLE("as.x.io") "," WHOLE("bs.x.io"), ""),
	    "", replies);
	assert_int_equal(f->t.m.unseen.len, 0);
	assert_int_equal(
	    test_kube_asked(f->t.server, "GET /apis/x.io/v1/as?"), 1);
	assert_int_equal(
	    test_kube_asked(f->t.server, "GET /apis/x.io/v2/bs?"), 1);
}

/* It has none of it; and may read as little now. */
static void what_the_backup_was_refused_is_not_asked_for(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(MAPS "," RESOURCE("secrets", "Secret")), NAMESPACES(""),
	    LIST_MAPS("/api/v1/configmaps?", "")};
	struct fixture *f = *state;

	MEET(f,
	    CLUSTER("prod", "\"ns\"", WHOLE("configmaps"),
		",\"forbidden\":[{\"resource\":\"secrets\"},"
		"{\"resource\":\"configmaps\",\"namespace\":\"other\"}]"),
	    "", replies);
	assert_found(&f->t, 0, 0, 0);
	assert_int_equal(f->t.m.unseen.len, 0);
	assert_int_equal(
	    test_kube_asked(f->t.server, "GET /api/v1/secrets"), 0);
	assert_int_equal(
	    test_kube_asked(f->t.server, "GET /api/v1/configmaps"), 1);
}

static void a_kind_that_no_backup_takes_is_not_read(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(MAPS "," RESOURCE("events", "Event")), NAMESPACES("")};
	struct fixture *f = *state;

	MEET(f, CLUSTER("prod", "\"ns\"", "", ""),
	    ", exclude_resources: [configmaps]", replies);
	assert_found(&f->t, 0, 0, 0);
	assert_int_equal(f->t.m.unseen.len, 0);
	assert_int_equal(
	    test_kube_asked(f->t.server, "GET /api/v1/configmaps"), 0);
	assert_int_equal(test_kube_asked(f->t.server, "GET /api/v1/events"), 0);
}

/* ---- what cannot be seen ------------------------------------------------- */

/* It was taken, and is left out now: nobody looks, so nothing is gone. */
static void a_kind_that_is_excluded_since_is_not_gone(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(MAPS "," RESOURCE("secrets", "Secret")), NAMESPACES(""),
	    LIST_MAPS("/api/v1/configmaps?", "")};
	struct fixture *f = *state;

	ADD_MAP(f, "ns", "a");
	ADD(f, "prod", "ns", "secrets", "Secret", "b");
	MEET(f,
	    CLUSTER(
		"prod", "\"ns\"", WHOLE("configmaps") "," WHOLE("secrets"), ""),
	    ", exclude_resources: [secrets]", replies);
	assert_found(&f->t, 0, 1, 0);
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/ns/ConfigMap/a");
	assert_unseen(&f->t, "kubernetes:prod/: secrets", "configuration");
}

/* Its definition was removed, and all of it. */
static void of_a_kind_that_is_served_no_longer_all_is_gone(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(""), NAMESPACES("")};
	struct fixture *f = *state;

	ADD(f, "prod", "ns", "as.x.io", "A", "a");
	MEET(f, CLUSTER("prod", "\"ns\"", WHOLE("as.x.io"), ""), "", replies);
	assert_found(&f->t, 0, 1, 0);
	assert_int_equal(f->t.m.unseen.len, 0);
}

/* Of a group whose server is down nothing is known; of the others all is. */
static void of_a_server_that_is_down_nothing_is_gone(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES_WITH(GROUP("x.io/v1"), ""),
	    REPLY("/apis/x.io/v1 HTTP", "404 Not Found", "{}"),
	    REPLY("/apis/apiregistration.k8s.io/v1/apiservices", "200 OK",
		"{\"items\":[]}"),
	    NAMESPACES("")};
	struct fixture *f = *state;

	ADD(f, "prod", "ns", "as.x.io", "A", "a");
	ADD(f, "prod", "ns", "bs.y.x.io", "B", "b");
	MEET(f,
	    CLUSTER(
		"prod", "\"ns\"", WHOLE("as.x.io") "," WHOLE("bs.y.x.io"), ""),
	    "", replies);
	assert_found(&f->t, 0, 1, 0);
	assert_contains(buf_str(&f->t.out), "kubernetes:prod/ns/B.y.x.io/b");
	assert_unseen(&f->t, "kubernetes:prod/: as.x.io", "/apis/x.io/v1");
}

static void of_a_cluster_that_does_not_answer_nothing_is_gone(void **state)
{
	static const struct script_reply replies[] = {
	    REFUSAL("/api HTTP"), REFUSAL("/apis HTTP"), REFUSAL("/version")};
	struct fixture *f = *state;

	ADD_MAP(f, "ns", "a");
	MEET(f, PROD, "", replies);
	assert_found(&f->t, 0, 0, 0);
	assert_unseen(&f->t, "kubernetes:prod/", "not for you");
}

/* Of new ones nothing would be known, and yet they would count. */
static void namespaces_that_cannot_be_listed_end_it(void **state)
{
	static const struct script_reply replies[] = {
	    SERVES(MAPS), REPLY("/api/v1/namespaces?", "410 Gone",
			      "{\"kind\":\"Status\",\"message\":\"odd\"}")};
	struct fixture *f = *state;

	ADD_MAP(f, "ns", "a");
	MEET(f, PROD, "", replies);
	assert_found(&f->t, 0, 0, 0);
	assert_int_equal(f->t.m.unseen.len, 1);
	assert_string_equal(f->t.m.unseen.items[0].what, "kubernetes:prod/");
	assert_int_equal(
	    test_kube_asked(f->t.server, "GET /api/v1/configmaps"), 0);
}

static void a_cluster_that_only_one_side_knows_is_said(void **state)
{
	struct fixture *f = *state;

	ADD(f, "edge", "ns", "configmaps", "ConfigMap", "a");
	meet(
	    f, CLUSTER("edge", "\"ns\"", WHOLE("configmaps"), ""), "", NULL, 0);
	assert_found(&f->t, 0, 0, 0);
	assert_int_equal(f->t.m.unseen.len, 2);
	assert_string_equal(f->t.m.unseen.items[0].what, "kubernetes:edge/");
	assert_contains(f->t.m.unseen.items[0].reason, "does not name it");
	assert_string_equal(f->t.m.unseen.items[1].what, "kubernetes:prod/");
	assert_contains(
	    f->t.m.unseen.items[1].reason, "the snapshot does not have it");
	assert_int_equal(script_server_count(f->t.server), 0);
}

static void a_run_that_is_cancelled_ends(void **state)
{
	struct fixture *f = *state;
	struct err err;

	open_it(f, PROD, "", NULL, 0);
	cancel_request(&f->t.o.cancel);
	assert_fails(live_objects_meet(&f->t.m, &err), err, ERR_CANCELLED);
	assert_int_equal(f->t.m.unseen.len, 0);
	assert_int_equal(script_server_count(f->t.server), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_one_list_had_is_read_with_one),
	    TEST(what_was_read_by_namespace_is_read_so_again),
	    TEST(a_new_namespace_is_looked_into),
	    TEST(a_kind_is_read_in_the_version_that_it_had),
	    TEST(what_the_backup_was_refused_is_not_asked_for),
	    TEST(a_kind_that_no_backup_takes_is_not_read),
	    TEST(a_kind_that_is_excluded_since_is_not_gone),
	    TEST(of_a_kind_that_is_served_no_longer_all_is_gone),
	    TEST(of_a_server_that_is_down_nothing_is_gone),
	    TEST(of_a_cluster_that_does_not_answer_nothing_is_gone),
	    TEST(namespaces_that_cannot_be_listed_end_it),
	    TEST(a_cluster_that_only_one_side_knows_is_said),
	    TEST(a_run_that_is_cancelled_ends),
	};

	return cmocka_run_group_tests_name(
	    "drift/live_objects", tests, built_in_set_up, built_in_tear_down);
}
