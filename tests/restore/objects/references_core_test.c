#include "restore/objects/references_core.h"

#include "tests/support/references.h"
#include "tests/support/test.h"

#define SET(META, TEMPLATES)                                                   \
	"{\"apiVersion\":\"apps/"                                              \
	"v1\",\"kind\":\"StatefulSet\",\"metadata\":{" META                    \
	"},\"spec\":{\"volumeClaimTemplates\":" TEMPLATES "}}"
#define TEMPLATE(NAME) "{\"metadata\":{\"name\":\"" NAME "\"}}"
#define DB "\"name\":\"db\",\"namespace\":\"ns\""

static void a_stateful_set_needs_the_claims_of_each_template(void **state)
{
	static const char *const cases[][2] = {
	    {SET(DB, "[" TEMPLATE("data") "," TEMPLATE("log") "]"),
		"Claims.@ ns/data-db!, Claims.@ ns/log-db!"},
	    {SET(DB, "[]"), ""},
	    {SET(DB, "[{},{\"metadata\":{\"name\":1}}]"), ""},
	    {SET("\"namespace\":\"ns\"", "[" TEMPLATE("data") "]"), ""},
	    {"{\"apiVersion\":\"apps.example.org/v1\",\"kind\":"
	     "\"StatefulSet\",\"metadata\":{" DB
	     "},\"spec\":{\"volumeClaimTemplates\":[" TEMPLATE("data") "]}}",
		""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_collects(
		    references_core_collect, cases[i][0], cases[i][1]);
}

#define CLAIM(NAME)                                                            \
	"{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\","           \
	"\"metadata\":{\"name\":\"" NAME "\",\"namespace\":\"ns\"}}"

/* TEMPLATE-NAME-ORDINAL: what is before the last number. */
static void a_claim_is_found_by_what_it_may_be_of(void **state)
{
	static const char *const cases[][2] = {
	    {CLAIM("data-db-0"), "Claims.@ ns/data-db"},
	    {CLAIM("data-db-17"), "Claims.@ ns/data-db"},
	    {CLAIM("a-0"), "Claims.@ ns/a"},
	    {CLAIM("data-db-1-2"), "Claims.@ ns/data-db-1"},
	    {CLAIM("data"), ""},
	    {CLAIM("data-"), ""},
	    {CLAIM("data0"), ""},
	    {CLAIM("data-db-0x"), ""},
	    {CLAIM("-0"), ""},
	    {CLAIM("0"), ""},
	    {CLAIM(""), ""},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"PersistentVolumeClaim\"}", ""},
	    {"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
	     "{\"name\":\"data-db-0\"}}",
		""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_collects(
		    references_core_provide, cases[i][0], cases[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stateful_set_needs_the_claims_of_each_template),
	    cmocka_unit_test(a_claim_is_found_by_what_it_may_be_of),
	};

	return cmocka_run_group_tests_name(
	    "objects/references_core", tests, NULL, NULL);
}
