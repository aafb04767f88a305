#include "storage/archive/missing.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

static void assert_lines(const char *text, const char *const *expected)
{
	cleanup(json_freep) struct json_object *missing = test_json(text);
	cleanup(strvec_done) struct strvec lines = VEC_INIT;
	size_t n = 0;

	missing_lines(missing, &lines);
	for (; expected[n]; n++) {
		assert_true(n < lines.len);
		assert_string_equal(lines.items[n], expected[n]);
	}
	assert_int_equal(lines.len, n);
}

#define REFUSED(what, reason, resource, rest)                                  \
	"{\"what\": \"" what "\", \"reason\": \"" reason                       \
	"\", \"refused\": {\"cluster\": \"c\", \"resource\": \"" resource      \
	"\"" rest "}}"
#define IN(ns) ", \"namespace\": \"" ns "\""

static void each_is_a_line(void **state)
{
	(void)state;
	assert_lines("[]", (const char *[]){NULL});
	assert_lines("[{\"what\": \"repository 'r'\", \"reason\": \"404\"},"
		     "{\"what\": \"cluster 'c'\"}, {}]",
	    (const char *[]){
		"repository 'r': 404", "cluster 'c': ?", "?: ?", NULL});
	/* One alone says all that the server said. */
	assert_lines(
	    "[" REFUSED("c: secrets in 'a'", "403", "secrets", IN("a")) "]",
	    (const char *[]){"c: secrets in 'a': 403", NULL});
}

static void what_was_refused_together(void **state)
{
	(void)state;
	assert_lines(
	    "[" REFUSED("c: roles in 'a'", "403 r a", "roles",
		IN("a")) "," REFUSED("c: roles in 'b'", "403 r b", "roles",
		IN("b")) "," REFUSED("c: roles in 'd'", "403 r d", "roles",
		IN("d")) ",{\"what\": \"repository 'r'\", \"reason\": \"404\"}"
			 "," REFUSED("c: secrets in 'a'", "403 s", "secrets",
			     IN("a")) "," REFUSED("c: secrets in 'b'", "403 s",
			     "secrets", IN("b")) "," REFUSED("c: nodes",
			     "403 n", "nodes", "") "," REFUSED("c: voids",
			     "403 v", "voids", "") "]",
	    (const char *[]){"repository 'r': 404",
		"c: 2 resources in 2 namespaces ('a', 'b') may not be listed: "
		"roles, secrets; the first: 403 r a",
		"c: roles in 'd': 403 r d",
		"c: 2 resources of cluster scope may not be listed: nodes, "
		"voids; the first: 403 n",
		NULL});
}

static void clusters_are_kept_apart(void **state)
{
	(void)state;
	assert_lines("[" REFUSED("c: roles in 'a'", "403", "roles",
			 IN("a")) ",{\"what\": \"d: roles in 'b'\", "
				  "\"reason\": \"403 d\", "
				  "\"refused\": {\"cluster\": \"d\", "
				  "\"resource\": \"roles\", "
				  "\"namespace\": \"b\"}}"
				  "," REFUSED("c: roles in 'b'", "403", "roles",
				      IN("b")) "]",
	    (const char *[]){"c: 1 resource in 2 namespaces ('a', 'b') may not "
			     "be listed: roles; the first: 403",
		"d: roles in 'b': 403 d", NULL});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_is_a_line),
	    cmocka_unit_test(what_was_refused_together),
	    cmocka_unit_test(clusters_are_kept_apart),
	};

	return cmocka_run_group_tests_name("missing", tests, NULL, NULL);
}
