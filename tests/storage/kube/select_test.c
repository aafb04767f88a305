#include "storage/kube/select.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <string.h>

/* A resource by its key, as an API server would serve it. */
static struct kube_resource resource(const char *key)
{
	static char name[128];
	static char whole[128];
	const char *dot = strchr(key, '.');
	size_t n = dot ? (size_t)(dot - key) : strlen(key);

	memcpy(name, key, n);
	name[n] = '\0';
	strcpy(whole, key);
	return (struct kube_resource){
	    .name = name, .key = whole, .listable = true, .namespaced = true};
}

static const char *reason(
    const struct kube_selection *s, const char *key, const char *text)
{
	struct kube_resource r = resource(key);
	struct kube_item item = KUBE_ITEM_INIT;
	struct err err = ERR_INIT;

	assert_ok(
	    kube_item_read(&item, text, strlen(text), NULL, NULL, &err), err);
	const char *why = kube_select_object(s, &r, &item);
	kube_item_done(&item);
	return why;
}

#define OWNED(controller)                                                      \
	"{\"metadata\":{\"name\":\"a\",\"ownerReferences\":[{\"uid\":\"u\","   \
	"\"controller\":" controller "}]}}"
#define TOKEN(name, type, manager)                                             \
	"{\"metadata\":{\"name\":\"" name "\",\"annotations\":{"               \
	"\"kubernetes.io/service-account.name\":\"build\"},"                   \
	"\"managedFields\":[{\"manager\":\"" manager "\",\"fieldsV1\":{"       \
	"\"f:type\":{}}}]},\"type\":\"" type "\"}"
#define LISTED(manager)                                                        \
	"{\"metadata\":{\"name\":\"default\",\"managedFields\":[{"             \
	"\"manager\":\"" manager "\",\"fieldsV1\":{\"f:secrets\":{"            \
	"\"k:{\\\"name\\\":\\\"default-token-abcde\\\"}\":{}}}}]},"            \
	"\"secrets\":[{\"name\":\"default-token-abcde\"}]}"
#define TOKEN_TYPE "kubernetes.io/service-account-token"
#define SLICE(more)                                                            \
	"{\"metadata\":{\"name\":\"s\",\"namespace\":\"n\"" more "}}"
#define MADE_BY(maker)                                                         \
	",\"labels\":{\"endpointslice.kubernetes.io/managed-by\":\"" maker "\"}"

static void objects_that_come_back_by_themselves_are_out(void **state)
{
	static const struct kube_selection usual;
	static const struct kube_selection all = {.keep_useless = true};
	static const struct {
		const char *key;
		const char *text;
		const char *why; /* NULL: it is in */
	} cases[] = {
	    {"pods", OWNED("true"), "owned by a controller"},
	    {"pods", OWNED("false"), NULL},
	    {"jobs.batch", OWNED("true"), NULL},
	    {"replicasets.apps", OWNED("true"), "owned by a controller"},
	    {"configmaps", "{\"metadata\":{\"name\":\"kube-root-ca.crt\"}}",
		"the cluster's own CA"},
	    {"configmaps",
		"{\"metadata\":{\"name\":\"openshift-service-ca.crt\"}}",
		"the cluster's own CA"},
	    {"configmaps", "{\"metadata\":{\"name\":\"service-ca.crt\"}}",
		NULL},
	    {"secrets", "{\"metadata\":{\"name\":\"kube-root-ca.crt\"}}", NULL},
	    {"secrets",
		TOKEN("any-name", TOKEN_TYPE, "kube-controller-manager"),
		"a token made by the controller"},
	    {"secrets",
		TOKEN("build-token-x7k2p", "Opaque", "kube-controller-manager"),
		NULL},
	    {"secrets", TOKEN("build-token-x7k2p", TOKEN_TYPE, "kubectl"),
		NULL},
	    {"endpoints", SLICE(""), NULL},
	    {"endpoints",
		SLICE(",\"annotations\":{\"control-plane.alpha.kubernetes.io/"
		      "leader\":\"{}\"}"),
		"made from services and pods"},
	    {"endpointslices.discovery.k8s.io", SLICE(""), NULL},
	    {"endpointslices.discovery.k8s.io", SLICE(MADE_BY("mine")), NULL},
	    {"endpointslices.discovery.k8s.io",
		SLICE(MADE_BY("endpointslice-controller.k8s.io")),
		"made from services and pods"},
	    {"endpointslices.discovery.k8s.io",
		SLICE(MADE_BY("endpointslicemirroring-controller.k8s.io")),
		"made from services and pods"},
	    {"endpointslices.discovery.k8s.io",
		"{\"metadata\":{\"name\":\"kubernetes\",\"namespace\":"
		"\"default\"}}",
		"made from services and pods"},
	    {"serviceaccounts",
		"{\"metadata\":{\"name\":\"default\"},\"secrets\":[{\"name\":"
		"\"default-token-abcde\"}]}",
		"the default account, as it came"},
	    {"serviceaccounts", LISTED("kube-controller-manager"),
		"the default account, as it came"},
	    {"serviceaccounts", LISTED("kubectl-edit"), NULL},
	    {"serviceaccounts",
		"{\"metadata\":{\"name\":\"default\"},\"secrets\":[{\"name\":"
		"\"registry\"}]}",
		NULL},
	    {"serviceaccounts",
		"{\"metadata\":{\"name\":\"default\"},\"imagePullSecrets\":"
		"[{\"name\":\"r\"}]}",
		NULL},
	    {"serviceaccounts",
		"{\"metadata\":{\"name\":\"default\",\"annotations\":{"
		"\"a\":\"b\"}}}",
		NULL},
	    {"serviceaccounts", "{\"metadata\":{\"name\":\"build\"}}", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *why = reason(&usual, cases[i].key, cases[i].text);
		if (!str_eq(why, cases[i].why))
			fail_msg("%s %s: %s", cases[i].key, cases[i].text,
			    why ? why : "in");
		assert_null(reason(&all, cases[i].key, cases[i].text));
	}
	/* The owner's mark counts always. */
	static const char marked[] =
	    "{\"metadata\":{\"name\":\"a\",\"annotations\":{"
	    "\"backstay.io/exclude\":\"true\"}}}";
	assert_non_null(reason(&all, "pods", marked));
}

static void resources_are_chosen_by_globs(void **state)
{
	struct strvec wanted = VEC_INIT;
	struct strvec unwanted = VEC_INIT;
	struct kube_selection s = {
	    .resources = &wanted, .exclude_resources = &unwanted};
	struct kube_resource r = resource("deployments.apps");

	(void)state;
	assert_null(kube_select_resource(&s, &r));
	strvec_add(&wanted, "*.apps");
	strvec_add(&wanted, "secrets");
	assert_null(kube_select_resource(&s, &r));
	strvec_add(&unwanted, "deploy*");
	assert_string_equal(
	    kube_select_resource(&s, &r), "excluded by the configuration");
	r = resource("configmaps");
	assert_string_equal(kube_select_resource(&s, &r), "not selected");
	r = resource("secrets");
	assert_null(kube_select_resource(&s, &r));
	r.listable = false;
	assert_non_null(kube_select_resource(&s, &r));
	strvec_done(&wanted);
	strvec_done(&unwanted);
	static const char *const useless[] = {"events", "pods.metrics.k8s.io",
	    "leases.coordination.k8s.io", "orders.acme.cert-manager.io",
	    "ingresses.extensions", "leasecandidates.coordination.k8s.io",
	    "csistoragecapacities.storage.k8s.io",
	    "resourceslices.resource.k8s.io",
	    "resourcepoolstatusrequests.resource.k8s.io",
	    "ipaddresses.networking.k8s.io",
	    "storageversionmigrations.storagemigration.k8s.io",
	    "podcertificaterequests.certificates.k8s.io"};
	for (size_t i = 0; i < sizeof(useless) / sizeof(*useless); i++) {
		r = resource(useless[i]);
		s.keep_useless = false;
		assert_non_null(kube_select_resource(&s, &r));
		s.keep_useless = true;
		assert_null(kube_select_resource(&s, &r));
	}
}

/* Which resources of cluster scope are taken, and of which only what is
 * referred to. */
static void scopes_choose_what_no_namespace_holds(void **state)
{
	static const struct {
		const char *key;
		enum kube_scope scope;
		bool taken, referenced;
	} cases[] = {
	    {"clusterroles.rbac.authorization.k8s.io", KUBE_SCOPE_REFERENCED,
		true, true},
	    {"clusterroles.rbac.authorization.k8s.io", KUBE_SCOPE_ALL, true,
		false},
	    {"clusterroles.rbac.authorization.k8s.io", KUBE_SCOPE_NONE, false,
		false},
	    {"namespaces", KUBE_SCOPE_NONE, true, false},
	    {"flowschemas.flowcontrol.apiserver.k8s.io", KUBE_SCOPE_REFERENCED,
		false, false},
	    {"clusterissuers.cert-manager.io", KUBE_SCOPE_REFERENCED, true,
		false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct kube_selection s = {.scope = cases[i].scope};
		struct kube_resource r = resource(cases[i].key);
		const char *dot = strchr(r.key, '.');
		r.group =
		    dot ? r.key + (dot + 1 - r.key) : r.key + strlen(r.key);
		bool referenced = true;
		assert_int_equal(
		    !kube_select_scope(&s, &r, &referenced), cases[i].taken);
		assert_int_equal(referenced, cases[i].referenced);
	}
}

static const char *unfit(
    const struct kube_resource *r, const char *ns, const char *text)
{
	static struct err err;
	struct kube_item item = KUBE_ITEM_INIT;

	err = (struct err)ERR_INIT;
	assert_ok(
	    kube_item_read(&item, text, strlen(text), NULL, NULL, &err), err);
	int fit = kube_select_belongs(r, ns, &item, &err);
	kube_item_done(&item);
	return fit ? err.message : NULL;
}

#define IN_NS "{\"metadata\":{\"name\":\"o\",\"namespace\":\"n\"}}"
#define IN_NONE "{\"metadata\":{\"name\":\"o\"}}"

static void an_object_belongs_in_the_list_it_came_in(void **state)
{
	const struct kube_resource within = {.name = (char[]){"pods"},
	    .key = (char[]){"pods"},
	    .namespaced = true};
	const struct kube_resource without = {
	    .name = (char[]){"nodes"}, .key = (char[]){"nodes"}};

	(void)state;
	assert_null(unfit(&within, NULL, IN_NS));
	assert_null(unfit(&within, "n", IN_NS));
	assert_null(unfit(&without, NULL, IN_NONE));
	assert_contains(unfit(&within, NULL, IN_NONE), "has no namespace");
	assert_contains(unfit(&without, NULL, IN_NS), "its kind has none");
	assert_contains(unfit(&within, "m", IN_NS), "of another namespace");
}

static void a_namespace_is_in_or_out_with_what_it_holds(void **state)
{
	const struct kube_resource within = {.name = (char[]){"pods"},
	    .key = (char[]){"pods"},
	    .namespaced = true};
	const struct kube_resource itself = {
	    .name = (char[]){"namespaces"}, .key = (char[]){"namespaces"}};
	/* Of another group, it only has the name. */
	const struct kube_resource other = {.name = (char[]){"namespaces"},
	    .key = (char[]){"namespaces.example.org"}};
	struct kube_item item = KUBE_ITEM_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(
	    kube_item_read(&item, IN_NS, strlen(IN_NS), NULL, NULL, &err), err);
	assert_string_equal(kube_select_with(&within, &item), "n");
	assert_string_equal(kube_select_with(&itself, &item), "o");
	assert_null(kube_select_with(&other, &item));
	kube_item_done(&item);
}

static void only_plain_names_need_no_list(void **state)
{
	cleanup(strvec_done) struct strvec wanted = VEC_INIT;

	(void)state;
	assert_false(kube_select_names_all(NULL, NULL));
	assert_false(kube_select_names_all(&wanted, NULL));
	strvec_add(&wanted, "team");
	strvec_add(&wanted, "web");
	assert_true(kube_select_names_all(&wanted, NULL));
	assert_true(kube_select_names_all(&wanted, ""));
	assert_false(kube_select_names_all(&wanted, "a=b"));
	strvec_add(&wanted, "prod-*");
	assert_false(kube_select_names_all(&wanted, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_object_belongs_in_the_list_it_came_in),
	    cmocka_unit_test(a_namespace_is_in_or_out_with_what_it_holds),
	    cmocka_unit_test(objects_that_come_back_by_themselves_are_out),
	    cmocka_unit_test(resources_are_chosen_by_globs),
	    cmocka_unit_test(scopes_choose_what_no_namespace_holds),
	    cmocka_unit_test(only_plain_names_need_no_list),
	};

	return cmocka_run_group_tests_name("kube/select", tests, NULL, NULL);
}
