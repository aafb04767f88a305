/* Names of namespaces with a prefix. */
#include "restore/drill/prefix.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void fails(
    const char *prefix, const char *ns, const char *other, const char *words)
{
	cleanup(strvec_done) struct strvec in = VEC_INIT, out = VEC_INIT;
	struct err err = ERR_INIT;

	strvec_add(&in, ns);
	strvec_add(&in, other);
	assert_int_equal(prefix_names(prefix, &in, &out, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_non_null(strstr(err.message, words));
}

static void each_gets_the_prefix(void **state)
{
	cleanup(strvec_done) struct strvec in = VEC_INIT, out = VEC_INIT;
	struct err err = ERR_INIT;

	(void)state;
	strvec_add(&in, "web");
	strvec_add(&in, "db");
	assert_int_equal(prefix_names("drill-", &in, &out, &err), 0);
	assert_int_equal(out.len, 2);
	assert_string_equal(out.items[0], "drill-web");
	assert_string_equal(out.items[1], "drill-db");
}

static void what_is_no_name_is_refused(void **state)
{
	(void)state;
	fails("", "web", "db", "is empty");
	fails("Drill-", "web", "db", "no name of a namespace");
	fails("-", "web", "db", "no name of a namespace");
	fails("a.", "web", "db", "no name of a namespace");
	fails("a/", "web", "db", "no name of a namespace");
	/* 61 + 3 characters. */
	fails("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "web", "db", "63 characters");
}

static void a_namespace_of_the_snapshot_is_refused(void **state)
{
	(void)state;
	fails("my-", "web", "my-web", "is a namespace of the snapshot itself");
}

static void the_mark_is_of_all_three(void **state)
{
	autofree char *a = prefix_mark("p", "c", "x-");
	autofree char *same = prefix_mark("p", "c", "x-");
	autofree char *other = prefix_mark("p", "d", "x-");

	(void)state;
	assert_string_equal(a, same);
	assert_string_not_equal(a, other);
	assert_true(strlen(a) <= 63);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_gets_the_prefix),
	    cmocka_unit_test(what_is_no_name_is_refused),
	    cmocka_unit_test(a_namespace_of_the_snapshot_is_refused),
	    cmocka_unit_test(the_mark_is_of_all_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
