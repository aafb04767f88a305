#include "agent/kube/refs.h"

#include "storage/base/cleanup.h"
#include "storage/json/range.h"
#include "tests/support/test.h"

#include <string.h>

static void on_mention(void *ctx, enum kube_mention what, struct json_range r)
{
	struct strvec *all = ctx;
	struct buf text = BUF_INIT;

	json_range_decode(r, &text);
	*vec_add(&all[what]) = buf_steal(&text);
}

/* An object of a resource, and what it mentions. */
struct object {
	struct kube_resource resource;
	struct kube_item item;
	struct strvec mentioned[KUBE_MENTION_COUNT];
	char name[128];
	char key[128];
};

static void object_init(struct object *o, const char *key, const char *text)
{
	struct err err = ERR_INIT;

	*o = (struct object){.item = KUBE_ITEM_INIT};
	strcpy(o->key, key);
	memcpy(o->name, key, strcspn(key, "."));
	o->resource = (struct kube_resource){.name = o->name, .key = o->key};
	assert_ok(kube_item_read(&o->item, text, strlen(text), on_mention,
		      o->mentioned, &err),
	    err);
}

static void object_done(struct object *o)
{
	kube_item_done(&o->item);
	for (size_t i = 0; i < KUBE_MENTION_COUNT; i++)
		strvec_done(&o->mentioned[i]);
}

static void note(struct kube_refs *refs, const char *key, const char *text)
{
	struct object o;

	object_init(&o, key, text);
	kube_refs_note(refs, &o.resource, &o.item, o.mentioned);
	object_done(&o);
	kube_refs_sort(refs);
}

static bool has_objects(void *ctx, const char *key)
{
	(void)ctx;
	return str_eq(key, "widgets.x.io");
}

static struct strvec captured;

static bool wants(struct kube_refs *refs, const char *key, const char *text)
{
	struct kube_refs_question q = {
	    .namespaces = &captured, .has_objects = has_objects};
	struct object o;

	object_init(&o, key, text);
	bool wanted =
	    kube_refs_wants(refs, &o.resource, &o.item, o.mentioned, &q);
	object_done(&o);
	return wanted;
}

#define RBAC ".rbac.authorization.k8s.io"
#define BINDING(labels, subject)                                               \
	"{\"metadata\":{\"name\":\"b\",\"labels\":{" labels                    \
	"}},\"subjects\":["                                                    \
	"{" subject "}],\"roleRef\":{\"kind\":\"ClusterRole\",\"name\":"       \
	"\"bound\"}}"
#define BOOT "\"kubernetes.io/bootstrapping\":\"rbac-defaults\""
#define ACCOUNT(ns)                                                            \
	"\"kind\":\"ServiceAccount\",\"name\":\"a\",\"namespace\":\"" ns "\""

static void bindings_that_touch_lead_to_roles(void **state)
{
	static const char key[] = "clusterrolebindings" RBAC;
	static const char role[] = "{\"metadata\":{\"name\":\"bound\"},"
				   "\"aggregationRule\":{"
				   "\"clusterRoleSelectors\":[{\"matchLabels\":"
				   "{\"to\":\"bound\"}}]}}";
	static const char part[] = "{\"metadata\":{\"name\":\"part\","
				   "\"labels\":{\"to\":\"bound\"}}}";
	struct kube_refs refs = KUBE_REFS_INIT;

	(void)state;
	assert_false(wants(&refs, "clusterroles" RBAC, role));
	assert_false(wants(&refs, key, BINDING("", ACCOUNT("other"))));
	assert_false(wants(&refs, "clusterroles" RBAC, role));
	assert_false(wants(&refs, key,
	    BINDING(BOOT, "\"kind\":\"Group\",\"name\":\"system:masters\"")));
	assert_false(wants(&refs, key,
	    BINDING("", "\"kind\":\"Group\",\"name\":"
			"\"system:serviceaccounts:other\"")));
	assert_true(wants(&refs, key,
	    BINDING(BOOT, "\"kind\":\"Group\",\"name\":"
			  "\"system:serviceaccounts:web\"")));
	assert_true(wants(
	    &refs, key, BINDING("", "\"kind\":\"User\",\"name\":\"jane\"")));
	assert_true(wants(&refs, key, BINDING(BOOT, ACCOUNT("web"))));
	assert_false(wants(&refs, "clusterroles" RBAC, part));
	assert_true(wants(&refs, "clusterroles" RBAC, role));
	assert_true(wants(&refs, "clusterroles" RBAC, part));
	kube_refs_done(&refs);
	note(&refs, "rolebindings" RBAC, BINDING("", ACCOUNT("web")));
	assert_true(wants(&refs, "clusterroles" RBAC, role));
	kube_refs_done(&refs);
}

/* What a claim names may lie deep in it, as a class of devices does. */
static void classes_that_claims_name_come_with_them(void **state)
{
	static const struct {
		const char *key, *text, *class_key, *class;
	} cases[] = {
	    {"persistentvolumeclaims",
		"{\"spec\":{\"volumeAttributesClassName\":\"gold\"}}",
		"volumeattributesclasses.storage.k8s.io", "gold"},
	    {"resourceclaims.resource.k8s.io",
		"{\"spec\":{\"devices\":{\"requests\":[{\"name\":\"gpu\","
		"\"exactly\":{\"deviceClassName\":\"gpu.example.com\"}}]}}}",
		"deviceclasses.resource.k8s.io", "gpu.example.com"},
	    {"resourceclaimtemplates.resource.k8s.io",
		"{\"spec\":{\"spec\":{\"devices\":{\"requests\":[{"
		"\"firstAvailable\":[{\"deviceClassName\":\"gpu\"}]}]}}}}",
		"deviceclasses.resource.k8s.io", "gpu"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kube_refs refs = KUBE_REFS_INIT;
		autofree char *named = str_printf(
		    "{\"metadata\":{\"name\":\"%s\"}}", cases[i].class);

		assert_false(wants(&refs, cases[i].class_key, named));
		note(&refs, cases[i].key, cases[i].text);
		assert_true(wants(&refs, cases[i].class_key, named));
		assert_false(wants(&refs, cases[i].class_key,
		    "{\"metadata\":{\"name\":\"other\"}}"));
		kube_refs_done(&refs);
	}
}

/* The rules of an aggregated role are made anew from the roles it gathers: one
 * that is not there is one that does not count. */
static void roles_gather_by_any_selector(void **state)
{
	static const struct {
		const char *selector;
		const char *labels;
		bool fits;
	} cases[] = {
	    {"\"matchLabels\":{\"a\":\"1\",\"b\":\"2\"}",
		"\"a\":\"1\",\"b\":\"2\"", true},
	    {"\"matchLabels\":{\"a\":\"1\",\"b\":\"2\"}", "\"a\":\"1\"", false},
	    {"\"matchLabels\":{\"\\u0061\":\"\\u0031\"}", "\"a\":\"1\"", true},
	    {"\"matchLabels\":{\"a\":7}", "\"a\":\"7\"", false},
	    {"\"matchLabels\":[]", "\"a\":\"7\"", false},
	    {"\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\","
	     "\"values\":[7,\"0\",\"1\"]}]",
		"\"a\":\"1\"", true},
	    {"\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\","
	     "\"values\":[\"0\",\"1\"]}]",
		"\"a\":\"2\"", false},
	    {"\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\","
	     "\"values\":[\"\"]}]",
		"", false},
	    {"\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\","
	     "\"values\":[\"1\"]}]",
		"\"a\":\"1\"", false},
	    {"\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"NotIn\","
	     "\"values\":[\"1\"]}]",
		"", true},
	    {"\"matchExpressions\":[{\"key\":\"a\",\"operator\":"
	     "\"Exists\"}]",
		"\"a\":\"\"", true},
	    {"\"matchExpressions\":[{\"key\":\"a\",\"operator\":"
	     "\"Exists\"},{\"key\":\"b\",\"operator\":"
	     "\"DoesNotExist\"}]",
		"\"a\":\"\",\"b\":\"\"", false},
	    {"\"matchExpressions\":[{\"key\":\"b\",\"operator\":"
	     "\"DoesNotExist\"}]",
		"\"a\":\"\"", true},
	    {"\"matchExpressions\":[{\"key\":\"a\",\"operator\":"
	     "\"Near\"}]",
		"\"a\":\"1\"", false},
	    {"\"matchExpressions\":[{\"operator\":\"Exists\"}]", "\"a\":\"1\"",
		false},
	    {"", "\"a\":\"1\"", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct kube_refs refs = KUBE_REFS_INIT;
		autofree char *role = str_printf(
		    "{\"metadata\":{\"name\":\"bound\"},\"aggregationRule\":"
		    "{\"clusterRoleSelectors\":[{%s}]}}",
		    cases[i].selector);
		autofree char *part = str_printf(
		    "{\"metadata\":{\"name\":\"part\",\"labels\":{%s}}}",
		    cases[i].labels);
		note(&refs, "rolebindings" RBAC, BINDING("", ACCOUNT("web")));
		assert_true(wants(&refs, "clusterroles" RBAC, role));
		if (wants(&refs, "clusterroles" RBAC, part) != cases[i].fits)
			fail_msg("{%s} and {%s}", cases[i].selector,
			    cases[i].labels);
		kube_refs_done(&refs);
	}
}

#define VOLUME(claim)                                                          \
	"{\"metadata\":{\"name\":\"v\"},\"spec\":{\"storageClassName\":"       \
	"\"slow\",\"claimRef\":{\"namespace\":\"web\",\"name\":\"" claim       \
	"\"}}}"
#define NAMED(name) "{\"metadata\":{\"name\":\"" name "\"}}"
#define IN_WEB(name)                                                           \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"web\"}}"

static void claims_lead_to_volumes_and_their_classes(void **state)
{
	static const char class[] = "storageclasses.storage.k8s.io";
	struct kube_refs refs = KUBE_REFS_INIT;

	(void)state;
	note(&refs, "persistentvolumeclaims", IN_WEB("data"));
	assert_false(wants(&refs, "persistentvolumes", VOLUME("other")));
	assert_false(wants(&refs, class, NAMED("slow")));
	assert_true(wants(&refs, "persistentvolumes", VOLUME("data")));
	assert_true(wants(&refs, class, NAMED("slow")));
	assert_false(wants(&refs, class, NAMED("fast")));
	note(&refs, "widgets.x.io",
	    "{\"metadata\":{\"name\":\"w\"},\"spec\":{\"a\":[{\"b\":"
	    "{\"storageClassName\":\"fast\",\"priorityClassName\":\"p\","
	    "\"runtimeClassName\":\"r\"}}]}}");
	assert_true(wants(&refs, class, NAMED("fast")));
	assert_true(
	    wants(&refs, "priorityclasses.scheduling.k8s.io", NAMED("p")));
	assert_true(wants(&refs, "runtimeclasses.node.k8s.io", NAMED("r")));
	assert_false(wants(&refs, class, NAMED("old")));
	note(&refs, "persistentvolumeclaims",
	    "{\"metadata\":{\"name\":\"o\",\"namespace\":\"web\","
	    "\"annotations\":{\"volume.beta.kubernetes.io/storage-class\":"
	    "\"old\"}}}");
	assert_true(wants(&refs, class, NAMED("old")));
	assert_false(
	    wants(&refs, "ingressclasses.networking.k8s.io", NAMED("nginx")));
	note(&refs, "ingresses.networking.k8s.io",
	    "{\"metadata\":{\"name\":\"i\",\"annotations\":{"
	    "\"kubernetes.io/ingress.class\":\"nginx\"}}}");
	assert_true(
	    wants(&refs, "ingressclasses.networking.k8s.io", NAMED("nginx")));
	kube_refs_done(&refs);
}

static void services_lead_to_what_calls_them(void **state)
{
	static const char hooks[] =
	    "{\"metadata\":{\"name\":\"h\"},\"webhooks\":[{\"clientConfig\":"
	    "{\"url\":\"https://a\"}},{\"clientConfig\":{\"service\":"
	    "{\"namespace\":\"web\",\"name\":\"hook\"}}}]}";
	static const char api[] =
	    "{\"metadata\":{\"name\":\"v1.x\"},\"spec\":{\"service\":"
	    "{\"namespace\":\"web\",\"name\":\"api\"}}}";
	static const char local[] =
	    "{\"metadata\":{\"name\":\"v1.\"},\"spec\":{\"service\":null}}";
	static const char key[] =
	    "mutatingwebhookconfigurations.admissionregistration.k8s.io";
	struct kube_refs refs = KUBE_REFS_INIT;

	(void)state;
	assert_false(wants(&refs, key, hooks));
	note(&refs, "services", IN_WEB("hook"));
	assert_true(wants(&refs, key, hooks));
	assert_false(wants(&refs, "apiservices.apiregistration.k8s.io", api));
	note(&refs, "services", IN_WEB("api"));
	assert_true(wants(&refs, "apiservices.apiregistration.k8s.io", api));
	assert_false(wants(&refs, "apiservices.apiregistration.k8s.io", local));
	assert_true(
	    wants(&refs, "customresourcedefinitions.apiextensions.k8s.io",
		NAMED("widgets.x.io")));
	assert_false(
	    wants(&refs, "customresourcedefinitions.apiextensions.k8s.io",
		NAMED("gears.x.io")));
	kube_refs_done(&refs);
}

static int setup(void **state)
{
	(void)state;
	strvec_add(&captured, "db");
	strvec_add(&captured, "web");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	strvec_done(&captured);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bindings_that_touch_lead_to_roles),
	    cmocka_unit_test(classes_that_claims_name_come_with_them),
	    cmocka_unit_test(roles_gather_by_any_selector),
	    cmocka_unit_test(claims_lead_to_volumes_and_their_classes),
	    cmocka_unit_test(services_lead_to_what_calls_them),
	};

	return cmocka_run_group_tests_name(
	    "capture_kube_refs", tests, setup, teardown);
}
