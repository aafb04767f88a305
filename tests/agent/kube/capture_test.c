/* The capture of whole clusters: what each is asked for, which of it is
 * captured, and that one that fails keeps no other from it. */
#include "agent/kube/capture.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/mem.h"
#include "tests/support/captures.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>

#define RBAC "rbac.authorization.k8s.io"
#define READ "\"list\",\"get\""
#define CORE                                                                   \
	KUBE_SERVED("Namespace", "namespaces", "Cluster", READ)                \
	"," KUBE_SERVED("ConfigMap", "configmaps", "Namespaced",               \
	    READ) "," KUBE_SERVED("Event", "events", "Namespaced",             \
	    READ) "," KUBE_SERVED("Secret", "secrets", "Namespaced", READ)
#define ROLES                                                                  \
	KUBE_SERVED("ClusterRole", "clusterroles", "Cluster", READ)            \
	"," KUBE_SERVED("RoleBinding", "rolebindings", "Namespaced", READ)
#define LIST(PATH, ITEMS)                                                      \
	KUBE_REPLY_TO("GET " PATH "?", "200 OK",                               \
	    "{\"kind\":\"XList\",\"apiVersion\":\"v1\",\"metadata\":{"         \
	    "\"resourceVersion\":\"7\"},\"items\":[" ITEMS "]}")
#define ITEM(NAME) "{\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"a\"}}"
#define NAMESPACE "{\"metadata\":{\"name\":\"a\"}}"
#define BEGINS                                                                 \
	KUBE_REPLY_TO(                                                         \
	    "GET /api HTTP", "200 OK", KUBE_GROUPS(KUBE_GROUP("", CORE))),     \
	    KUBE_REPLY_TO("GET /apis HTTP", "200 OK",                          \
		KUBE_GROUPS(KUBE_GROUP(RBAC, ROLES))),                         \
	    KUBE_REPLY_TO(                                                     \
		"GET /version", "200 OK", "{\"gitVersion\":\"v1.36.2\"}"),     \
	    LIST("/api/v1/namespaces", NAMESPACE),                             \
	    KUBE_REPLY_TO("apiservices", "200 OK", "{\"items\":[]}"),          \
	    KUBE_REPLY_TO("/namespaces/kube-system ", "200 OK",                \
		"{\"metadata\":{\"uid\":\"u-1\"}}")
#define LISTS(SECRETS)                                                         \
	LIST("/api/v1/namespaces", NAMESPACE),                                 \
	    LIST("/api/v1/configmaps", ITEM("m")), SECRETS,                    \
	    LIST("/apis/" RBAC "/v1/rolebindings",                             \
		"{\"metadata\":{\"name\":\"b\",\"namespace\":\"a\"},"          \
		"\"roleRef\":{\"apiGroup\":\"" RBAC                            \
		"\",\"kind\":\"ClusterRole\",\"name\":\"used\"}}"),            \
	    LIST("/apis/" RBAC "/v1/clusterroles",                             \
		"{\"metadata\":{\"name\":\"unused\"}},"                        \
		"{\"metadata\":{\"name\":\"used\"}}"),                         \
	    KUBE_REPLY_TO("/api/v1/events?limit=1", "200 OK",                  \
		"{\"metadata\":{},\"items\":[{}]}")
#define NO_SECRETS LIST("/api/v1/secrets", "")
#define REFUSED_SECRETS                                                        \
	KUBE_REPLY_TO("GET /api/v1/secrets?", "403 Forbidden", KUBE_REFUSED),  \
	    KUBE_REPLY_TO("GET /api/v1/namespaces/a/secrets?",                 \
		"403 Forbidden", KUBE_REFUSED)
#define TREE "kubernetes/prod/"
#define CAPTURED                                                               \
	TREE "namespaces/a/configmaps/m.json\n" TREE                           \
	     "cluster/namespaces/a.json\n" TREE                                \
	     "namespaces/a/rolebindings." RBAC "/b.json\n" TREE                \
	     "cluster/clusterroles." RBAC "/used.json\n"

struct fixture {
	struct test_kube kubes[2];
	struct capture_kube_cluster clusters[2];
	size_t count;
	struct strvec tolerated;
	struct cancel cancel;
	struct test_capture capture;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_capture_init(&f->capture, RANK_KUBERNETES, 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->count; i++)
		test_kube_stop(&f->kubes[i]);
	strvec_done(&f->tolerated);
	test_capture_done(&f->capture);
	free(f);
	return 0;
}

static void add(struct fixture *f, const char *name,
    const struct script_reply *replies, size_t count)
{
	size_t i = f->count++;

	test_kube_start(&f->kubes[i], replies, count);
	f->clusters[i] = (struct capture_kube_cluster){.name = name,
	    .client = f->kubes[i].client,
	    .tolerate_forbidden = &f->tolerated};
	f->capture.env.clock = &f->kubes[0].clock.clock;
	f->capture.env.random = &f->kubes[0].random.random;
	f->capture.env.cancel = &f->cancel;
}

#define ADD(f, name, replies)                                                  \
	add((f), (name), (replies), sizeof(replies) / sizeof(*(replies)))

static int capture(struct fixture *f, struct err *err)
{
	const struct capture_kube_options o = {
	    .clusters = f->clusters, .cluster_count = f->count};

	return capture_kube(&o, &f->capture.env, &f->capture.report, err);
}

static const struct json_object *summary_of(const struct fixture *f, size_t i)
{
	return json_at(json_get(f->capture.report.summary, "clusters"), i);
}

static void a_cluster_is_captured_and_described(void **state)
{
	static const struct script_reply replies[] = {
	    BEGINS, LISTS(NO_SECRETS)};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	ADD(f, "prod", replies);
	assert_ok(capture(f, &err), err);
	assert_capture_missing(&f->capture, "");
	assert_capture_warned(&f->capture, "");
	const struct json_object *s = summary_of(f, 0);
	assert_string_equal(json_get_str(s, "name"), "prod");
	assert_string_equal(json_get_str(s, "server_version"), "v1.36.2");
	assert_string_equal(json_get_str(s, "uid"), "u-1");
	assert_int_equal(json_get_int(s, "objects", -1), 4);
	assert_int_equal(f->capture.report.items, 4);
	assert_json(json_get(s, "namespaces"), "[\"a\"]");
	assert_json(json_get(s, "revisions"), "[\"7\"]");
	assert_json(json_get(s, "left_out"),
	    "[{\"resource\":\"events\",\"reason\":\"events pass\","
	    "\"objects\":1}]");
	/* What is held back has a place behind all others. */
	assert_captured_paths(&f->capture, CAPTURED);
}

static void one_that_does_not_answer_is_missing_alone(void **state)
{
	static const struct script_reply replies[] = {
	    BEGINS, LISTS(NO_SECRETS)};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add(f, "gone", NULL, 0);
	ADD(f, "prod", replies);
	assert_ok(capture(f, &err), err);
	assert_int_equal(f->capture.report.missing.len, 1);
	assert_string_equal(
	    f->capture.report.missing.items[0].what, "cluster 'gone'");
	assert_string_equal(json_get_str(summary_of(f, 0), "name"), "gone");
	assert_string_equal(json_get_str(summary_of(f, 1), "name"), "prod");
	assert_captured_paths(&f->capture, CAPTURED);
}

static void a_name_that_is_no_part_of_a_path_is_refused(void **state)
{
	static const char *const names[] = {"a/b", "..", ""};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	add(f, "", NULL, 0);
	for (size_t i = 0; i < 3; i++) {
		f->clusters[0].name = names[i];
		json_free(steal(f->capture.report.summary));
		assert_ok(capture(f, &err), err);
		assert_int_equal(f->capture.report.missing.len, i + 1);
		assert_string_equal(f->capture.report.missing.items[i].reason,
		    "the cluster's name cannot be part of a path");
	}
	assert_int_equal(script_server_count(f->kubes[0].server), 0);
	assert_captured_paths(&f->capture, "");
}

static void what_may_not_be_read_is_missing(void **state)
{
	static const struct script_reply replies[] = {
	    BEGINS, LISTS(REFUSED_SECRETS)};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	ADD(f, "prod", replies);
	assert_ok(capture(f, &err), err);
	assert_int_equal(f->capture.report.missing.len, 1);
	assert_contains(f->capture.report.missing.items[0].what, "secrets");
	assert_true(capture_report_refused(&f->capture.report));
	assert_capture_warned(&f->capture, "");
	assert_captured_paths(&f->capture, CAPTURED);
}

static void what_is_tolerated_is_a_warning(void **state)
{
	static const struct script_reply replies[] = {
	    BEGINS, LISTS(REFUSED_SECRETS)};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	strvec_add(&f->tolerated, "secrets");
	ADD(f, "prod", replies);
	assert_ok(capture(f, &err), err);
	assert_capture_missing(&f->capture, "");
	assert_int_equal(f->capture.report.warnings.len, 1);
	assert_contains(f->capture.report.warnings.items[0], "secrets");
	assert_contains(f->capture.report.warnings.items[0], " (tolerated)");
	assert_captured_paths(&f->capture, CAPTURED);
}

/* Without its identity a restore only cannot compare. */
static void an_identity_is_not_needed(void **state)
{
	static const struct script_reply replies[] = {
	    KUBE_REPLY_TO(
		"/namespaces/kube-system ", "403 Forbidden", KUBE_REFUSED),
	    BEGINS, LISTS(NO_SECRETS)};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	ADD(f, "prod", replies);
	assert_ok(capture(f, &err), err);
	assert_capture_missing(&f->capture, "");
	assert_null(json_get(summary_of(f, 0), "uid"));
	assert_captured_paths(&f->capture, CAPTURED);
}

static void after_a_cancellation_no_cluster_is_asked(void **state)
{
	static const struct script_reply replies[] = {
	    BEGINS, LISTS(NO_SECRETS)};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	ADD(f, "prod", replies);
	ADD(f, "other", replies);
	kube_client_free(f->kubes[0].client);
	const struct kube_client_options o = {.access = &f->kubes[0].access,
	    .max_attempts = 1,
	    .clock = &f->kubes[0].clock.clock,
	    .random = &f->kubes[0].random.random,
	    .cancel = &f->cancel};
	f->clusters[0].client = f->kubes[0].client = kube_client_new(&o, &err);
	cancel_request(&f->cancel);
	assert_fails(capture(f, &err), err, ERR_CANCELLED);
	assert_contains(err.message, "prod: ");
	assert_capture_missing(&f->capture, "");
	assert_int_equal(script_server_count(f->kubes[1].server), 0);
}

static void a_check_reads_no_objects(void **state)
{
	static const struct script_reply replies[] = {BEGINS,
	    LIST("/api/v1/namespaces", ""),
	    LIST("/api/v1/namespaces/a/configmaps", ""), REFUSED_SECRETS,
	    LIST("/apis/" RBAC "/v1/namespaces/a/rolebindings", ""),
	    LIST("/apis/" RBAC "/v1/clusterroles", "")};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	ADD(f, "prod", replies);
	assert_ok(capture_kube_check(&f->clusters[0], &f->capture.env,
		      &f->capture.report, &err),
	    err);
	assert_int_equal(f->capture.report.missing.len, 1);
	assert_contains(f->capture.report.missing.items[0].what, "secrets");
	assert_int_equal(f->capture.report.items, 0);
	const struct json_object *s = f->capture.report.summary;
	assert_string_equal(json_get_str(s, "name"), "prod");
	assert_json(json_get(s, "resources"),
	    "[{\"resource\":\"clusterroles." RBAC
	    "\",\"kind\":\"ClusterRole\"},"
	    "{\"resource\":\"configmaps\",\"kind\":\"ConfigMap\"},"
	    "{\"resource\":\"namespaces\",\"kind\":\"Namespace\"},"
	    "{\"resource\":\"rolebindings." RBAC "\",\"kind\":\"RoleBinding\"},"
	    "{\"resource\":\"secrets\",\"kind\":\"Secret\"}]");
	struct script_server *server = f->kubes[0].server;
	assert_int_equal(test_kube_asked(server, "configmaps?limit=1 "), 1);
	assert_int_equal(test_kube_asked(server, "events"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_cluster_is_captured_and_described),
	    TEST(one_that_does_not_answer_is_missing_alone),
	    TEST(a_name_that_is_no_part_of_a_path_is_refused),
	    TEST(what_may_not_be_read_is_missing),
	    TEST(what_is_tolerated_is_a_warning),
	    TEST(an_identity_is_not_needed),
	    TEST(after_a_cancellation_no_cluster_is_asked),
	    TEST(a_check_reads_no_objects),
	};

	return cmocka_run_group_tests_name("kube capture", tests, NULL, NULL);
}
