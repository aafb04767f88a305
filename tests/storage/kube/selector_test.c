#include "storage/kube/selector.h"

#include "tests/support/test.h"

#include <string.h>

static struct json_range range(const char *text)
{
	return (struct json_range){.at = text, .len = text ? strlen(text) : 0};
}

#define EXPRESSION(key, operator, values)                                      \
	"{\"matchExpressions\":[{\"key\":\"" key "\",\"operator\":\""          \
	operator"\"" values "}]}"

/* Kubernetes: labels, "Label selectors". NotIn fits also what has no such
 * label. */
static void each_operator_is_as_kubernetes_has_it(void **state)
{
	static const struct {
		const char *selector;
		const char *labels;
		bool fits;
	} rows[] = {
	    {"{}", "{\"a\":\"1\"}", true},
	    {"{}", NULL, true},
	    {"{\"matchLabels\":{\"a\":\"1\"}}", "{\"a\":\"1\",\"b\":\"2\"}",
		true},
	    {"{\"matchLabels\":{\"a\":\"1\"}}", "{\"a\":\"2\"}", false},
	    {"{\"matchLabels\":{\"a\":\"1\"}}", NULL, false},
	    {"{\"matchLabels\":{\"a\":\"1\",\"b\":\"2\"}}", "{\"a\":\"1\"}",
		false},
	    {"{\"matchLabels\":{\"a\":\"\\u0031\"}}", "{\"a\":\"1\"}", true},
	    {EXPRESSION("a", "In", ",\"values\":[\"1\",\"2\"]"),
		"{\"a\":\"2\"}", true},
	    {EXPRESSION("a", "In", ",\"values\":[\"1\",\"2\"]"),
		"{\"a\":\"3\"}", false},
	    {EXPRESSION("a", "In", ",\"values\":[\"1\"]"), "{}", false},
	    {EXPRESSION("a", "NotIn", ",\"values\":[\"1\"]"), "{\"a\":\"1\"}",
		false},
	    {EXPRESSION("a", "NotIn", ",\"values\":[\"1\"]"), "{\"a\":\"2\"}",
		true},
	    {EXPRESSION("a", "NotIn", ",\"values\":[\"1\"]"), "{}", true},
	    {EXPRESSION("a", "Exists", ""), "{\"a\":\"\"}", true},
	    {EXPRESSION("a", "Exists", ""), "{\"b\":\"\"}", false},
	    {EXPRESSION("a", "DoesNotExist", ""), "{\"b\":\"\"}", true},
	    {EXPRESSION("a", "DoesNotExist", ""), "{\"a\":\"\"}", false},
	    {"{\"matchLabels\":{\"a\":\"1\"},\"matchExpressions\":[{\"key\":"
	     "\"b\",\"operator\":\"Exists\"}]}",
		"{\"a\":\"1\"}", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (kube_selector_fits(range(rows[i].selector),
			range(rows[i].labels)) != rows[i].fits)
			fail_msg("%s and %s", rows[i].selector,
			    rows[i].labels ? rows[i].labels : "no labels");
}

static void what_is_not_known_fits_nothing(void **state)
{
	static const char *const selectors[] = {
	    EXPRESSION("a", "Near", ",\"values\":[\"1\"]"),
	    EXPRESSION("a", "in", ",\"values\":[\"1\"]"),
	    "{\"matchExpressions\":[{\"key\":\"a\"}]}",
	    "{\"matchExpressions\":[{\"operator\":\"Exists\"}]}",
	    "{\"matchExpressions\":[7]}",
	    "{\"matchLabels\":{\"a\":1}}",
	    "{\"matchLabels\":[\"a\"]}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(selectors) / sizeof(*selectors); i++)
		if (kube_selector_fits(
			range(selectors[i]), range("{\"a\":\"1\"}")))
			fail_msg("%s", selectors[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_operator_is_as_kubernetes_has_it),
	    cmocka_unit_test(what_is_not_known_fits_nothing),
	};

	return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
