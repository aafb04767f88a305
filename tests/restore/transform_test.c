#include "restore/transform.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
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

static void assert_text(struct json_object *j, const char *expected)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	json_write(&out, j, JSON_COMPACT);
	assert_string_equal(buf_str(&out), expected);
}

/* The examples of RFC 6902, appendix A, and what lies beside them. */
static void patches_as_the_rfc_says(void **state)
{
	static const struct {
		const char *before, *patch, *after; /* NULL: refused */
	} cases[] = {
	    {"{\"foo\":\"bar\"}",
		"[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
		"{\"foo\":\"bar\",\"baz\":\"qux\"}"},
	    {"{\"foo\":[\"bar\",\"baz\"]}",
		"[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
		"{\"foo\":[\"bar\",\"qux\",\"baz\"]}"},
	    {"{\"foo\":[\"bar\"]}",
		"[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[1]}]",
		"{\"foo\":[\"bar\",[1]]}"},
	    {"{\"foo\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
		"{\"foo\":[1,3]}"},
	    {"{\"a\":1,\"b\":2}",
		"[{\"op\":\"replace\",\"path\":\"/a\",\"value\":null}]",
		"{\"b\":2,\"a\":null}"},
	    {"{\"a\":[1,2]}",
		"[{\"op\":\"replace\",\"path\":\"/a/0\",\"value\":9}]",
		"{\"a\":[9,2]}"},
	    {"{\"a\":{\"x\":1},\"b\":{}}",
		"[{\"op\":\"move\",\"from\":\"/a/x\",\"path\":\"/b/y\"}]",
		"{\"a\":{},\"b\":{\"y\":1}}"},
	    {"{\"foo\":[\"a\",\"b\",\"c\"]}",
		"[{\"op\":\"move\",\"from\":\"/foo/0\",\"path\":\"/foo/2\"}]",
		"{\"foo\":[\"b\",\"c\",\"a\"]}"},
	    {"{\"a\":{\"x\":[1]}}",
		"[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":"
		"\"add\",\"path\":\"/b/x/-\",\"value\":2}]",
		"{\"a\":{\"x\":[1]},\"b\":{\"x\":[1,2]}}"},
	    {"{\"~1\":10,\"/\":9}",
		"[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10},{\"op\":"
		"\"remove\",\"path\":\"/~1\"}]",
		"{\"~1\":10}"},
	    {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":\"1\"}]",
		NULL},
	    {"{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"/b\"}]", NULL},
	    {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"/b\",\"value\":1}]",
		NULL},
	    {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b/c\",\"value\":1}]",
		NULL},
	    {"{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":1}]",
		NULL},
	    {"{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/01\"}]", NULL},
	    {"{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/-\"}]", NULL},
	    {"{\"a\":{\"b\":1}}",
		"[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		cleanup(json_freep) struct json_object *root =
		    parse(cases[i].before);
		cleanup(json_freep) struct json_object *patch =
		    parse(cases[i].patch);
		int rc = transform_patch_json(&root, patch, &err);

		if (!cases[i].after) {
			if (rc == 0)
				fail_msg("applied: %s", cases[i].patch);
			assert_int_equal(err.code, ERR_USAGE);
			continue;
		}
		if (rc)
			fail_msg("%s: %s", cases[i].patch, err.message);
		assert_text(root, cases[i].after);
	}
}

static struct transform *make(const struct transform_options *o)
{
	struct err err = ERR_INIT;
	struct transform *t = transform_new(o, &err);

	if (!t)
		fail_msg("%s", err.message);
	return t;
}

static void assert_applied(
    const struct transform_options *o, const char *before, const char *after)
{
	struct err err = ERR_INIT;
	cleanup(transform_freep) struct transform *t = make(o);
	cleanup(json_freep) struct json_object *object = parse(before);

	assert_ok(transform_apply(t, object, &err), err);
	assert_text(object, after);
}

#define MAP "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","

static void a_patch_goes_to_what_its_selector_fits(void **state)
{
	static const struct transform_patch patch = {.kind = "ConfigMap.core",
	    .namespace = "prod*",
	    .name = "web-?",
	    .labels = "app=web,tier",
	    .json = "[{\"op\":\"add\",\"path\":\"/x\",\"value\":1}]"};
	static const struct transform_options o = {
	    .patches = &patch, .patch_count = 1};
#define FITS                                                                   \
	"\"metadata\":{\"name\":\"web-1\",\"namespace\":\"prod-eu\","          \
	"\"labels\":{\"app\":\"web\",\"tier\":\"t\"}}"
#define NO_LABEL                                                               \
	"\"metadata\":{\"name\":\"web-1\",\"namespace\":\"prod-eu\","          \
	"\"labels\":{\"app\":\"web\"}}"
#define NO_NAMESPACE "\"metadata\":{\"name\":\"web-1\"}"

	(void)state;
	assert_applied(&o, MAP FITS "}", MAP FITS ",\"x\":1}");
	assert_applied(&o, MAP NO_LABEL "}", MAP NO_LABEL "}");
	assert_applied(&o, MAP NO_NAMESPACE "}", MAP NO_NAMESPACE "}");
}

static void namespaces_move_wherever_they_are_named(void **state)
{
	static const struct transform_map map[] = {{"prod", "dr"}};
	static const struct transform_options o = {
	    .namespaces = map, .namespace_count = 1};

	(void)state;
	assert_applied(&o, MAP "\"metadata\":{\"namespace\":\"prod\"}}",
	    MAP "\"metadata\":{\"namespace\":\"dr\"}}");
	assert_applied(&o,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
	    "\"name\":\"prod\",\"labels\":{\"kubernetes.io/metadata.name\":"
	    "\"prod\"}}}",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
	    "\"name\":\"dr\",\"labels\":{\"kubernetes.io/metadata.name\":"
	    "\"dr\"}}}");
	assert_applied(&o,
	    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"
	    "\"ClusterRoleBinding\",\"metadata\":{\"name\":\"prod\"},"
	    "\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"prod\","
	    "\"namespace\":\"prod\"},{\"kind\":\"User\",\"name\":\"prod\"}]}",
	    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"
	    "\"ClusterRoleBinding\",\"metadata\":{\"name\":\"prod\"},"
	    "\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"prod\","
	    "\"namespace\":\"dr\"},{\"kind\":\"User\",\"name\":\"prod\"}]}");
	assert_applied(&o,
	    "{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"
	    "\"ValidatingWebhookConfiguration\",\"webhooks\":[{"
	    "\"clientConfig\":{\"service\":{\"name\":\"w\",\"namespace\":"
	    "\"prod\"}},\"namespaceSelector\":{\"matchExpressions\":[{\"key\":"
	    "\"k\",\"values\":[\"prod\",\"other\"]}]}}]}",
	    "{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"
	    "\"ValidatingWebhookConfiguration\",\"webhooks\":[{"
	    "\"clientConfig\":{\"service\":{\"name\":\"w\",\"namespace\":"
	    "\"dr\"}},\"namespaceSelector\":{\"matchExpressions\":[{\"key\":"
	    "\"k\",\"values\":[\"dr\",\"other\"]}]}}]}");
	assert_applied(&o,
	    "{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\",\"kind\":"
	    "\"Kustomization\",\"metadata\":{},\"spec\":{\"sourceRef\":{"
	    "\"name\":\"a\",\"namespace\":\"prod\"},\"targetNamespace\":"
	    "\"prod\"}}",
	    "{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\",\"kind\":"
	    "\"Kustomization\",\"metadata\":{},\"spec\":{\"sourceRef\":{"
	    "\"name\":\"a\",\"namespace\":\"dr\"},\"targetNamespace\":"
	    "\"dr\"}}");
}

static void images_and_storage_classes_move(void **state)
{
	static const struct transform_map images[] = {
	    {"registry.old/", "registry.new/mirror/"}};
	static const struct transform_map classes[] = {{"gp2", "fast"}};
	static const struct transform_options o = {.images = images,
	    .image_count = 1,
	    .storage_classes = classes,
	    .storage_class_count = 1};

	(void)state;
	assert_applied(&o,
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"spec\":{"
	    "\"template\":{\"spec\":{\"initContainers\":[{\"image\":\"registry."
	    "old/i:1\"}],\"containers\":[{\"image\":\"docker.io/x\"}]}},"
	    "\"volumeClaimTemplates\":[{\"spec\":{\"storageClassName\":\"gp2\"}"
	    "}]}}",
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"spec\":{"
	    "\"template\":{\"spec\":{\"initContainers\":[{\"image\":\"registry."
	    "new/mirror/i:1\"}],\"containers\":[{\"image\":\"docker.io/x\"}]}},"
	    "\"volumeClaimTemplates\":[{\"spec\":{\"storageClassName\":"
	    "\"fast\"}}]}}");
}

static void what_does_not_apply_is_refused(void **state)
{
	static const char *const bad[] = {"{}", "[{}]",
	    "[{\"op\":\"frob\",\"path\":\"/a\"}]", "[{\"op\":\"add\"}]",
	    "[{\"op\":\"remove\",\"path\":\"a\"}]",
	    "[{\"op\":\"move\",\"path\":\"/a\"}]", "no json"};
	static const struct transform_patch missing = {
	    .json = "[{\"op\":\"remove\",\"path\":\"/spec/none\"}]"};
	static const struct transform_patch whole = {
	    .json = "[{\"op\":\"replace\",\"path\":\"\",\"value\":{}}]"};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct transform_patch p = {.json = bad[i]};
		struct transform_options o = {.patches = &p, .patch_count = 1};

		err = (struct err)ERR_INIT;
		assert_null(transform_new(&o, &err));
		assert_int_equal(err.code, ERR_USAGE);
	}
	const struct transform_patch *refused[] = {&missing, &whole};
	for (size_t i = 0; i < 2; i++) {
		struct transform_options o = {
		    .patches = refused[i], .patch_count = 1};
		cleanup(transform_freep) struct transform *t = make(&o);
		cleanup(json_freep) struct json_object *object =
		    parse(MAP "\"metadata\":{\"name\":\"x\"}}");

		assert_fails(transform_apply(t, object, &err), err, ERR_USAGE);
		assert_contains(err.message, "patch 1");
	}
	static const struct transform_map twice[] = {{"a", "b"}, {"a", "c"}};
	struct transform_options o = {.images = twice, .image_count = 2};
	err = (struct err)ERR_INIT;
	assert_null(transform_new(&o, &err));
	assert_contains(err.message, "twice");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(patches_as_the_rfc_says),
	    cmocka_unit_test(a_patch_goes_to_what_its_selector_fits),
	    cmocka_unit_test(namespaces_move_wherever_they_are_named),
	    cmocka_unit_test(images_and_storage_classes_move),
	    cmocka_unit_test(what_does_not_apply_is_refused),
	};

	return cmocka_run_group_tests_name("transform", tests, NULL, NULL);
}
