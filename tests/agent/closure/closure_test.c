/*
 * What a snapshot lacks, by its objects alone; mirrors are in
 * tests/e2e/closure.bats.
 */
#include "agent/closure/closure_room.h"

#include "storage/base/cleanup.h"
#include "tests/support/lacks.h"
#include "tests/support/test.h"

#define HELM "helmreleases.helm.toolkit.fluxcd.io"

static void note(struct closure *c, const char *key, const char *ns,
    const char *name, const char *text)
{
	closure_note_object(c, "c", key, ns, name, text, strlen(text));
}

static void what_values_are_taken_from_is_missing_or_there(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	note(c, "secrets", "n", "there", "{\"data\":{\"a\":\"!\"}}");
	note(c, "configmaps", "n", "there", "{}");
	note(c, "secrets", "other", "lacks", "{}");
	note(c, HELM, "n", "a",
	    "{\"kind\":\"HelmRelease\",\"spec\":{\"valuesFrom\":["
	    "{\"kind\":\"Secret\",\"name\":\"there\"},"
	    "{\"kind\":\"ConfigMap\",\"name\":\"there\"},"
	    "{\"kind\":\"Secret\",\"name\":\"lacks\"},"
	    "{\"kind\":\"Secret\",\"name\":\"may\",\"optional\":true},"
	    "{\"kind\":\"ConfigMap\",\"name\":\"lacks\"},{},4]}}");
	test_assert_lacks(c,
	    "missing: ConfigMap 'n/lacks', which cluster 'c': HelmRelease n/a "
	    "names, was not captured\n"
	    "missing: Secret 'n/lacks', which cluster 'c': HelmRelease n/a "
	    "names, was not captured\n");
}

/* Wherever in the data it begins: base64 has three ways to write it. */
static void a_key_is_seen_in_the_text(void **state)
{
	static const char *const holds[] = {
	    /* "AGE-SECRET-KEY-1Q" behind nothing, "#" and "##" */
	    "QUdFLVNFQ1JFVC1LRVktMVE=", "I0FHRS1TRUNSRVQtS0VZLTFR",
	    "IyNBR0UtU0VDUkVULUtFWS0xUQ==",
	    /* "PGP PRIVATE KEY BLOCK-" likewise */
	    "UEdQIFBSSVZBVEUgS0VZIEJMT0NLLQ==",
	    "I1BHUCBQUklWQVRFIEtFWSBCTE9DSy0=",
	    "IyNQR1AgUFJJVkFURSBLRVkgQkxPQ0st",
	    "{\"sealedsecrets.bitnami.com/sealed-secrets-key\":\"active\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(holds) / sizeof(*holds); i++) {
		assert_true(closure_may_hold_key(holds[i], strlen(holds[i])));
		assert_false(closure_may_hold_key(holds[i], 12));
	}
	assert_false(closure_may_hold_key("{}", 2));
}

static void pull_secrets_of_workloads_are_needed(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	note(c, "serviceaccounts", "n", "s",
	    "{\"imagePullSecrets\":[{\"name\":\"a\"}]}");
	note(c, "deployments.apps", "n", "d",
	    "{\"spec\":{\"template\":{\"spec\":{\"imagePullSecrets\":["
	    "{\"name\":\"a\"},{\"name\":\"\"}]}}}}");
	note(c, "cronjobs.batch", "n", "j",
	    "{\"spec\":{\"jobTemplate\":{\"spec\":{\"template\":{\"spec\":{"
	    "\"imagePullSecrets\":[{\"name\":\"b\"}]}}}}}}");
	note(c, "secrets", "n", "a", "{}");
	test_assert_lacks(c,
	    "missing: Secret 'n/b', which cluster 'c': cronjobs.batch n/j "
	    "names, was not captured\n");
}

static void what_is_not_searched_is_not_missing(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	note(c, "applications.argoproj.io", "argocd", "a",
	    "{\"kind\":\"Application\",\"metadata\":{\"namespace\":"
	    "\"argocd\",\"name\":\"a\"},\"spec\":{\"source\":{\"repoURL\":"
	    "\"https://h/a.git\"}},\"status\":{\"sync\":{\"revision\":"
	    "\"0123456789012345678901234567890123456789\"}}}");
	test_assert_lacks(c,
	    "outside: repository 'https://h/a.git', which cluster 'c': "
	    "Application argocd/a names, is not a source\n");
}

#define GROUP_KEY(n, kind_member, key)                                         \
	"sops_key_groups__list_" n "__map_" kind_member "=" key "\n"
#define AGE_OF_GROUP(n, key) GROUP_KEY(n, "age__list_0__map_recipient", key)

static void keep_lines(struct closure *c, const char *by, const char *text)
{
	closure_keep_lines(&c->documents, text, strlen(text), by);
}

/* One key of one group opens nothing where two groups are needed. */
static void as_many_groups_as_are_needed_have_a_key(void **state)
{
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	strvec_add(&c->age, "age1a");
	strvec_add(&c->age, "age1b");
	keep_lines(
	    c, "a.env", AGE_OF_GROUP("0", "age1a") AGE_OF_GROUP("1", "age1x"));
	keep_lines(
	    c, "b.env", AGE_OF_GROUP("0", "age1a") AGE_OF_GROUP("1", "age1b"));
	keep_lines(c, "c.env",
	    AGE_OF_GROUP("0", "age1a") AGE_OF_GROUP("1", "age1x")
		AGE_OF_GROUP("2", "age1b") "sops_shamir_threshold=2\n");
	keep_lines(c, "d.env",
	    AGE_OF_GROUP("0", "age1a")
		GROUP_KEY("1", "kms__list_0__map_arn", "arn:k"));
	test_assert_lacks(c,
	    "missing: a.env is encrypted by SOPS to groups of keys: 2 groups "
	    "are needed, and keys of 1 were captured; not captured: age "
	    "age1x\n"
	    "outside: d.env is encrypted by SOPS to groups of keys: 2 groups "
	    "are needed, and keys of 1 were captured; not captured: kms "
	    "arn:k\n");
}

static void what_is_odd_breaks_nothing(void **state)
{
	static const char *const odd[] = {"", "{", "null", "[]", "{}",
	    "{\"spec\":4}", "{\"spec\":{\"valuesFrom\":{\"a\":1}}}",
	    "{\"data\":[1],\"status\":{\"artifact\":{\"revision\":\":\"}}}"};
	static const char *const keys[] = {HELM, "secrets",
	    "applications.argoproj.io", "deployments.apps",
	    "gitrepositories.source.toolkit.fluxcd.io",
	    "kustomizations.kustomize.toolkit.fluxcd.io", "pods"};
	cleanup(closure_freep) struct closure *c = closure_new();

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++)
			note(c, keys[k], "", "x", odd[i]);
	test_assert_lacks(c, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_key_is_seen_in_the_text),
	    cmocka_unit_test(what_values_are_taken_from_is_missing_or_there),
	    cmocka_unit_test(pull_secrets_of_workloads_are_needed),
	    cmocka_unit_test(what_is_not_searched_is_not_missing),
	    cmocka_unit_test(as_many_groups_as_are_needed_have_a_key),
	    cmocka_unit_test(what_is_odd_breaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
