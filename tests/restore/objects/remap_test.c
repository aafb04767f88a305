#include "restore/objects/remap.h"

#include "restore/objects/rules.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

static void assert_remapped(
    const struct transform_options *o, const char *before, const char *after)
{
	cleanup(json_freep) struct json_object *object = test_json(before);
	const char *version = json_get_str(object, "apiVersion");
	autofree char *group =
	    str_ndup(version, strchr(version, '/') ? strcspn(version, "/") : 0);
	autofree char *kind = str_dup(json_get_str(object, "kind"));

	remap_apply(o, object, group, kind);
	assert_json(object, after);
}

/* The text with the namespace where it says %1$s. */
static char *filled(const char *text, const char *ns)
{
	struct buf out = BUF_INIT;

	for (const char *at; (at = strstr(text, "%1$s")); text = at + 4) {
		buf_add(&out, text, (size_t)(at - text));
		buf_add_str(&out, ns);
	}
	buf_add_str(&out, text);
	return buf_steal(&out);
}

static void namespaces_move_wherever_they_are_named(void **state)
{
	static const struct transform_map map[] = {
	    {.from = "prod", .to = "dr"}};
	static const struct transform_options o = {
	    .namespaces = map, .namespace_count = 1};

	(void)state;
	assert_remapped(&o,
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
	    "\"metadata\":{\"namespace\":\"prod\"}}",
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
	    "\"metadata\":{\"namespace\":\"dr\"}}");
	assert_remapped(&o,
	    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
	    "\"name\":\"prod\",\"labels\":{\"kubernetes.io/metadata.name\":"
	    "\"prod\"}}}",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{"
	    "\"name\":\"dr\",\"labels\":{\"kubernetes.io/metadata.name\":"
	    "\"dr\"}}}");
	assert_remapped(&o,
	    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"
	    "\"ClusterRoleBinding\",\"metadata\":{\"name\":\"prod\"},"
	    "\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"prod\","
	    "\"namespace\":\"prod\"},{\"kind\":\"User\",\"name\":\"prod\"}]}",
	    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"
	    "\"ClusterRoleBinding\",\"metadata\":{\"name\":\"prod\"},"
	    "\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"prod\","
	    "\"namespace\":\"dr\"},{\"kind\":\"User\",\"name\":\"prod\"}]}");
	assert_remapped(&o,
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
	assert_remapped(&o,
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
	    {.from = "registry.old/", .to = "registry.new/mirror/"}};
	static const struct transform_map classes[] = {
	    {.from = "gp2", .to = "fast"}};
	static const struct transform_options o = {.images = images,
	    .image_count = 1,
	    .storage_classes = classes,
	    .storage_class_count = 1};

	(void)state;
	assert_remapped(&o,
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

static void what_names_a_namespace_inside_a_text_moves_too(void **state)
{
	static const struct transform_map map[] = {
	    {.from = "prod", .to = "dr"}};
	static const struct rule_edge edges[] = {
	    {"config", "Widget.example.com", "/spec/refs/*", RULE_PATH,
		"ConfigMap.core", EDGE_REFERENCE, false}};
	static const struct transform_options o = {.namespaces = map,
	    .namespace_count = 1,
	    .edges = edges,
	    .edge_count = 1};
#define BINDING                                                                \
	"{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"           \
	"\"RoleBinding\",\"subjects\":[{\"kind\":\"User\",\"name\":"           \
	"\"system:serviceaccount:%1$s:web\"},{\"kind\":\"Group\",\"name\":"    \
	"\"system:serviceaccounts:%1$s\"},{\"kind\":\"User\",\"name\":"        \
	"\"system:serviceaccount:product:web\"}]}"
#define TRACKED                                                                \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"         \
	"\"annotations\":{\"argocd.argoproj.io/tracking-id\":"                 \
	"\"prod:/ConfigMap:%1$s/x\",\"cert-manager.io/inject-ca-from\":"       \
	"\"%1$s/cert\",\"meta.helm.sh/release-namespace\":\"%1$s\"},"          \
	"\"labels\":{\"kustomize.toolkit.fluxcd.io/namespace\":\"%1$s\"}}}"
#define WIDGET                                                                 \
	"{\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\",\"spec\":{"    \
	"\"refs\":[\"%1$s/a\",\"b\",\"other/c\"]}}"
#define INVENTORY                                                              \
	"{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\",\"kind\":"         \
	"\"Kustomization\",\"status\":{\"inventory\":{\"entries\":[{\"id\":"   \
	"\"%1$s_web_apps_Deployment\"},{\"id\":\"_prod__Namespace\"}]}}}"
	static const char *const texts[] = {
	    BINDING, TRACKED, WIDGET, INVENTORY};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		autofree char *before = filled(texts[i], "prod");
		autofree char *after = filled(texts[i], "dr");

		assert_remapped(&o, before, after);
	}
}

static void a_claim_moves_by_its_old_annotation(void **state)
{
	static const struct transform_map classes[] = {
	    {.from = "gp2", .to = "fast"}};
	static const struct transform_options o = {
	    .storage_classes = classes, .storage_class_count = 1};

	(void)state;
	assert_remapped(&o,
	    "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\","
	    "\"metadata\":{\"annotations\":{\"volume.beta.kubernetes.io/"
	    "storage-class\":\"gp2\"}},\"spec\":{}}",
	    "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\","
	    "\"metadata\":{\"annotations\":{\"volume.beta.kubernetes.io/"
	    "storage-class\":\"fast\"}},\"spec\":{}}");
}

static void what_is_left_is_told(void **state)
{
	static const struct transform_map map[] = {
	    {.from = "prod", .to = "dr"}, {.from = "dr", .to = "old"}};
	const struct transform_options o = {
	    .namespaces = map, .namespace_count = 2};
	static const char text[] =
	    "{\"metadata\":{\"namespace\":\"dr\",\"name\":\"prod\"},\"spec\":{"
	    "\"watchNamespace\":\"prod\",\"allowedNamespaces\":[\"other\","
	    "\"prod\"],\"namespace\":\"dr\",\"label\":\"prod\",\"a/b\":{"
	    "\"url\":\"http://web.prod.svc:80/\"}},\"status\":{\"namespace\":"
	    "\"prod\"}}";
	cleanup(strvec_done) struct strvec places = VEC_INIT;
	struct err err = ERR_INIT;
	cleanup(json_freep) struct json_object *object =
	    json_parse(text, sizeof(text) - 1, &err);

	(void)state;
	remap_left(&o, object, &places);
	assert_int_equal(places.len, 3);
	assert_string_equal(places.items[0], "/spec/watchNamespace");
	assert_string_equal(places.items[1], "/spec/allowedNamespaces/1");
	assert_string_equal(places.items[2], "/spec/a~1b/url");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(namespaces_move_wherever_they_are_named),
	    cmocka_unit_test(what_names_a_namespace_inside_a_text_moves_too),
	    cmocka_unit_test(images_and_storage_classes_move),
	    cmocka_unit_test(a_claim_moves_by_its_old_annotation),
	    cmocka_unit_test(what_is_left_is_told),
	};

	return cmocka_run_group_tests_name("remap", tests, NULL, NULL);
}
