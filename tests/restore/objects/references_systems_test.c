/* What each system names, and what only looks like it. */
#include "restore/objects/references_systems.h"

#include "storage/base/cleanup.h"
#include "tests/support/references.h"
#include "tests/support/test.h"

static void collect(struct collector *t)
{
	references_systems_collect(t, NULL);
}

static void assert_all(const char *const cases[][2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_collects(collect, cases[i][0], cases[i][1]);
}

#define ASSERT_ALL(cases) assert_all(cases, sizeof(cases) / sizeof(*(cases)))
#define META "\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\"}"
#define OBJECT(VERSION, KIND, REST)                                            \
	"{\"apiVersion\":\"" VERSION "\",\"kind\":\"" KIND "\"," REST "}"

static void a_webhook_holds_unless_it_fails_open(void **state)
{
#define HOOKS(KIND, POLICY)                                                    \
	OBJECT("admissionregistration.k8s.io/v1", KIND,                        \
	    "\"webhooks\":[{" POLICY                                           \
	    "\"clientConfig\":{\"service\":{\"name\":\"s\",\"namespace\":"     \
	    "\"k\"}}},{\"clientConfig\":{\"url\":\"https://x\"}}]")
	static const char *const cases[][2] = {
	    {HOOKS("ValidatingWebhookConfiguration", ""), "Service. k/s!+"},
	    {HOOKS(
		 "MutatingWebhookConfiguration", "\"failurePolicy\":\"Fail\","),
		"Service. k/s!+"},
	    {HOOKS("MutatingWebhookConfiguration",
		 "\"failurePolicy\":\"Ignore\","),
		"Service. k/s"},
	    {HOOKS("ValidatingAdmissionPolicy", ""), ""},
	};

	(void)state;
	ASSERT_ALL(cases);
}

#define S3(TEXT) "backend \\\"s3\\\" {" TEXT "}"

static void a_state_is_found_in_text_of_a_backend(void **state)
{
#define TOFU(SPEC)                                                             \
	OBJECT("infra.contrib.fluxcd.io/v1alpha2", "Terraform",                \
	    META ",\"spec\":{" SPEC "}")
#define SECRET "Secret. ns/tfstate-default-a!"
	static const char *const cases[][2] = {
	    {TOFU(""), SECRET},
	    {TOFU("\"backendConfig\":{\"customConfiguration\":\"" S3(
		 " bucket = \\\"b\\\"\\n key\\t=\\\"k/x\\\" ") "\"}"),
		"State.@ /b/k/x!, " SECRET},
	    /* Of a workspace, beside that of the default one. */
	    {TOFU("\"workspace\":\"prod\",\"x\":[{\"y\":\"" S3(
		 "bucket=\\\"b\\\" key=\\\"k\\\"") "\"}]"),
		"State.@ /b/k!, State.@ /b/env:/prod/k!, "
		"Secret. ns/tfstate-prod-a!"},
	    {TOFU("\"workspace\":\"default\",\"x\":\"" S3(
		 "bucket=\\\"b\\\" key=\\\"k\\\"") "\""),
		"State.@ /b/k!, Secret. ns/tfstate-default-a!"},
	    /* Other names that end or begin so. */
	    {TOFU("\"x\":\"" S3("my_bucket=\\\"b\\\" bucketx=\\\"c\\\" "
				"key=\\\"k\\\"") "\""),
		SECRET},
	    /* No text, or one that does not end. */
	    {TOFU("\"x\":\"" S3("bucket=var.b key=\\\"k\\\"") "\""), SECRET},
	    {TOFU("\"x\":\"" S3("bucket=\\\"b\\n key=\\\"k\\\"") "\""), SECRET},
	    {TOFU("\"x\":\"" S3("bucket=\\\"b\\\"") "\""), SECRET},
	    {TOFU("\"x\":\"backend \\\"gcs\\\" {bucket=\\\"b\\\" "
		  "key=\\\"k\\\"}\""),
		SECRET},
	    {TOFU("\"backendConfig\":{\"secretSuffix\":\"s\"}"),
		"Secret. ns/tfstate-default-s!"},
	};

	(void)state;
	ASSERT_ALL(cases);
}

static void a_state_is_found_in_a_backend_of_fields(void **state)
{
	static const char *const cases[][2] = {
	    {OBJECT("terraform.core.oam.dev/v1beta2", "Configuration",
		 META ",\"spec\":{\"backend\":{\"s3\":{\"bucket\":\"b\","
		      "\"key\":\"k\"}}}"),
		"State.@ /b/k!, Secret. ns/tfstate-default-a!"},
	    {OBJECT("terraform.core.oam.dev/v1beta2", "Configuration",
		 META ",\"spec\":{\"backend\":{\"secretSuffix\":\"s\"}}"),
		"Secret. ns/tfstate-default-s!"},
	    /* Of another kind of that group there is a Secret only where it
	     * says so. */
	    {OBJECT("app.terraform.io/v1alpha2", "Module", META ",\"spec\":{}"),
		""},
	    /* Crossplane's Workspace holds HCL. */
	    {OBJECT("tf.upbound.io/v1beta1", "Workspace",
		 META ",\"spec\":{\"module\":\"" S3(
		     "bucket=\\\"b\\\" key=\\\"k\\\"") "\"}"),
		"State.@ /b/k!"},
	    {OBJECT("example.org/v1", "Configuration",
		 META ",\"spec\":{\"backend\":{\"secretSuffix\":\"s\"}}"),
		""},
	};

	(void)state;
	ASSERT_ALL(cases);
}

static void a_helm_release_is_found_as_helm_names_it(void **state)
{
#define RELEASE(SPEC)                                                          \
	OBJECT("helm.toolkit.fluxcd.io/v2", "HelmRelease",                     \
	    META ",\"spec\":{" SPEC "}")
	static const char *const cases[][2] = {
	    {RELEASE(""), "Release.@ ns/a!"},
	    {RELEASE("\"releaseName\":\"r\""), "Release.@ ns/r!"},
	    {RELEASE("\"targetNamespace\":\"t\""), "Release.@ ns/t-a!"},
	    {RELEASE("\"targetNamespace\":\"t\",\"storageNamespace\":\"s\","
		     "\"releaseName\":\"r\""),
		"Release.@ s/r!"},
	    {OBJECT("helm.example.org/v2", "HelmRelease", META), ""},
	};

	(void)state;
	ASSERT_ALL(cases);
}

static void what_crossplane_manages_needs_its_packages(void **state)
{
#define PACKAGES "Packages.@ /all!+"
	static const char *const cases[][2] = {
	    {OBJECT("s3.aws.crossplane.io/v1", "Bucket",
		 META ",\"spec\":{\"forProvider\":{}}"),
		PACKAGES},
	    /* Its configuration may be of each group above its own. */
	    {OBJECT("s3.aws.crossplane.io/v1", "Bucket",
		 META ",\"spec\":{\"providerConfigRef\":{\"name\":\"c\"}}"),
		PACKAGES ", Config.@ /s3.aws.crossplane.io/c, "
			 "Config.@ /aws.crossplane.io/c, "
			 "Config.@ /crossplane.io/c, Config.@ /io/c"},
	    {OBJECT("pkg.crossplane.io/v1", "Provider", META), "Images.@ /all"},
	    {OBJECT("pkg.crossplane.io/v1beta1", "ImageConfig", META), ""},
	    {OBJECT("example.org/v1", "XThing",
		 META ",\"spec\":{\"claimRef\":{\"apiVersion\":"
		      "\"example.org/v1\",\"kind\":\"Thing\",\"name\":\"t\","
		      "\"namespace\":\"team\"}}"),
		"Thing.example.org team/t"},
	    /* A volume has one, too, and comes before its claim. */
	    {OBJECT("v1", "PersistentVolume",
		 "\"metadata\":{\"name\":\"v\"},\"spec\":{\"claimRef\":"
		 "{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\","
		 "\"name\":\"c\",\"namespace\":\"ns\"}}"),
		""},
	};

	(void)state;
	ASSERT_ALL(cases);
}

static void a_child_of_flux_comes_after_its_parent(void **state)
{
#define LABELS(GROUP)                                                          \
	"\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\",\"labels\":{"       \
	"\"" GROUP "/name\":\"p\",\"" GROUP "/namespace\":\"flux\"}}"
#define KUSTOMIZE "kustomize.toolkit.fluxcd.io"
	static const char *const cases[][2] = {
	    {OBJECT(KUSTOMIZE "/v1", "Kustomization", LABELS(KUSTOMIZE)),
		"Kustomization." KUSTOMIZE " flux/p"},
	    {OBJECT(KUSTOMIZE "/v1", "Kustomization",
		 LABELS("helm.toolkit.fluxcd.io")),
		"HelmRelease.helm.toolkit.fluxcd.io flux/p"},
	    /* Its parent may be read from it. */
	    {OBJECT("source.toolkit.fluxcd.io/v1", "GitRepository",
		 LABELS(KUSTOMIZE)),
		""},
	    {OBJECT(KUSTOMIZE "/v1", "Kustomization", META), ""},
	};

	(void)state;
	ASSERT_ALL(cases);
}

static void an_application_comes_after_what_it_is_of(void **state)
{
#define ARGOCD "Credentials.@ /argocd"
#define APP(META)                                                              \
	OBJECT("argoproj.io/v1alpha1", "Application",                          \
	    "\"metadata\":{\"namespace\":\"argocd\"" META "}")
#define TRACKED                                                                \
	",\"annotations\":{\"argocd.argoproj.io/tracking-id\":"                \
	"\"root:argoproj.io/Application:argocd/a\"}"
#define LABELLED ",\"labels\":{\"app.kubernetes.io/instance\":\"other\"}"
	static const char *const cases[][2] = {
	    {APP(""), ARGOCD},
	    {APP(TRACKED), "Application.argoproj.io argocd/root, " ARGOCD},
	    {APP(LABELLED), "Application.argoproj.io argocd/other, " ARGOCD},
	    {APP(",\"labels\":{\"app.kubernetes.io/instance\":\"team_root\"}"),
		"Application.argoproj.io team/root, " ARGOCD},
	    {APP(TRACKED LABELLED),
		"Application.argoproj.io argocd/root, " ARGOCD},
	    /* An ApplicationSet as well; anything else with the label not. */
	    {OBJECT("argoproj.io/v1alpha1", "ApplicationSet", META), ARGOCD},
	    {OBJECT("argoproj.io/v1alpha1", "AppProject",
		 "\"metadata\":{\"name\":\"p\"" LABELLED "}"),
		""},
	    {OBJECT("v1", "Secret",
		 "\"metadata\":{\"name\":\"r\",\"labels\":{"
		 "\"argocd.argoproj.io/secret-type\":\"repository\"}}"),
		"Projects.@ /argocd"},
	    {OBJECT("v1", "Secret", "\"metadata\":{\"name\":\"r\"}"), ""},
	};

	(void)state;
	ASSERT_ALL(cases);
}

static void a_constraint_needs_its_template(void **state)
{
	static const char *const cases[][2] = {
	    {OBJECT("external-secrets.io/v1", "ExternalSecret", META),
		"Secret. ns/a!"},
	    {OBJECT(
		 "constraints.gatekeeper.sh/v1beta1", "RequiredLabels", META),
		"ConstraintTemplate.templates.gatekeeper.sh "
		"/RequiredLabels"},
	};

	(void)state;
	ASSERT_ALL(cases);
}

/* What was sealed is read with the keys, by the controller that has them. */
static void keys_come_before_what_is_sealed(void **state)
{
	static const char *const cases[][2] = {
	    {OBJECT("bitnami.com/v1alpha1", "SealedSecret", META),
		"Keys.@ /sealed-secrets!"},
	    {OBJECT("apps/v1", "Deployment",
		 META ",\"spec\":{\"template\":{\"spec\":{\"containers\":["
		      "{\"image\":\"docker.io/bitnami/"
		      "sealed-secrets-controller:v1\"}]}}}"),
		"Keys.@ /sealed-secrets!"},
	    {OBJECT("apps/v1", "Deployment",
		 META ",\"spec\":{\"template\":{\"spec\":{\"containers\":["
		      "{\"image\":\"example.org/web:v1\"}]}}}"),
		""},
	};

	(void)state;
	ASSERT_ALL(cases);
}

static const char *excluded; /* the one system of `without` */

static void collect_without(struct collector *t)
{
	cleanup(strvec_done) struct strvec without = VEC_INIT;

	strvec_add(&without, excluded);
	references_systems_collect(t, &without);
}

static void a_system_that_is_not_treated_names_nothing(void **state)
{
	static const struct {
		const char *system, *object;
	} cases[] = {
	    {"admission", HOOKS("ValidatingWebhookConfiguration", "")},
	    {"terraform", TOFU("")},
	    {"helm", RELEASE("")},
	    {"crossplane", OBJECT("pkg.crossplane.io/v1", "Provider", META)},
	    {"flux",
		OBJECT(KUSTOMIZE "/v1", "Kustomization", LABELS(KUSTOMIZE))},
	    {"argocd", APP("")},
	    {"external-secrets",
		OBJECT("external-secrets.io/v1", "ExternalSecret", META)},
	    {"gatekeeper",
		OBJECT("constraints.gatekeeper.sh/v1beta1", "X", META)},
	    {"sealed-secrets",
		OBJECT("bitnami.com/v1alpha1", "SealedSecret", META)},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		excluded = cases[i].system;
		assert_collects(collect_without, cases[i].object, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_webhook_holds_unless_it_fails_open),
	    cmocka_unit_test(a_state_is_found_in_text_of_a_backend),
	    cmocka_unit_test(a_state_is_found_in_a_backend_of_fields),
	    cmocka_unit_test(a_helm_release_is_found_as_helm_names_it),
	    cmocka_unit_test(what_crossplane_manages_needs_its_packages),
	    cmocka_unit_test(a_child_of_flux_comes_after_its_parent),
	    cmocka_unit_test(an_application_comes_after_what_it_is_of),
	    cmocka_unit_test(a_constraint_needs_its_template),
	    cmocka_unit_test(keys_come_before_what_is_sealed),
	    cmocka_unit_test(a_system_that_is_not_treated_names_nothing),
	};

	return cmocka_run_group_tests_name(
	    "objects/references_systems", tests, NULL, NULL);
}
