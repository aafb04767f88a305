/*
 * SealedSecrets as files in Git have them.
 */
#include "storage/gitops/sealed_secret.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "storage/base/yaml.h"
#include "tests/support/test.h"

#define HEAD "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n"

/* "label value", as it is bound in namespace "n"; NULL: it is another. */
static void assert_read(const char *text, const char *want)
{
	struct err err = ERR_INIT;
	struct sealed_secret s;
	cleanup(yaml_node_freep) struct yaml_node *document =
	    yaml_load(text, strlen(text), "test", &err);

	assert_non_null(document);
	bool read = sealed_secret_read(document, &s);
	assert_int_equal(read, want != NULL);
	if (!want)
		return;
	autofree char *label = sealed_secret_label(&s, "n");
	autofree char *got =
	    str_printf("%s %s", label, s.value ? s.value : "none");
	assert_string_equal(got, want);
}

static void reads_what_a_value_is_bound_to(void **state)
{
	(void)state;
	assert_read(HEAD "metadata: {name: a, namespace: n}\n"
			 "spec: {encryptedData: {x: AAEC, y: AAED}}\n",
	    "n/a AAEC");
	assert_read(HEAD
	    "metadata: {name: a, annotations: "
	    "{sealedsecrets.bitnami.com/namespace-wide: 'true'}}\n",
	    "n none");
	assert_read(HEAD "metadata: {name: a, annotations: "
			 "{sealedsecrets.bitnami.com/cluster-wide: 'true'}}\n",
	    " none");
	assert_read(HEAD "metadata: {name: a, annotations: "
			 "{sealedsecrets.bitnami.com/cluster-wide: 'false'}}\n"
			 "spec: {encryptedData: [x]}\n",
	    "n/a none");
}

static void another_object_is_none(void **state)
{
	(void)state;
	assert_read("kind: SealedSecret\nmetadata: {name: a}\n", NULL);
	assert_read("apiVersion: example.com/v1\nkind: SealedSecret\n"
		    "metadata: {name: a}\n",
	    NULL);
	assert_read(HEAD, NULL);
	assert_read("apiVersion: bitnami.com/v1\nkind: Secret\n"
		    "metadata: {name: a}\n",
	    NULL);
	assert_read("[a]\n", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_what_a_value_is_bound_to),
	    cmocka_unit_test(another_object_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
