/* How much of a snapshot each layer selects, by its index alone. */
#include "restore/snapshot_layers.h"

#include "storage/archive/contents.h"
#include "storage/base/cleanup.h"
#include "storage/base/json.h"
#include "tests/support/configs.h"
#include "tests/support/facts.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct settings *settings;
	struct command command;
	struct opened opened;
	struct snapshot_layers layers;
	struct checks checks;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->opened = (struct opened)OPENED_INIT;
	manifest_init(&f->opened.manifest);
	checks_init(&f->checks);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	snapshot_layers_done(&f->layers);
	manifest_done(&f->opened.manifest);
	checks_done(&f->checks);
	settings_free(f->settings);
	free(f);
	return 0;
}

/* By the configuration, and the layers of the manifest, JSON, or NULL. */
static void start(struct fixture *f, const char *config, const char *manifest)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, config);
	struct err err = ERR_INIT;

	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s", err.message);
	f->command.settings = f->settings;
	f->opened.manifest.layers = manifest ? test_json(manifest) : NULL;
	snapshot_layers_init(&f->layers, &f->command, &f->opened);
}

static int try_count(
    struct fixture *f, const char *path, const char *facts, struct err *err)
{
	cleanup(facts_done) struct facts noted = test_facts(facts);
	const struct contents_entry e = {.path = path, .facts = &noted};

	*err = (struct err)ERR_INIT;
	return snapshot_layers_count(&f->layers, &e, err);
}

static void count(struct fixture *f, const char *path, const char *facts)
{
	struct err err;

	assert_ok(try_count(f, path, facts, &err), err);
}

/* All rows, a line each. */
static void assert_rows(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf rows = BUF_INIT;

	snapshot_layers_write(&f->layers, &f->checks);
	for (size_t i = 0; i < json_len(f->checks.array); i++) {
		const struct json_object *row = json_at(f->checks.array, i);

		buf_printf(&rows, "%s: %s\n",
		    json_get(row, "warning")		    ? "warning"
		    : json_truth(json_get(row, "ok"), true) ? "ok"
							    : "FAILED",
		    json_get_str(row, "detail"));
	}
	assert_string_equal(buf_str(&rows), expected);
}

#define OBJECT(KIND, NS, NAME)                                                 \
	"{\"apiVersion\":\"v1\",\"kind\":\"" KIND "\",\"namespace\":\"" NS     \
	"\",\"name\":\"" NAME "\"}"
#define TWO                                                                    \
	"layers:\n- {name: base, select: {repositories: [infra], states: "     \
	"['b/*'], namespaces: [team]}}\n- {name: apps, depends_on: [base], "   \
	"select: {kinds: [Secret]}}\n"

static void add_some(struct fixture *f)
{
	count(f, "git/infra.git/HEAD", "{}");
	count(f, "git/infra.git/config", NULL);
	count(f, "terraform/b/k", "{}");
	count(f, "kubernetes/prod/namespaces/team/configmaps/a.json",
	    OBJECT("ConfigMap", "team", "a"));
	count(f, "kubernetes/prod/namespaces/other/secrets/s.json",
	    OBJECT("Secret", "other", "s"));
}

static void each_layer_has_its_count(void **state)
{
	struct fixture *f = *state;

	start(f, TWO, NULL);
	add_some(f);
	assert_rows(f, "ok: as configured: base 3, apps 1\n");
}

/* Where the configuration has none, as somebody with nothing but the vault. */
static void layers_may_be_those_of_the_snapshot(void **state)
{
	static const char of_snapshot[] =
	    "{\"unassigned\":\"last\",\"items\":[{\"name\":\"then\","
	    "\"depends_on\":[],\"sync\":\"automated\",\"select\":{"
	    "\"repositories\":[\"infra\"]}}]}";
	struct fixture *f = *state;

	start(f, "", of_snapshot);
	count(f, "git/infra.git/HEAD", NULL);
	count(f, "git/docs.git/HEAD", NULL);
	assert_rows(f,
	    "ok: as the snapshot has them: then 1, unassigned 1\n"
	    "ok: repository docs is in no layer, and so in 'unassigned', "
	    "which is restored last\n");
	assert_false(f->layers.configured);
}

static void those_of_the_configuration_count_first(void **state)
{
	static const char of_snapshot[] =
	    "{\"unassigned\":\"last\",\"items\":[{\"name\":\"then\","
	    "\"depends_on\":[],\"sync\":\"automated\",\"select\":{"
	    "\"repositories\":[\"infra\"]}}]}";
	struct fixture *f = *state;

	start(f, TWO, of_snapshot);
	add_some(f);
	assert_rows(f, "ok: as configured: base 3, apps 1\n");
}

static void without_layers_there_is_no_row(void **state)
{
	struct fixture *f = *state;

	start(f, "", NULL);
	add_some(f);
	/* Nothing is even looked at. */
	count(f, "git/odd", NULL);
	assert_rows(f, "");
}

static void layers_that_cannot_be_read_are_a_failure(void **state)
{
	struct fixture *f = *state;

	start(f, "", "{\"items\":7}");
	add_some(f);
	snapshot_layers_write(&f->layers, &f->checks);
	assert_int_equal(f->checks.failed, 1);
	assert_int_equal(json_len(f->checks.array), 1);
	assert_int_equal(f->layers.err.code, ERR_FORMAT);
}

/* ---- what is counted ----------------------------------------------------- */

static void a_repository_counts_once(void **state)
{
	struct fixture *f = *state;

	start(f, "layers: [{name: a, select: {repositories: ['*']}}]\n", NULL);
	count(f, "git/team/one.git/HEAD", NULL);
	count(f, "git/team/one.git/config", NULL);
	count(f, "git/team/two.git/HEAD", NULL);
	assert_rows(f, "ok: as configured: a 2\n");
}

static void a_state_counts_by_its_own_name_and_once(void **state)
{
	struct fixture *f = *state;

	start(f, "layers: [{name: a, select: {states: ['b/odd//*']}}]\n", NULL);
	count(f, "terraform/b/x", "{\"bucket\":\"b\",\"key\":\"odd//k\"}");
	count(f, "terraform/b/y",
	    "{\"bucket\":\"b\",\"key\":\"odd//k\",\"older\":true}");
	count(f, "terraform/b/z", "{}");
	assert_rows(f,
	    "ok: as configured: a 1, unassigned 1\n"
	    "ok: state b/z is in no layer, and so in 'unassigned', which is "
	    "restored last\n");
}

/* A Namespace is in itself; what others own, a restore leaves to them. */
static void objects_count_by_what_they_are(void **state)
{
	struct fixture *f = *state;

	start(f,
	    "layers:\n- {name: a, select: {namespaces: [team]}}\n"
	    "- {name: b, select: {kinds: [Deployment.apps], clusters: "
	    "[edge]}}\n",
	    NULL);
	count(f, "kubernetes/prod/cluster/namespaces/team.json",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"name\":"
	    "\"team\"}");
	count(f, "kubernetes/prod/namespaces/team/pods/p.json",
	    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"namespace\":\"team\","
	    "\"name\":\"p\",\"owners\":[{\"uid\":\"u\"}]}");
	count(f, "kubernetes/edge/namespaces/x/deployments.apps/d.json",
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
	    "\"namespace\":\"x\",\"name\":\"d\",\"owners\":[]}");
	/* Of another cluster, and of another group. */
	count(f, "kubernetes/prod/namespaces/x/deployments.apps/d.json",
	    "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
	    "\"namespace\":\"x\",\"name\":\"d\"}");
	count(f, "kubernetes/edge/namespaces/x/deployments.e.org/d.json",
	    "{\"apiVersion\":\"e.org/v1\",\"kind\":\"Deployment\","
	    "\"namespace\":\"x\",\"name\":\"d\"}");
	snapshot_layers_write(&f->layers, &f->checks);
	assert_string_equal(json_get_str(json_at(f->checks.array, 0), "detail"),
	    "as configured: a 1, b 1, unassigned 2");
}

static void what_labels_decide_is_counted_apart(void **state)
{
	struct fixture *f = *state;

	start(f,
	    "layers: [{name: a, select: {namespaces: [team], labels: "
	    "[tier=a]}}]\n",
	    NULL);
	count(f, "kubernetes/prod/namespaces/team/configmaps/a.json",
	    OBJECT("ConfigMap", "team", "a"));
	snapshot_layers_write(&f->layers, &f->checks);
	assert_contains(json_get_str(json_at(f->checks.array, 0), "detail"),
	    "; labels decide on 1 more, which `plan` shows");
}

/* ---- what is warned of --------------------------------------------------- */

static void a_selector_that_selects_nothing_is_a_warning(void **state)
{
	struct fixture *f = *state;

	start(f, "layers: [{name: a, select: {repositories: [infra, typo]}}]\n",
	    NULL);
	count(f, "git/infra.git/HEAD", NULL);
	assert_rows(f,
	    "ok: as configured: a 1\n"
	    "warning: 'typo' of repositories in 'a' selects nothing of the "
	    "snapshot\n");
}

/* An index of before says nothing of kinds: then nothing is judged. */
static void an_index_without_kinds_is_not_judged(void **state)
{
	struct fixture *f = *state;

	start(f,
	    "layers: [{name: a, select: {repositories: [infra, typo], "
	    "namespaces: [team]}}]\n",
	    NULL);
	count(f, "git/infra.git/HEAD", NULL);
	count(f, "kubernetes/prod/namespaces/team/configmaps/a.json", "{}");
	count(f, "kubernetes/prod/namespaces/team/configmaps/b.json",
	    "{\"kind\":\"ConfigMap\"}");
	assert_true(f->layers.unknown);
	assert_rows(f, "ok: as configured: a 1\n");
}

static void what_two_select_is_a_warning(void **state)
{
	struct fixture *f = *state;

	start(f,
	    "layers:\n- {name: a, select: {repositories: [infra]}}\n"
	    "- {name: b, select: {repositories: ['*']}}\n",
	    NULL);
	count(f, "git/infra.git/HEAD", NULL);
	count(f, "git/other.git/HEAD", NULL);
	assert_rows(f,
	    "ok: as configured: a 1, b 1\n"
	    "warning: repository infra is selected by 'a' and by 'b'; it is "
	    "restored with 'a'\n");
}

static void a_path_that_is_none_is_refused(void **state)
{
	static const char *const paths[] = {
	    "git/web", "terraform/b", "kubernetes/prod/x.json"};
	struct fixture *f = *state;

	start(f, TWO, NULL);
	for (size_t i = 0; i < 3; i++) {
		struct err err;

		assert_fails(
		    try_count(f, paths[i], "{}", &err), err, ERR_FORMAT);
		assert_contains(err.message, paths[i]);
	}
	/* What is of no kind is passed over. */
	count(f, "CONTENTS.json", NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(each_layer_has_its_count),
	    TEST(layers_may_be_those_of_the_snapshot),
	    TEST(those_of_the_configuration_count_first),
	    TEST(without_layers_there_is_no_row),
	    TEST(layers_that_cannot_be_read_are_a_failure),
	    TEST(a_repository_counts_once),
	    TEST(a_state_counts_by_its_own_name_and_once),
	    TEST(objects_count_by_what_they_are),
	    TEST(what_labels_decide_is_counted_apart),
	    TEST(a_selector_that_selects_nothing_is_a_warning),
	    TEST(an_index_without_kinds_is_not_judged),
	    TEST(what_two_select_is_a_warning),
	    TEST(a_path_that_is_none_is_refused),
	};

	return cmocka_run_group_tests_name(
	    "snapshot_layers", tests, NULL, NULL);
}
