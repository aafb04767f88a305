#include "restore/objects/sanitize.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <string.h>

static struct json_object *parse(const char *text)
{
	struct err err = ERR_INIT;
	struct json_object *j = json_parse(text, strlen(text), &err);

	if (!j)
		fail_msg("%s: %s", err.message, text);
	return j;
}

static void assert_cleaned(const char *text,
    const struct sanitize_options *given, const char *expected)
{
	static const struct sanitize_options plain = {.volume_restored = false};
	cleanup(json_freep) struct json_object *object = parse(text);
	cleanup(buf_done) struct buf out = BUF_INIT;

	sanitize_object(object, given ? given : &plain);
	json_write(&out, object, JSON_COMPACT);
	assert_string_equal(buf_str(&out), expected);
}

#define META "\"metadata\":{\"name\":\"x\"}"

static void what_the_server_owns_goes(void **state)
{
	(void)state;
	assert_cleaned(
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	    "\"name\":\"x\",\"uid\":\"u\",\"resourceVersion\":\"1\","
	    "\"generation\":3,\"creationTimestamp\":\"t\",\"selfLink\":\"/\","
	    "\"managedFields\":[],\"generateName\":\"x-\",\"labels\":{\"a\":"
	    "\"b\"},\"finalizers\":[\"foregroundDeletion\",\"mine/f\"]},"
	    "\"data\":{\"k\":\"v\"},\"status\":{\"a\":1}}",
	    NULL,
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	    "\"name\":\"x\",\"labels\":{\"a\":\"b\"},\"finalizers\":[\"mine/"
	    "f\"]},\"data\":{\"k\":\"v\"}}");
	assert_cleaned("{\"apiVersion\":\"v1\",\"kind\":\"Namespace\"," META
		       ",\"spec\":{\"finalizers\":[\"kubernetes\"]},\"status\":"
		       "{\"phase\":\"Active\"}}",
	    NULL, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\"," META "}");
}

static void status_stays_where_it_is_in_the_body(void **state)
{
	static const struct sanitize_options keep = {.keep_status = true};

	(void)state;
	assert_cleaned("{\"apiVersion\":\"a/v1\",\"kind\":\"A\"," META
		       ",\"status\":{\"a\":1}}",
	    &keep,
	    "{\"apiVersion\":\"a/v1\",\"kind\":\"A\"," META
	    ",\"status\":{\"a\":1}}");
}

#define SERVICE "{\"apiVersion\":\"v1\",\"kind\":\"Service\","

static void a_service_keeps_what_somebody_chose(void **state)
{
	static const char applied[] =
	    SERVICE "\"metadata\":{\"name\":\"x\",\"annotations\":{\"kubectl."
		    "kubernetes.io/last-applied-configuration\":\"{\\\"spec\\\""
		    ":{\\\"ports\\\":[{\\\"port\\\":80,\\\"nodePort\\\":30080},"
		    "{\\\"port\\\":81}]}}\"}},\"spec\":{\"ports\":[{\"port\":80"
		    ",\"nodePort\":30080},{\"port\":81,\"nodePort\":31234}]}}";
	cleanup(json_freep) struct json_object *noted = parse("[30080]");
	struct sanitize_options with_note = {.node_ports = noted};
	cleanup(json_freep) struct json_object *service = parse(applied);
	static const struct sanitize_options plain = {.node_ports = NULL};

	(void)state;
	assert_cleaned(SERVICE META
	    ",\"spec\":{\"clusterIP\":\"10.0.0.1\",\"clusterIPs\":[\"10.0.0."
	    "1\"],\"healthCheckNodePort\":32000,\"ports\":[{\"port\":80}]}}",
	    NULL, SERVICE META ",\"spec\":{\"ports\":[{\"port\":80}]}}");
	assert_cleaned(SERVICE META
	    ",\"spec\":{\"clusterIP\":\"None\",\"clusterIPs\":[\"None\"]}}",
	    NULL,
	    SERVICE META
	    ",\"spec\":{\"clusterIP\":\"None\",\"clusterIPs\":[\"None\"]}}");
	sanitize_object(service, &plain);
	assert_int_equal(
	    json_int(json_pointer(service, "/spec/ports/0/nodePort"), 0),
	    30080);
	assert_null(json_pointer(service, "/spec/ports/1/nodePort"));
	/* What capture noted counts for more, and nothing known keeps all. */
	assert_cleaned(SERVICE META
	    ",\"spec\":{\"ports\":[{\"nodePort\":30080},{\"nodePort\":31000}]}"
	    "}",
	    &with_note,
	    SERVICE META ",\"spec\":{\"ports\":[{\"nodePort\":30080},{}]}}");
	assert_cleaned(SERVICE META
	    ",\"spec\":{\"ports\":[{\"nodePort\":31000}]}}",
	    NULL, SERVICE META ",\"spec\":{\"ports\":[{\"nodePort\":31000}]}}");
	assert_true(sanitize_drop_node_ports(service));
	assert_null(json_pointer(service, "/spec/ports/0/nodePort"));
	assert_false(sanitize_drop_node_ports(service));
}

static void volumes(void **state)
{
	static const char claim[] =
	    "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\","
	    "\"metadata\":{\"name\":\"x\",\"annotations\":{\"pv.kubernetes.io/"
	    "bind-completed\":\"yes\",\"pv.kubernetes.io/bound-by-controller\":"
	    "\"yes\",\"volume.kubernetes.io/selected-node\":\"n1\"}},\"spec\":{"
	    "\"volumeName\":\"pv-1\"}}";
	static const struct sanitize_options restored = {
	    .volume_restored = true};

	(void)state;
	assert_cleaned(claim, NULL,
	    "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\"," META
	    ",\"spec\":{}}");
	assert_cleaned(claim, &restored,
	    "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\"," META
	    ",\"spec\":{\"volumeName\":\"pv-1\"}}");
	assert_cleaned(
	    "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolume\"," META
	    ",\"spec\":{\"claimRef\":{\"name\":\"c\",\"namespace\":\"n\","
	    "\"uid\":\"u\",\"resourceVersion\":\"3\"}}}",
	    NULL,
	    "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolume\"," META
	    ",\"spec\":{\"claimRef\":{\"name\":\"c\",\"namespace\":\"n\"}}}");
}

static void what_runs_is_freed_from_where_it_ran(void **state)
{
	(void)state;
	assert_cleaned(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"," META
	    ",\"spec\":{\"nodeName\":\"n\",\"priority\":0,\"volumes\":[{"
	    "\"name\":\"kube-api-access-abcde\",\"projected\":{}},{\"name\":"
	    "\"data\",\"emptyDir\":{}}],\"containers\":[{\"volumeMounts\":[{"
	    "\"name\":\"kube-api-access-abcde\",\"mountPath\":\"/var/run/"
	    "secrets/kubernetes.io/serviceaccount\"},{\"name\":\"data\"}]}]}}",
	    NULL,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"," META
	    ",\"spec\":{\"volumes\":[{\"name\":\"data\",\"emptyDir\":{}}],"
	    "\"containers\":[{\"volumeMounts\":[{\"name\":\"data\"}]}]}}");
	assert_cleaned(
	    "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"metadata\":{"
	    "\"name\":\"x\",\"labels\":{\"controller-uid\":\"u\"}},\"spec\":{"
	    "\"selector\":{\"matchLabels\":{\"controller-uid\":\"u\"}},"
	    "\"template\":{\"metadata\":{\"labels\":{\"controller-uid\":\"u\","
	    "\"job-name\":\"x\"}}}}}",
	    NULL,
	    "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\"," META
	    ",\"spec\":{\"template\":{\"metadata\":{\"labels\":{\"job-name\":"
	    "\"x\"}}}}}");
	assert_cleaned("{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\"," META
		       ",\"spec\":{\"manualSelector\":true,\"selector\":{\"a\":"
		       "1}}}",
	    NULL,
	    "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\"," META
	    ",\"spec\":{\"manualSelector\":true,\"selector\":{\"a\":1}}}");
}

static void tokens_are_made_anew(void **state)
{
	(void)state;
	assert_cleaned(
	    "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\"," META
	    ",\"secrets\":[{\"name\":\"x-token-ab1cd\"},{\"name\":"
	    "\"mine\"}]}",
	    NULL,
	    "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\"," META
	    ",\"secrets\":[{\"name\":\"mine\"}]}");
	assert_cleaned(
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":"
	    "\"x\",\"annotations\":{\"kubernetes.io/service-account.name\":"
	    "\"a\",\"kubernetes.io/service-account.uid\":\"u\"}},\"type\":"
	    "\"kubernetes.io/service-account-token\",\"data\":{\"token\":\"t\","
	    "\"ca.crt\":\"c\",\"namespace\":\"n\",\"extra\":\"e\"}}",
	    NULL,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":"
	    "\"x\",\"annotations\":{\"kubernetes.io/service-account.name\":"
	    "\"a\"}},\"type\":\"kubernetes.io/service-account-token\",\"data\":"
	    "{\"extra\":\"e\"}}");
}

static bool has_secret(void *ctx, const char *name)
{
	(void)ctx;
	return str_eq(name, "x-token-byhnd") || str_eq(name, "x-token-login");
}

static void what_somebody_made_is_told_by_its_being_there(void **state)
{
	static const struct sanitize_options captured = {
	    .has_secret = has_secret};

	(void)state;
	assert_cleaned(
	    "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\"," META
	    ",\"secrets\":[{\"name\":\"x-token-ab1cd\"},{\"name\":"
	    "\"x-token-byhnd\"}]}",
	    &captured,
	    "{\"apiVersion\":\"v1\",\"kind\":\"ServiceAccount\"," META
	    ",\"secrets\":[{\"name\":\"x-token-byhnd\"}]}");
#define POD(volumes, mounts)                                                   \
	"{\"apiVersion\":\"v1\",\"kind\":\"Pod\"," META                        \
	",\"spec\":{\"volumes\":[" volumes                                     \
	"],\"containers\":[{\"volumeMounts\":[" mounts "]}]}}"
#define VOLUME(name, secret)                                                   \
	"{\"name\":\"" name "\",\"secret\":{\"secretName\":\"" secret "\"}}"
#define MOUNT(name, path) "{\"name\":\"" name "\",\"mountPath\":\"" path "\"}"
#define TOKENS "/var/run/secrets/kubernetes.io/serviceaccount"
	/* That of admission goes; that of a Secret which somebody made, and a
	 * volume that only bears such a name, stay. */
	assert_cleaned(POD(VOLUME("x-token-ab1cd", "x-token-ab1cd"),
			   MOUNT("x-token-ab1cd", TOKENS)),
	    &captured, POD("", ""));
	assert_cleaned(POD(VOLUME("x-token-login", "x-token-login"),
			   MOUNT("x-token-login", TOKENS)),
	    &captured,
	    POD(VOLUME("x-token-login", "x-token-login"),
		MOUNT("x-token-login", TOKENS)));
	assert_cleaned(POD(VOLUME("x-token-vault", "of-the-vault"),
			   MOUNT("x-token-vault", "/vault")),
	    &captured,
	    POD(VOLUME("x-token-vault", "of-the-vault"),
		MOUNT("x-token-vault", "/vault")));
}

static void an_injected_bundle_goes_another_stays(void **state)
{
#define HOOK(annotations, bundle)                                              \
	"{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"        \
	"\"MutatingWebhookConfiguration\",\"metadata\":{\"name\":"             \
	"\"x\"" annotations "},\"webhooks\":[{\"clientConfig\":{" bundle       \
	"}}]}"
#define INJECTED ",\"annotations\":{\"cert-manager.io/inject-ca-from\":\"a/b\"}"

	(void)state;
	assert_cleaned(
	    HOOK(INJECTED, "\"caBundle\":\"Q0E=\""), NULL, HOOK(INJECTED, ""));
	assert_cleaned(HOOK("", "\"caBundle\":\"Q0E=\""), NULL,
	    HOOK("", "\"caBundle\":\"Q0E=\""));
}

static void odd_shapes_do_no_harm(void **state)
{
	static const char *const odd[] = {"{}", "[]",
	    "{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":[],"
	    "\"spec\":{\"ports\":{\"a\":1}}}",
	    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{"
	    "\"annotations\":\"x\",\"finalizers\":{\"a\":1},\"labels\":7},"
	    "\"spec\":{\"volumes\":\"x\",\"containers\":[{\"volumeMounts\":"
	    "7}]}}",
	    "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"type\":"
	    "\"kubernetes.io/service-account-token\",\"metadata\":{},\"data\":"
	    "[1]}"};
	static const struct sanitize_options plain = {.node_ports = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		cleanup(json_freep) struct json_object *object = parse(odd[i]);
		sanitize_object(object, &plain);
		sanitize_drop_node_ports(object);
	}
}

static void an_account_that_is_there_keeps_its_tokens(void **state)
{
#define ACCOUNT(secrets)                                                       \
	"{\"kind\":\"ServiceAccount\",\"metadata\":{\"name\":\"ci\"}" secrets  \
	"}"
	static const char *const cases[][3] = {
	    /* wanted, live, what is wanted then */
	    {ACCOUNT(",\"secrets\":[{\"name\":\"mine\"}]"),
		ACCOUNT(",\"secrets\":[{\"name\":\"ci-token-abcde\"},{\"name\":"
			"\"mine\"},{\"name\":\"another\"}]"),
		ACCOUNT(",\"secrets\":[{\"name\":\"ci-token-abcde\"},{\"name\":"
			"\"mine\"}]")},
	    {ACCOUNT(",\"secrets\":[{\"name\":\"mine\"}]"), ACCOUNT(""),
		ACCOUNT(",\"secrets\":[{\"name\":\"mine\"}]")},
	    {ACCOUNT(",\"imagePullSecrets\":[{\"name\":\"mine\"}]"),
		ACCOUNT(",\"imagePullSecrets\":[{\"name\":"
			"\"ci-dockercfg-abcde\"},{\"name\":\"another\"}]"),
		ACCOUNT(",\"imagePullSecrets\":[{\"name\":"
			"\"ci-dockercfg-abcde\"},{\"name\":\"mine\"}]")},
	    {ACCOUNT(""), ACCOUNT(",\"secrets\":[{\"name\":\"a\"}]"),
		ACCOUNT("")},
	    {"{}", ACCOUNT(""), "{}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cleanup(json_freep) struct json_object *wanted =
		    test_json(cases[i][0]);
		cleanup(json_freep) struct json_object *live =
		    test_json(cases[i][1]);
		cleanup(json_freep) struct json_object *expected =
		    test_json(cases[i][2]);

		sanitize_keep_made(wanted, live);
		assert_true(json_equal(wanted, expected));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_server_owns_goes),
	    cmocka_unit_test(status_stays_where_it_is_in_the_body),
	    cmocka_unit_test(a_service_keeps_what_somebody_chose),
	    cmocka_unit_test(volumes),
	    cmocka_unit_test(what_runs_is_freed_from_where_it_ran),
	    cmocka_unit_test(tokens_are_made_anew),
	    cmocka_unit_test(what_somebody_made_is_told_by_its_being_there),
	    cmocka_unit_test(an_injected_bundle_goes_another_stays),
	    cmocka_unit_test(odd_shapes_do_no_harm),
	    cmocka_unit_test(an_account_that_is_there_keeps_its_tokens),
	};

	return cmocka_run_group_tests_name("sanitize", tests, NULL, NULL);
}
