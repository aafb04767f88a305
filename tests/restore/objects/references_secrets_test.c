/* What External Secrets is to find when its operator looks, and what not yet.
 */
#include "restore/objects/references_secrets.h"

#include "storage/base/cleanup.h"
#include "tests/support/references.h"
#include "tests/support/test.h"

#define META "\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\"}"
#define GROUP "external-secrets.io"
#define OBJECT(VERSION, KIND, REST)                                            \
	"{\"apiVersion\":\"" VERSION "\",\"kind\":\"" KIND "\"," REST "}"
#define EXTERNAL(SPEC)                                                         \
	OBJECT(GROUP "/v1", "ExternalSecret", META ",\"spec\":{" SPEC "}")
#define PUSH(SPEC)                                                             \
	OBJECT(GROUP "/v1alpha1", "PushSecret", META ",\"spec\":{" SPEC "}")
#define STORE_OF(KIND) "\"secretStoreRef\":{\"name\":\"s\"" KIND "}"

static void assert_all(void (*collect)(struct collector *t),
    const char *const cases[][2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_collects(collect, cases[i][0], cases[i][1]);
}

#define ASSERT_ALL(collect, cases)                                             \
	assert_all(collect, cases, sizeof(cases) / sizeof(*(cases)))

static void an_external_secret_comes_after_its_target(void **state)
{
	static const char *const cases[][2] = {
	    {EXTERNAL(""), "Secret. ns/a!"},
	    {EXTERNAL("\"target\":{\"name\":\"s\"}"), "Secret. ns/s!"},
	    {EXTERNAL("\"target\":{\"creationPolicy\":\"Merge\"}"),
		"Secret. ns/a!"},
	    {EXTERNAL("\"target\":{\"creationPolicy\":\"Orphan\"}"),
		"Secret. ns/a!"},
	    {EXTERNAL("\"target\":{\"creationPolicy\":\"None\"}"), ""},
	    /* Of any kind. */
	    {EXTERNAL("\"target\":{\"name\":\"s\",\"manifest\":{\"apiVersion\":"
		      "\"example.org/v1\",\"kind\":\"App\"}}"),
		"App.example.org ns/s!"},
	    {EXTERNAL("\"target\":{\"manifest\":{\"apiVersion\":\"v1\","
		      "\"kind\":\"ConfigMap\"}}"),
		"ConfigMap. ns/a!"},
	};

	(void)state;
	ASSERT_ALL(references_secrets_collect, cases);
}

/* What is asked again and again comes after its store, and what was asked once
 * before it. */
static void a_store_comes_between_what_asks_again_and_what_asked_once(
    void **state)
{
#define NONE "\"target\":{\"creationPolicy\":\"None\"},"
#define AFTER "SecretStore." GROUP " ns/s!"
	static const char *const after[][2] = {
	    {EXTERNAL(NONE STORE_OF("")), AFTER},
	    {EXTERNAL(NONE STORE_OF(",\"kind\":\"ClusterSecretStore\"")),
		"ClusterSecretStore." GROUP " /s!"},
	    {EXTERNAL(NONE "\"refreshPolicy\":\"Periodic\",\"refreshInterval\":"
			   "\"1h0m0s\"," STORE_OF("")),
		AFTER},
	    {EXTERNAL(NONE "\"data\":[{\"sourceRef\":{\"storeRef\":{\"name\":"
			   "\"s\"}}}]"),
		AFTER},
	    {EXTERNAL(NONE "\"dataFrom\":[{\"sourceRef\":{\"storeRef\":{"
			   "\"name\":\"s\"}}}]"),
		AFTER},
	    {EXTERNAL(NONE "\"refreshPolicy\":\"CreatedOnce\"," STORE_OF("")),
		""},
	    {EXTERNAL(NONE "\"refreshPolicy\":\"OnChange\"," STORE_OF("")), ""},
	    {EXTERNAL(NONE "\"refreshInterval\":\"0\"," STORE_OF("")), ""},
	    {EXTERNAL(NONE "\"refreshInterval\":\"0h0m0s\"," STORE_OF("")), ""},
	    {EXTERNAL(NONE "\"refreshInterval\":\"-1h\"," STORE_OF("")), ""},
	    {PUSH("\"secretStoreRefs\":[{\"name\":\"s\"}]"), AFTER},
	    {PUSH("\"refreshInterval\":\"0s\",\"secretStoreRefs\":[{\"name\":"
		  "\"s\"}]"),
		""},
	    {OBJECT(GROUP "/v1", "SecretStore",
		 "\"metadata\":{\"name\":\"s\",\"namespace\":\"ns\","
		 "\"labels\":{\"k\":\"v\"}}"),
		"Once.@ ns/s, Once.@ ns/k=v"},
	    {OBJECT(GROUP "/v1", "ClusterSecretStore",
		 "\"metadata\":{\"name\":\"s\"}"),
		"Once.@ /s"},
	};
	static const char *const before[][2] = {
	    {EXTERNAL("\"refreshPolicy\":\"CreatedOnce\"," STORE_OF("")),
		"Once.@ ns/s"},
	    {EXTERNAL("\"refreshInterval\":\"0s\"," STORE_OF(
		 ",\"kind\":\"ClusterSecretStore\"")),
		"Once.@ /s"},
	    {PUSH("\"refreshInterval\":\"0s\",\"secretStoreRefs\":[{"
		  "\"labelSelector\":{\"matchLabels\":{\"k\":\"v\"}}}]"),
		"Once.@ ns/k=v"},
	};

	(void)state;
	ASSERT_ALL(references_secrets_collect, after);
	ASSERT_ALL(references_secrets_provide, before);
}

static void only_what_a_store_still_has_can_be_made_again(void **state)
{
#define OWNED(SPEC)                                                            \
	OBJECT(GROUP "/v1", "ExternalSecret",                                  \
	    "\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\",\"uid\":"       \
	    "\"u\"},\"spec\":{" SPEC "}")
	static const char *const cases[][2] = {
	    {OWNED(""), "Target.@ /u"},
	    {OWNED("\"refreshInterval\":\"1h\",\"target\":{\"creationPolicy\":"
		   "\"Owner\",\"template\":{}}"),
		"Target.@ /u"},
	    {OWNED("\"target\":{\"creationPolicy\":\"Merge\"}"), ""},
	    {OWNED("\"target\":{\"creationPolicy\":\"Orphan\"}"), ""},
	    {OWNED("\"target\":{\"creationPolicy\":\"CreateOrMerge\"}"), ""},
	    {OWNED("\"target\":{\"immutable\":true}"), ""},
	    {OWNED("\"refreshPolicy\":\"CreatedOnce\""), ""},
	    {OWNED("\"refreshPolicy\":\"OnChange\""), ""},
	    {OWNED("\"refreshInterval\":\"0\""), ""},
	    {OWNED("\"dataFrom\":[{\"sourceRef\":{\"generatorRef\":{}}}]"), ""},
	};

	(void)state;
	ASSERT_ALL(references_secrets_provide, cases);
}

/* It would make them again, without the status that they had. */
static void what_is_made_in_namespaces_comes_before_its_maker(void **state)
{
#define CHILD(KIND, OWNER, OWNER_VERSION)                                      \
	OBJECT(GROUP "/v1", KIND,                                              \
	    "\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\","               \
	    "\"ownerReferences\":[{\"apiVersion\":\"" OWNER_VERSION            \
	    "\",\"kind\":\"" OWNER "\",\"uid\":\"u\",\"controller\":true}]},"  \
	    "\"spec\":{\"target\":{\"creationPolicy\":\"None\"}}")
#define MAKER(KIND)                                                            \
	OBJECT(GROUP "/v1", KIND, "\"metadata\":{\"name\":\"a\",\"uid\":\"u\"}")
	static const char *const needs[][2] = {
	    {MAKER("ClusterExternalSecret"), "Spread.@ /u!"},
	    {MAKER("ClusterPushSecret"), "Spread.@ /u!"},
	};
	static const char *const provides[][2] = {
	    {CHILD("ExternalSecret", "ClusterExternalSecret", GROUP "/v1"),
		"Spread.@ /u"},
	    {CHILD("PushSecret", "ClusterPushSecret", GROUP "/v1alpha1"),
		"Spread.@ /u"},
	    {CHILD("PushSecret", "Application", "argoproj.io/v1alpha1"), ""},
	};

	(void)state;
	ASSERT_ALL(references_secrets_collect, needs);
	ASSERT_ALL(references_secrets_provide, provides);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_external_secret_comes_after_its_target),
	    cmocka_unit_test(
		a_store_comes_between_what_asks_again_and_what_asked_once),
	    cmocka_unit_test(only_what_a_store_still_has_can_be_made_again),
	    cmocka_unit_test(what_is_made_in_namespaces_comes_before_its_maker),
	};

	return cmocka_run_group_tests_name(
	    "references_secrets", tests, NULL, NULL);
}
