#include "restore/objects/references.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/references.h"
#include "tests/support/test.h"

#include <string.h>

static void assert_needs(const char *text, const char *const *lines)
{
	static const struct references_options plain = {.edges = NULL};
	struct strvec found = VEC_INIT;
	cleanup(json_freep) struct json_object *object = test_json(text);
	cleanup(buf_done) struct buf all = BUF_INIT;

	references_needs(&plain, object, references_line, &found);
	VEC_EACH (&found, l)
		buf_printf(&all, "%s\n", *l);
	for (; *lines; lines++)
		if (!strvec_has(&found, *lines))
			fail_msg(
			    "'%s' is not among\n%s", *lines, buf_str(&all));
	strvec_done(&found);
}

#define LINES(...)                                                             \
	(const char *const[])                                                  \
	{                                                                      \
		__VA_ARGS__, NULL                                              \
	}

static void a_workload_needs_all_it_mounts_and_names(void **state)
{
	(void)state;
	assert_needs(
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":"
	    "{\"name\":\"web\",\"namespace\":\"prod\"},\"spec\":{\"template\":"
	    "{\"spec\":{\"serviceAccountName\":\"sa\",\"priorityClassName\":"
	    "\"high\",\"runtimeClassName\":\"gvisor\",\"imagePullSecrets\":[{"
	    "\"name\":\"pull\"}],\"volumes\":[{\"secret\":{\"secretName\":"
	    "\"s1\""
	    "}},{\"configMap\":{\"name\":\"c1\"}},{\"persistentVolumeClaim\":{"
	    "\"claimName\":\"data\"}},{\"projected\":{\"sources\":[{\"secret\":"
	    "{\"name\":\"s2\"}}]}}],\"initContainers\":[{\"envFrom\":[{"
	    "\"configMapRef\":{\"name\":\"c2\"}}]}],\"containers\":[{\"env\":[{"
	    "\"valueFrom\":{\"secretKeyRef\":{\"name\":\"s3\"}}}]}]}}}}",
	    LINES("Namespace. /prod!+", "ServiceAccount. prod/sa",
		"PriorityClass.scheduling.k8s.io /high",
		"RuntimeClass.node.k8s.io /gvisor", "Secret. prod/pull",
		"Secret. prod/s1", "ConfigMap. prod/c1",
		"PersistentVolumeClaim. prod/data", "Secret. prod/s2",
		"ConfigMap. prod/c2", "Secret. prod/s3"));
	assert_needs(
	    "{\"apiVersion\":\"batch/v1\",\"kind\":\"CronJob\",\"metadata\":{"
	    "\"namespace\":\"p\"},\"spec\":{\"jobTemplate\":{\"spec\":{"
	    "\"template\":{\"spec\":{\"volumes\":[{\"secret\":{\"secretName\":"
	    "\"deep\"}}]}}}}}}",
	    LINES("Secret. p/deep"));
}

static void the_api_s_own_references(void **state)
{
	(void)state;
	assert_needs(
	    "{\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"kind\":"
	    "\"RoleBinding\",\"metadata\":{\"namespace\":\"p\"},\"roleRef\":{"
	    "\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":"
	    "\"ClusterRole\""
	    ",\"name\":\"edit\"},\"subjects\":[{\"kind\":\"ServiceAccount\","
	    "\"name\":\"ci\",\"namespace\":\"build\"}]}",
	    LINES("ClusterRole.rbac.authorization.k8s.io p/edit",
		"ServiceAccount. build/ci"));
	assert_needs(
	    "{\"apiVersion\":\"autoscaling/v2\",\"kind\":"
	    "\"HorizontalPodAutoscaler\",\"metadata\":{\"namespace\":\"p\"},"
	    "\"spec\":{\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":"
	    "\"StatefulSet\",\"name\":\"db\"}}}",
	    LINES("StatefulSet.apps p/db"));
	assert_needs(
	    "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"Ingress\","
	    "\"metadata\":{\"namespace\":\"p\"},\"spec\":{\"ingressClassName\":"
	    "\"nginx\",\"tls\":[{\"secretName\":\"tls\"}],\"rules\":[{\"http\":"
	    "{"
	    "\"paths\":[{\"backend\":{\"service\":{\"name\":\"web\"}}}]}}]}}",
	    LINES("IngressClass.networking.k8s.io /nginx", "Secret. p/tls",
		"Service. p/web"));
	assert_needs(
	    "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\","
	    "\"metadata\":{\"namespace\":\"p\"},\"spec\":{"
	    "\"storageClassName\":\"fast\",\"volumeName\":\"pv-1\"}}",
	    LINES("StorageClass.storage.k8s.io /fast",
		"PersistentVolume. /pv-1"));
	assert_needs("{\"apiVersion\":\"apiregistration.k8s.io/v1\",\"kind\":"
		     "\"APIService\",\"spec\":{\"service\":{\"name\":\"m\","
		     "\"namespace\":\"k\"}}}",
	    LINES("Service. k/m+"));
}

static void a_webhook_that_fails_closed_holds(void **state)
{
	(void)state;
	assert_needs(
	    "{\"apiVersion\":\"admissionregistration.k8s.io/v1\",\"kind\":"
	    "\"ValidatingWebhookConfiguration\",\"webhooks\":[{"
	    "\"failurePolicy\""
	    ":\"Fail\",\"clientConfig\":{\"service\":{\"name\":\"a\","
	    "\"namespace\":\"k\"}}},{\"failurePolicy\":\"Ignore\","
	    "\"clientConfig\":{\"service\":{\"name\":\"b\",\"namespace\":\"k\"}"
	    "}"
	    "}]}",
	    LINES("Service. k/a!+", "Service. k/b"));
}

static void systems_of_gitops(void **state)
{
	(void)state;
	assert_needs(
	    "{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\",\"kind\":"
	    "\"Kustomization\",\"metadata\":{\"namespace\":\"f\"},\"spec\":{"
	    "\"sourceRef\":{\"kind\":\"GitRepository\",\"name\":\"org\"},"
	    "\"dependsOn\":[{\"name\":\"infra\"}],\"postBuild\":{"
	    "\"substituteFrom\":[{\"kind\":\"Secret\",\"name\":\"v\"}]}}}",
	    LINES("GitRepository.source.toolkit.fluxcd.io f/org",
		"Kustomization.kustomize.toolkit.fluxcd.io f/infra",
		"Secret. f/v"));
	assert_needs(
	    "{\"apiVersion\":\"source.toolkit.fluxcd.io/v1\",\"kind\":"
	    "\"GitRepository\",\"metadata\":{\"namespace\":\"f\"},\"spec\":{"
	    "\"url\":\"https://git.example.com/org/fleet.git\",\"secretRef\":{"
	    "\"name\":\"key\"}}}",
	    LINES("Git.@ /git.example.com/org/fleet!", "Secret. f/key"));
	assert_needs(
	    "{\"apiVersion\":\"helm.toolkit.fluxcd.io/v2\",\"kind\":"
	    "\"HelmRelease\",\"metadata\":{\"name\":\"app\",\"namespace\":"
	    "\"p\"}"
	    ",\"spec\":{\"targetNamespace\":\"q\",\"valuesFrom\":[{\"kind\":"
	    "\"Secret\",\"name\":\"v\"}]}}",
	    LINES("Release.@ p/q-app!", "Secret. p/v"));
	assert_needs(
	    "{\"apiVersion\":\"argoproj.io/v1alpha1\",\"kind\":\"Application\","
	    "\"metadata\":{\"namespace\":\"argocd\"},\"spec\":{\"project\":"
	    "\"team\",\"source\":{\"repoURL\":\"git@git.example.com:org/a\"}}}",
	    LINES("AppProject.argoproj.io argocd/team",
		"Git.@ /git.example.com/org/a!", "Credentials.@ /argocd"));
	assert_needs(
	    "{\"apiVersion\":\"s3.aws.crossplane.io/v1beta1\",\"kind\":"
	    "\"Bucket\",\"metadata\":{\"name\":\"b\"},\"spec\":{"
	    "\"forProvider\":"
	    "{},\"providerConfigRef\":{\"name\":\"aws\"}}}",
	    LINES("Packages.@ /all!+", "Config.@ /aws.crossplane.io/aws",
		"Definition.@ /s3.aws.crossplane.io/Bucket!+"));
	assert_needs(
	    "{\"apiVersion\":\"external-secrets.io/v1\",\"kind\":"
	    "\"ExternalSecret\",\"metadata\":{\"namespace\":\"p\"},\"spec\":{"
	    "\"secretStoreRef\":{\"kind\":\"ClusterSecretStore\",\"name\":"
	    "\"v\"}"
	    "}}",
	    LINES("ClusterSecretStore.external-secrets.io /v!"));
	assert_needs(
	    "{\"apiVersion\":\"cert-manager.io/v1\",\"kind\":\"Certificate\","
	    "\"metadata\":{\"namespace\":\"p\"},\"spec\":{\"secretName\":\"t\","
	    "\"issuerRef\":{\"kind\":\"ClusterIssuer\",\"name\":\"le\"}}}",
	    LINES("Secret. p/t!", "ClusterIssuer.cert-manager.io p/le"));
	assert_needs("{\"apiVersion\":\"constraints.gatekeeper.sh/v1beta1\","
		     "\"kind\":\"K8sRequiredLabels\",\"metadata\":{\"name\":"
		     "\"x\"}}",
	    LINES("ConstraintTemplate.templates.gatekeeper.sh "
		  "/K8sRequiredLabels"));
}

static void terraform_state_comes_before_what_manages_it(void **state)
{
	(void)state;
	assert_needs(
	    "{\"apiVersion\":\"tf.example.com/"
	    "v1alpha1\",\"kind\":\"Terraform\","
	    "\"metadata\":{\"name\":\"vpc\",\"namespace\":\"i\"},\"spec\":{"
	    "\"backend\":{\"s3\":{\"bucket\":\"states\",\"key\":\"aws/"
	    "vpc\"}}}}",
	    LINES(
		"State.@ /states/aws/vpc!", "Secret. i/tfstate-default-vpc!"));
	assert_needs(
	    "{\"apiVersion\":\"infra.contrib.fluxcd.io/v1alpha2\",\"kind\":"
	    "\"Terraform\",\"metadata\":{\"name\":\"vpc\",\"namespace\":\"i\"},"
	    "\"spec\":{\"workspace\":\"blue\",\"backendConfig\":{"
	    "\"secretSuffix\":\"net\",\"customConfiguration\":\"backend "
	    "\\\"s3\\"
	    "\" {\\n  bucket = \\\"states\\\"\\n  workspace_key = \\\"no\\\"\\n"
	    "  key    = \\\"k\\\"\\n}\"}}}",
	    LINES("State.@ /states/k!", "State.@ /states/env:/blue/k!",
		"Secret. i/tfstate-blue-net!"));
}

static void assert_provides(const char *text, const char *const *lines)
{
	struct strvec found = VEC_INIT;
	cleanup(json_freep) struct json_object *object = test_json(text);

	references_provides(object, references_line, &found);
	for (; *lines; lines++)
		if (!strvec_has(&found, *lines))
			fail_msg("'%s' is not provided", *lines);
	strvec_done(&found);
}

static void what_stands_for_others_says_so(void **state)
{
	(void)state;
	assert_provides("{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":"
			"\"CustomResourceDefinition\",\"spec\":{\"group\":"
			"\"a.b\",\"names\":{\"kind\":\"C\"}}}",
	    LINES("Definition.@ /a.b/C"));
	assert_provides("{\"apiVersion\":\"apiextensions.crossplane.io/v1\","
			"\"kind\":\"CompositeResourceDefinition\",\"spec\":{"
			"\"group\":\"a.b\",\"names\":{\"kind\":\"XC\"},"
			"\"claimNames\":{\"kind\":\"C\"}}}",
	    LINES("Definition.@ /a.b/XC", "Definition.@ /a.b/C"));
	assert_provides("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":"
			"\"helm.sh/release.v1\",\"metadata\":{\"name\":"
			"\"sh.helm.release.v1.app.v3\",\"namespace\":\"p\","
			"\"labels\":{\"name\":\"app\"}}}",
	    LINES("Release.@ p/app"));
	assert_provides("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
			"\"metadata\":{\"namespace\":\"p\"},\"spec\":{"
			"\"template\":{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"
			"}}",
	    LINES("Pods.@ p/a=b"));
}

static void a_rule_from_outside_is_followed(void **state)
{
	static const struct rule_edge edges[] = {
	    {"config", "Widget.example.com", "/spec/parts/0/ref", RULE_PATH,
		"ConfigMap.core", EDGE_HOLDS, true}};
	struct references_options o = {.edges = edges, .edge_count = 1};
	struct strvec found = VEC_INIT;
	cleanup(json_freep) struct json_object *object = test_json(
	    "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Widget\","
	    "\"metadata\":{\"namespace\":\"p\"},\"spec\":{\"parts\":[{"
	    "\"ref\":\"other/map\"}]}}");

	(void)state;
	references_needs(&o, object, references_line, &found);
	assert_true(strvec_has(&found, "ConfigMap. other/map!+"));
	strvec_done(&found);
}

static void odd_shapes_are_passed_over(void **state)
{
	static const char *const odd[] = {"{}", "[]", "{\"kind\":7}",
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"spec\":[]}",
	    "{\"apiVersion\":\"apps/"
	    "v1\",\"kind\":\"Deployment\",\"metadata\":3,"
	    "\"spec\":{\"template\":{\"spec\":{\"volumes\":{\"a\":{\"secret\":"
	    "{\"secretName\":[]}}}}}}}",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{"
	    "\"selector\":"
	    "[\"a\"]}}"};
	struct references_options o = {.edges = NULL};

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct strvec found = VEC_INIT;
		cleanup(json_freep) struct json_object *object =
		    test_json(odd[i]);

		references_needs(&o, object, references_line, &found);
		references_provides(object, references_line, &found);
		references_selects(object, references_line, &found);
		strvec_done(&found);
	}
}

static void a_child_comes_after_what_made_it(void **state)
{
	(void)state;
	assert_needs(
	    "{\"apiVersion\":\"kustomize.toolkit.fluxcd.io/v1\","
	    "\"kind\":\"Kustomization\",\"metadata\":{\"name\":\"apps\","
	    "\"namespace\":\"flux-system\",\"labels\":{"
	    "\"kustomize.toolkit.fluxcd.io/name\":\"root\","
	    "\"kustomize.toolkit.fluxcd.io/namespace\":\"f\"}}}",
	    LINES("Kustomization.kustomize.toolkit.fluxcd.io f/root"));
	assert_needs("{\"apiVersion\":\"argoproj.io/v1alpha1\",\"kind\":"
		     "\"Application\",\"metadata\":{\"name\":\"web\","
		     "\"namespace\":\"argocd\",\"annotations\":{"
		     "\"argocd.argoproj.io/tracking-id\":\"root:argoproj.io/"
		     "Application:argocd/web\"}}}",
	    LINES("Application.argoproj.io argocd/root",
		"Credentials.@ /argocd"));
	assert_needs("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{"
		     "\"name\":\"r\",\"namespace\":\"argocd\",\"labels\":{"
		     "\"argocd.argoproj.io/secret-type\":\"repository\"}}}",
	    LINES("Projects.@ /argocd"));
	assert_needs(
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"XDatabase\","
	    "\"metadata\":{\"name\":\"x\"},\"spec\":{\"claimRef\":{"
	    "\"apiVersion\":\"example.org/v1\",\"kind\":\"Database\","
	    "\"namespace\":\"p\",\"name\":\"d\"},\"compositionRef\":{"
	    "\"name\":\"c\"}}}",
	    LINES("Database.example.org p/d",
		"Composition.apiextensions.crossplane.io /c"));
}

static void secrets_that_are_pushed_come_before_what_pushes_them(void **state)
{
#define PUSH_SECRET(spec)                                                      \
	"{\"apiVersion\":\"external-secrets.io/v1alpha1\",\"kind\":"           \
	"\"PushSecret\",\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},"    \
	"\"spec\":" spec "}"
	static const struct {
		const char *object;
		const char *selects; /* all that it does, or NULL */
	} cases[] = {
	    {PUSH_SECRET("{\"selector\":{\"secret\":{\"selector\":{"
			 "\"matchLabels\":{\"push\":\"yes\"}}}}}"),
		"Secrets.@ n/push=yes!"},
	    {PUSH_SECRET("{\"selector\":{\"secret\":{\"selector\":{"
			 "\"matchExpressions\":[{\"key\":\"push\","
			 "\"operator\":\"Exists\"}]}}}}"),
		"Secrets.@ n/*"},
	    {PUSH_SECRET("{\"selector\":{\"secret\":{\"selector\":{}}}}"),
		NULL},
	    {PUSH_SECRET("{\"selector\":{\"secret\":{\"name\":\"db\","
			 "\"selector\":{\"matchLabels\":{\"a\":\"b\"}}}}}"),
		NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct strvec found = VEC_INIT;
		cleanup(json_freep) struct json_object *object =
		    test_json(cases[i].object);

		references_selects(object, references_line, &found);
		assert_int_equal(found.len, cases[i].selects ? 1 : 0);
		if (cases[i].selects)
			assert_true(strvec_has(&found, cases[i].selects));
		strvec_done(&found);
	}
	assert_provides("{\"apiVersion\":\"v1\",\"kind\":\"Secret\","
			"\"metadata\":{\"name\":\"s\",\"namespace\":\"n\","
			"\"labels\":{\"push\":\"yes\"}}}",
	    LINES("Secrets.@ n/push=yes", "Secrets.@ n/*"));
	assert_needs(
	    PUSH_SECRET("{\"secretStoreRefs\":[{\"kind\":"
			"\"ClusterSecretStore\",\"labelSelector\":{"
			"\"matchLabels\":{\"a\":\"b\"}}}],\"dataTo\":[{"
			"\"storeRef\":{\"labelSelector\":{\"matchLabels\":{"
			"\"c\":\"d\"}}}}]}"),
	    LINES("Stores.@ /a=b", "Stores.@ n/c=d"));
	assert_provides("{\"apiVersion\":\"external-secrets.io/v1\",\"kind\":"
			"\"ClusterSecretStore\",\"metadata\":{\"name\":\"s\","
			"\"labels\":{\"a\":\"b\"}}}",
	    LINES("Stores.@ /a=b"));
}

static void a_generator_comes_after_what_has_its_values(void **state)
{
#define GENERATOR(kind, more)                                                  \
	"{\"apiVersion\":\"generators.external-secrets.io/v1alpha1\","         \
	"\"kind\":\"" kind "\",\"metadata\":{\"name\":\"pw\"" more "}}"
	(void)state;
	assert_provides(
	    "{\"apiVersion\":\"external-secrets.io/v1\",\"kind\":"
	    "\"ExternalSecret\",\"metadata\":{\"name\":\"db\",\"namespace\":"
	    "\"n\"},\"spec\":{\"dataFrom\":[{\"sourceRef\":{\"generatorRef\":{"
	    "\"kind\":\"Password\",\"name\":\"pw\"}}},{\"sourceRef\":{"
	    "\"generatorRef\":{\"kind\":\"ClusterGenerator\",\"name\":\"pw\"}}}"
	    "]"
	    "}}",
	    LINES("Generates.@ n/Password/pw",
		"Generates.@ /ClusterGenerator/pw"));
	assert_provides(PUSH_SECRET("{\"selector\":{\"generatorRef\":{\"kind\":"
				    "\"Password\",\"name\":\"pw\"}}}"),
	    LINES("Generates.@ n/Password/pw"));
	assert_needs(GENERATOR("Password", ",\"namespace\":\"n\""),
	    LINES("Generates.@ n/Password/pw!"));
	assert_needs(GENERATOR("ClusterGenerator", ""),
	    LINES("Generates.@ /ClusterGenerator/pw!"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_workload_needs_all_it_mounts_and_names),
	    cmocka_unit_test(the_api_s_own_references),
	    cmocka_unit_test(a_webhook_that_fails_closed_holds),
	    cmocka_unit_test(systems_of_gitops),
	    cmocka_unit_test(a_child_comes_after_what_made_it),
	    cmocka_unit_test(
		secrets_that_are_pushed_come_before_what_pushes_them),
	    cmocka_unit_test(a_generator_comes_after_what_has_its_values),
	    cmocka_unit_test(terraform_state_comes_before_what_manages_it),
	    cmocka_unit_test(what_stands_for_others_says_so),
	    cmocka_unit_test(a_rule_from_outside_is_followed),
	    cmocka_unit_test(odd_shapes_are_passed_over),
	};

	return cmocka_run_group_tests_name("references", tests, NULL, NULL);
}
