/* What counts as less, and what is told of it: two manifests' sources, as JSON
 * with ' for ", against what is configured. */
#include "agent/shrink.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static struct json_object *sources(const char *text)
{
	autofree char *json = str_dup(text);
	struct err err = ERR_INIT;

	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	struct json_object *j = json_parse(json, strlen(json), &err);
	assert_non_null(j);
	return j;
}

/* One source of each kind, called x. */
struct fixture {
	struct shrink_terms t;
	struct strvec namespaces, exclude;
	struct shrink_findings found;
};

static void start(struct fixture *f)
{
	static const enum shrink_kind kinds[] = {
	    SHRINK_REPOSITORY, SHRINK_CLUSTER, SHRINK_BUCKET};

	*f = (struct fixture){
	    .t = {.warn = 10, .partial = 50, .base = "prod-1"}};
	for (size_t i = 0; i < 3; i++)
		*vec_add(&f->t.sources) =
		    (struct shrink_source){.kind = kinds[i],
			.name = "x",
			.namespaces = &f->namespaces,
			.exclude_namespaces = &f->exclude};
}

static void end(struct fixture *f)
{
	shrink_findings_done(&f->found);
	vec_done(&f->t.sources);
	strvec_done(&f->namespaces);
	strvec_done(&f->exclude);
}

static void compare(struct fixture *f, const char *before, const char *now)
{
	cleanup(json_freep) struct json_object *b = sources(before);
	cleanup(json_freep) struct json_object *n = sources(now);

	shrink_findings_done(&f->found);
	shrink_compare(b, n, &f->t, &f->found);
}

static void expect(const struct fixture *f, size_t i, bool partial,
    const char *what, const char *text)
{
	assert_true(i < f->found.len);
	assert_string_equal(f->found.items[i].what, what);
	assert_string_equal(f->found.items[i].text, text);
	assert_int_equal(f->found.items[i].partial, partial);
}

#define REPOSITORY(REFS)                                                       \
	"[{'kind': 'git', 'missing': 0, 'repositories': [{'name': 'x', "       \
	"'refs': " #REFS "}]}]"

static void a_share_is_nothing_a_warning_or_partial(void **state)
{
	static const struct {
		const char *now;
		size_t found;
		bool partial;
	} cases[] = {{REPOSITORY(300), 0, false}, {REPOSITORY(200), 0, false},
	    {REPOSITORY(181), 0, false}, {REPOSITORY(180), 1, false},
	    {REPOSITORY(179), 1, false}, {REPOSITORY(101), 1, false},
	    {REPOSITORY(100), 1, true}, {REPOSITORY(99), 1, true},
	    {REPOSITORY(0), 1, true}};
	struct fixture f;

	(void)state;
	start(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		compare(&f, REPOSITORY(200), cases[i].now);
		assert_int_equal(f.found.len, cases[i].found);
		if (f.found.len)
			assert_int_equal(
			    f.found.items[0].partial, cases[i].partial);
	}
	expect(&f, 0, true, "repository 'x'",
	    "has 0 references, and had 200 in 'prod-1': 100 % less");
	compare(&f, REPOSITORY(0), REPOSITORY(0));
	assert_int_equal(f.found.len, 0);
	end(&f);
}

static void of_few_only_nothing_is_a_finding(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.t.minimum = 5;
	compare(&f, REPOSITORY(4), REPOSITORY(1));
	assert_int_equal(f.found.len, 0);
	compare(&f, REPOSITORY(4), REPOSITORY(0));
	assert_int_equal(f.found.len, 1);
	assert_true(f.found.items[0].partial);
	compare(&f, REPOSITORY(5), REPOSITORY(1));
	assert_int_equal(f.found.len, 1);
	assert_true(f.found.items[0].partial);
	end(&f);
}

static void what_is_allowed_accepted_or_explained_is_a_warning(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.t.sources.items[0].allow_empty = true;
	compare(&f, REPOSITORY(3), REPOSITORY(0));
	assert_int_equal(f.found.len, 1);
	assert_false(f.found.items[0].partial);
	f.t.sources.items[0].allow_empty = false;
	f.t.accept = true;
	compare(&f, REPOSITORY(3), REPOSITORY(0));
	assert_int_equal(f.found.len, 1);
	assert_false(f.found.items[0].partial);
	f.t.accept = false;
	compare(&f, REPOSITORY(3),
	    "[{'kind': 'git', 'missing': 1, 'repositories': [{'name': 'x', "
	    "'refs': 0}]}]");
	assert_int_equal(f.found.len, 1);
	assert_false(f.found.items[0].partial);
	/* It could not be read, and is missing already. */
	compare(&f, REPOSITORY(3),
	    "[{'kind': 'git', 'missing': 1, 'repositories': []}]");
	assert_int_equal(f.found.len, 0);
	end(&f);
}

static void a_new_source_is_new_and_an_old_one_is_named(void **state)
{
	static const char other[] =
	    "[{'kind': 'git', 'repositories': [{'name': 'old', 'refs': 7}]}]";
	struct fixture f;

	(void)state;
	start(&f);
	compare(&f, "[]", REPOSITORY(0));
	assert_int_equal(f.found.len, 0);
	compare(&f, other, REPOSITORY(0));
	assert_int_equal(f.found.len, 1);
	expect(&f, 0, false, "repository 'old'",
	    "is no longer configured; it had 7 references in 'prod-1'");
	f.t.discovers = true;
	compare(&f, other, REPOSITORY(0));
	expect(&f, 0, false, "repository 'old'",
	    "is neither configured nor named by a cluster any more; it had 7 "
	    "references in 'prod-1'");
	/* No cluster names a cluster. */
	compare(&f,
	    "[{'kind': 'kubernetes', 'clusters': [{'name': 'old', 'objects': "
	    "7}]}]",
	    "[]");
	expect(&f, 0, false, "cluster 'old'",
	    "is no longer configured; it had 7 objects in 'prod-1'");
	/* Sources of a kind that was taken out as a whole. */
	compare(&f, other, "[]");
	assert_int_equal(f.found.len, 1);
	end(&f);
}

#define CLUSTER(ALL, NAMESPACES, LEFT)                                         \
	"[{'kind': 'kubernetes', 'clusters': [{'name': 'x', 'objects': " #ALL  \
	", 'namespace_objects': " NAMESPACES ", 'left_out': [" LEFT "]}]}]"

static void a_namespace_is_judged_by_itself(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	compare(&f, CLUSTER(100, "{'a': 90, 'b': 4, 'c': 6}", ""),
	    CLUSTER(98, "{'a': 90, 'b': 2, 'c': 6}", ""));
	assert_int_equal(f.found.len, 1);
	expect(&f, 0, true, "namespace 'b' of cluster 'x'",
	    "has 2 objects, and had 4 in 'prod-1': 50 % less");
	/* It is gone, and so a tenth of all. */
	compare(&f, CLUSTER(100, "{'a': 90, 'b': 10}", ""),
	    CLUSTER(90, "{'a': 90}", ""));
	assert_int_equal(f.found.len, 2);
	expect(&f, 0, false, "cluster 'x'",
	    "has 90 objects, and had 100 in 'prod-1': 10 % less");
	expect(&f, 1, true, "namespace 'b' of cluster 'x'",
	    "has 0 objects, and had 10 in 'prod-1': 100 % less");
	end(&f);
}

static void a_namespace_that_is_not_wanted_is_named(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	strvec_add(&f.exclude, "b*");
	compare(&f, CLUSTER(100, "{'a': 10, 'b': 90}", ""),
	    CLUSTER(10, "{'a': 10}", ""));
	assert_int_equal(f.found.len, 1);
	expect(&f, 0, false, "namespace 'b' of cluster 'x'",
	    "is no longer configured; it had 90 objects in 'prod-1'");
	strvec_done(&f.exclude);
	compare(&f, CLUSTER(100, "{'a': 10, 'b': 90}", ""),
	    CLUSTER(10, "{'a': 10}", "{'namespace': 'b', 'reason': 'm'}"));
	assert_int_equal(f.found.len, 1);
	assert_false(f.found.items[0].partial);
	/* A pattern that fits none was mistyped. */
	strvec_add(&f.namespaces, "prodction-*");
	compare(
	    &f, CLUSTER(100, "{'a': 10, 'b': 90}", ""), CLUSTER(0, "{}", ""));
	assert_int_equal(f.found.len, 3);
	expect(&f, 0, true, "cluster 'x'",
	    "has 0 objects, and had 100 in 'prod-1': 100 % less");
	end(&f);
}

static void many_namespaces_are_named_in_part(void **state)
{
	cleanup(buf_done) struct buf before = BUF_INIT;
	struct fixture f;

	(void)state;
	start(&f);
	buf_add_str(&before, "[{'kind': 'kubernetes', 'clusters': [{'name': "
			     "'x', 'objects': 50, 'namespace_objects': {");
	for (int i = 0; i < 25; i++)
		buf_printf(&before, "%s'n%d': 2", i ? ", " : "", i);
	buf_add_str(&before, "}}]}]");
	compare(&f, buf_str(&before), CLUSTER(0, "{}", ""));
	assert_int_equal(f.found.len, 22);
	expect(&f, 21, true, "5 more namespaces of 'x'",
	    "have less than in 'prod-1'");
	end(&f);
}

#define BUCKET(ALL, PREFIXES)                                                  \
	"[{'kind': 'terraform', 'buckets': [{'bucket': 'x', 'objects': " #ALL  \
	", 'prefixes': " PREFIXES "}]}]"

static void a_prefix_is_judged_by_itself(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	compare(&f, BUCKET(40, "{'': 40}"), BUCKET(0, "{'': 0}"));
	assert_int_equal(f.found.len, 1);
	expect(&f, 0, true, "bucket 'x'",
	    "has 0 objects, and had 40 in 'prod-1': 100 % less");
	/* Older versions of what was deleted are there still. */
	compare(&f, BUCKET(80, "{'': 40}"), BUCKET(80, "{'': 0}"));
	assert_int_equal(f.found.len, 1);
	assert_true(f.found.items[0].partial);
	compare(&f, BUCKET(100, "{'a/': 98, 'b/': 2}"),
	    BUCKET(98, "{'a/': 98, 'b/': 0}"));
	assert_int_equal(f.found.len, 1);
	expect(&f, 0, true, "prefix 'b/' of bucket 'x'",
	    "has 0 objects, and had 2 in 'prod-1': 100 % less");
	/* Mistyped. */
	compare(&f, BUCKET(100, "{'a/': 98, 'b/': 2}"),
	    BUCKET(98, "{'a/': 98, 'v/': 0}"));
	assert_int_equal(f.found.len, 2);
	expect(&f, 0, false, "prefix 'b/' of bucket 'x'",
	    "is no longer configured; it had 2 objects in 'prod-1'");
	expect(&f, 1, true, "prefix 'v/' of bucket 'x'",
	    "is new, and has nothing");
	/* One above it has it all. */
	compare(&f, BUCKET(3, "{'a/b/': 3}"), BUCKET(9, "{'a/': 9}"));
	assert_int_equal(f.found.len, 0);
	end(&f);
}

static void a_manifest_of_before_has_totals_alone(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	compare(&f,
	    "[{'kind': 'terraform', 'buckets': [{'bucket': 'x', 'objects': "
	    "4}]}, {'kind': 'kubernetes', 'clusters': [{'name': 'x', "
	    "'objects': 9}]}]",
	    "[{'kind': 'terraform', 'buckets': [{'bucket': 'x', 'objects': 4, "
	    "'prefixes': {'': 1}}]}, {'kind': 'kubernetes', 'clusters': "
	    "[{'name': 'x', 'objects': 9, 'namespace_objects': {'a': 9}}]}]");
	assert_int_equal(f.found.len, 1);
	expect(&f, 0, true, "bucket 'x'",
	    "has 1 objects, and had 4 in 'prod-1': 75 % less");
	end(&f);
}

static void odd_members_are_passed_over(void **state)
{
	static const char *const odd[] = {"{}", "[]", "[1, null]",
	    "[{'kind': 3}]", "[{'kind': 'git'}]",
	    "[{'kind': 'git', 'repositories': {'x': 1}}]",
	    "[{'kind': 'git', 'repositories': [{'refs': 3}, 4]}]",
	    "[{'kind': 'terraform', 'buckets': [{'bucket': 'x', 'prefixes': "
	    "7}]}]",
	    "[{'kind': 'kubernetes', 'clusters': [{'name': 'x', 'objects': "
	    "'9', 'namespace_objects': ['a']}]}]"};
	struct fixture f;

	(void)state;
	start(&f);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
		for (size_t j = 0; j < sizeof(odd) / sizeof(*odd); j++) {
			compare(&f, odd[i], odd[j]);
			assert_int_equal(f.found.len, 0);
		}
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_share_is_nothing_a_warning_or_partial),
	    cmocka_unit_test(
		what_is_allowed_accepted_or_explained_is_a_warning),
	    cmocka_unit_test(a_new_source_is_new_and_an_old_one_is_named),
	    cmocka_unit_test(of_few_only_nothing_is_a_finding),
	    cmocka_unit_test(a_namespace_is_judged_by_itself),
	    cmocka_unit_test(a_namespace_that_is_not_wanted_is_named),
	    cmocka_unit_test(many_namespaces_are_named_in_part),
	    cmocka_unit_test(a_prefix_is_judged_by_itself),
	    cmocka_unit_test(a_manifest_of_before_has_totals_alone),
	    cmocka_unit_test(odd_members_are_passed_over),
	};

	return cmocka_run_group_tests_name("shrink", tests, NULL, NULL);
}
