#include "restore/targets/unused.h"

#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/targets.h"

static const char sources[] =
    "[{\"kind\":\"git\",\"repositories\":[{\"name\":\"team/web\",\"url\":"
    "\"https://a/team/web\"}]},{\"kind\":\"kubernetes\",\"clusters\":["
    "{\"name\":\"prod\"}]},{\"kind\":\"terraform\",\"buckets\":["
    "{\"bucket\":\"one\"}]},{\"kind\":\"kubernetes\",\"clusters\":["
    "{\"name\":\"edge\"}]}]";

static void assert_unused(
    const char *config, const struct plan_options *o, const char *expected)
{
	cleanup(strvec_done) struct strvec texts = VEC_INIT;
	cleanup(buf_done) struct buf all = BUF_INIT;
	struct test_targets t;

	test_targets_init(&t, config, sources);
	t.targets.c = &t.command;
	unused_texts(&t.targets, &t.manifest, o, &texts);
	VEC_EACH (&texts, text)
		buf_printf(&all, "%s\n", *text);
	assert_string_equal(buf_str(&all), expected);
	test_targets_done(&t);
}

static const struct plan_options all = {.snapshot = "s"};

#define NOWHERE ", so that nothing goes where it is sent\n"

static void what_matches_is_no_matter(void **state)
{
	(void)state;
	assert_unused(
	    "restore: {targets: {repositories: {team/web: /x, "
	    "'https://a/team/web': /y, 'https://a/': 'https://b/'}, clusters: "
	    "[{from: prod, context: c}, {from: edge, context: d}], buckets: "
	    "[{from: one, bucket: two}]}}\n",
	    &all, "");
}

static void what_matches_nothing_is_named(void **state)
{
	static const char config[] =
	    "restore: {targets: {repositories: {web: /x, 'https://c/': "
	    "'https://b/', 'https://a/team': /y}, clusters: [{from: Prod, "
	    "context: c}], buckets: [{from: prod, bucket: two}]}}\n";
	struct plan_options o = all;

	(void)state;
#define MISSING(KEY, WHAT, NAME)                                               \
	"restore.targets." KEY ": the snapshot has no " WHAT " '" NAME         \
	"'" NOWHERE
#define GIT                                                                    \
	MISSING("repositories", "repository", "web")                           \
	MISSING("repositories", "repository", "https://c/")                    \
	MISSING("repositories", "repository", "https://a/team")
	assert_unused(config, &o,
	    GIT MISSING("clusters", "cluster", "Prod")
		MISSING("buckets", "bucket", "prod"));
	/* What is not restored is not sent. */
	o.without_kubernetes = o.without_terraform = true;
	assert_unused(config, &o, GIT);
	o.without_git = true;
	assert_unused(config, &o, "");
}

static bool is_edge(const struct json_object *part, const char *wanted)
{
	return str_eq(json_get_str(part, "name"), wanted);
}

/* Over all sources of a kind. */
static void a_part_is_looked_for_in_all_captures(void **state)
{
	struct test_targets t;

	(void)state;
	test_targets_init(&t, "", sources);
	assert_non_null(unused_part(&t.manifest, "clusters", is_edge, "edge"));
	assert_null(unused_part(&t.manifest, "clusters", is_edge, "team/web"));
	assert_null(unused_part(&t.manifest, "others", is_edge, "edge"));
	test_targets_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_matches_is_no_matter),
	    cmocka_unit_test(what_matches_nothing_is_named),
	    cmocka_unit_test(a_part_is_looked_for_in_all_captures),
	};

	return cmocka_run_group_tests_name("targets/unused", tests, NULL, NULL);
}
