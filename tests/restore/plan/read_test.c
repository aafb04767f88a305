/* A tree becomes nodes: repositories and states, and what is left out. */
#include "restore/plan/read.h"

#include "restore/plan/names.h"
#include "storage/base/cleanup.h"
#include "storage/base/index.h"
#include "storage/base/json.h"
#include "storage/git/repo/repo.h"
#include "tests/support/makers.h"

#include <stdlib.h>

static void add(
    struct test_maker *t, const char *path, const char *facts, const char *text)
{
	test_tree_add(&t->tree, path, facts, text);
}

/* A mirror without refs, whose first file has the facts. */
static void add_repository(
    struct test_maker *t, const char *name, const char *facts)
{
	autofree char *head = str_printf("git/%s.git/HEAD", name);
	autofree char *config = str_printf("git/%s.git/config", name);
	autofree char *refs = str_printf("git/%s.git/packed-refs", name);

	add(t, head, facts, "ref: refs/heads/main\n");
	add(t, config, NULL, repo_config_text(GIT_SHA1));
	add(t, refs, NULL, "# pack-refs with: peeled fully-peeled sorted \n");
}

static int try_read(struct test_maker *t, struct err *err)
{
	test_maker_start(t);
	return read_tree(&t->m, err);
}

static void read_all(struct test_maker *t)
{
	struct err err = ERR_INIT;

	assert_ok(try_read(t, &err), err);
}

static bool is_found(
    const struct test_maker *t, const char *kind, const char *name)
{
	cleanup(buf_done) struct buf key = BUF_INIT;

	names_add(&key, 0, "@", kind, NULL, name);
	return index_first(t->plan.p->names, buf_str(&key)) != INDEX_END;
}

static void assert_offered(const struct test_maker *t, const char *name)
{
	if (!strvec_has(&t->plan.p->offered, name))
		fail_msg("%s is not offered", name);
}

/* ---- repositories -------------------------------------------------------- */

static void a_repository_is_one_node_of_many_files(void **state)
{
	struct test_maker *t = *state;

	add_repository(t, "team/web",
	    "{\"url\":\"https://user@git.example.org:443/team/web.git\"}");
	add_repository(t, "tools", NULL);
	read_all(t);
	assert_int_equal(t->plan.p->nodes.len, 2);
	const struct plan_node *n = test_plan_node(&t->plan, 0);
	assert_int_equal(n->kind, PLAN_GIT);
	assert_string_equal(n->name, "team/web");
	assert_string_equal(n->path, "git/team/web.git");
	assert_string_equal(n->source, "test");
	assert_string_equal(json_get_str(n->facts, "url"),
	    "https://user@git.example.org:443/team/web.git");
	assert_string_equal(
	    t->plan.p->graph.nodes.items[0].key, "git:team/web");
	assert_string_equal(t->plan.p->graph.nodes.items[1].key, "git:tools");
	/* Whatever names its URL finds it. */
	assert_true(is_found(t, "Git", "git.example.org/team/web"));
	assert_false(is_found(t, "Git", "team/web"));
}

/* Another capture may put its files elsewhere in the archive; what the manifest
 * says of it may come with the last of them. */
static void files_of_a_repository_need_not_be_together(void **state)
{
	struct test_maker *t = *state;

	add(t, "git/a.git/config", NULL, repo_config_text(GIT_SHA1));
	add(t, "terraform/b/k", NULL, "{}");
	add_repository(t, "b", "{\"n\":2}");
	add(t, "git/a.git/packed-refs", NULL,
	    "# pack-refs with: peeled fully-peeled sorted \n");
	add(t, "terraform/b/l", NULL, "{}");
	add(t, "git/a.git/HEAD", "{\"n\":1}", "ref: refs/heads/main\n");
	read_all(t);
	assert_nodes(t, "repository a\nstate b/k\nrepository b\nstate b/l\n");
	for (uint32_t i = 0; i < 4; i += 2)
		assert_int_equal(
		    json_get_int(test_plan_node(&t->plan, i)->facts, "n", 0),
		    i / 2 + 1);
	assert_null(test_plan_node(&t->plan, 1)->facts);
	assert_null(test_plan_node(&t->plan, 3)->facts);
}

static void a_repository_that_was_not_asked_for_is_only_offered(void **state)
{
	struct test_maker *t = *state;
	struct strvec only = VEC_INIT;

	add_repository(t, "a", NULL);
	add_repository(t, "b", NULL);
	add_repository(t, "c", NULL);
	strvec_add(&only, "b");
	t->plan.o.only_git = &only;
	read_all(t);
	assert_nodes(t, "repository b\n");
	assert_int_equal(t->plan.p->found.len, 1);
	assert_string_equal(t->plan.p->found.items[0], "git:b");
	assert_offered(t, "git:a");
	assert_offered(t, "git:c");
	strvec_done(&only);
}

static void a_repository_that_is_damaged_is_refused(void **state)
{
	struct test_maker *t = *state;
	struct err err;

	add(t, "git/web.git/HEAD", NULL, "ref: refs/heads/main\n");
	add(t, "git/web.git/config", NULL, repo_config_text(GIT_SHA1));
	add(t, "git/web.git/packed-refs", NULL,
	    "0123456789012345678901234567890123456789 refs/heads/main\n");
	assert_fails(try_read(t, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "git/web.git: ");
	assert_int_equal(t->plan.p->nodes.len, 0);
}

/* Left out, it is not read, but its files are still looked at. */
static void a_repository_that_is_left_out_is_not_opened(void **state)
{
	struct test_maker *t = *state;

	add(t, "git/web.git/HEAD", NULL, "ref: refs/heads/main\n");
	t->plan.o.without_git = true;
	read_all(t);
	assert_int_equal(t->plan.p->nodes.len, 0);
}

static void a_file_of_no_mirror_is_refused_all_the_same(void **state)
{
	struct test_maker *t = *state;
	struct err err;

	add(t, "git/web.git/hooks/post-update", NULL, "#!/bin/sh\n");
	t->plan.o.without_git = true;
	assert_fails(try_read(t, &err), err, ERR_INTEGRITY);
	assert_contains(err.message, "git/web.git/hooks/post-update");
}

/* ---- states -------------------------------------------------------------- */

#define STATE(SERIAL)                                                          \
	"{\"version\":4,\"serial\":" SERIAL ",\"lineage\":\"l\","              \
	"\"terraform_version\":\"1.0.0\",\"outputs\":{},\"resources\":[]}"

static void a_state_is_named_by_its_facts_or_its_path(void **state)
{
	struct test_maker *t = *state;

	add(t, "terraform/b/plain", NULL, "{}");
	add(t, "terraform/b/quoted",
	    "{\"bucket\":\"b\",\"key\":\"odd//key\",\"serial\":7}", STATE("7"));
	read_all(t);
	assert_nodes(t, "state b/plain\nstate b/odd//key\n");
	const struct plan_node *n = test_plan_node(&t->plan, 1);
	assert_int_equal(n->kind, PLAN_STATE);
	assert_string_equal(n->name, "b/odd//key");
	assert_string_equal(n->path, "terraform/b/quoted");
	assert_string_equal(n->source, "test");
	assert_string_equal(
	    t->plan.p->graph.nodes.items[1].key, "terraform:b/odd//key");
	assert_string_equal(json_get_str(n->facts, "key"), "odd//key");
	assert_true(is_found(t, "State", "b/odd//key"));
	assert_true(is_found(t, "State", "b/plain"));
}

static void an_older_version_is_no_node(void **state)
{
	struct test_maker *t = *state;

	add(t, "terraform/b/k", "{\"bucket\":\"b\",\"key\":\"k\"}", "{}");
	add(t, "terraform/b/k@1",
	    "{\"bucket\":\"b\",\"key\":\"k\",\"older\":true}", "{}");
	read_all(t);
	assert_nodes(t, "state b/k\n");
}

static void a_state_is_chosen_by_its_bucket_or_in_full(void **state)
{
	struct test_maker *t = *state;
	struct strvec only = VEC_INIT;

	add(t, "terraform/a/k", NULL, "{}");
	add(t, "terraform/b/env/one", NULL, "{}");
	add(t, "terraform/b/env/two", NULL, "{}");
	add(t, "terraform/b/other", NULL, "{}");
	strvec_add(&only, "a");
	strvec_add(&only, "b/env/");
	t->plan.o.only_terraform = &only;
	read_all(t);
	assert_nodes(t, "state a/k\nstate b/env/one\nstate b/env/two\n");
	assert_offered(t, "terraform:b");
	strvec_done(&only);
}

static void a_state_of_another_serial_is_refused(void **state)
{
	struct test_maker *t = *state;
	struct err err;

	add(t, "terraform/b/k", "{\"serial\":7}", STATE("8"));
	assert_fails(try_read(t, &err), err, ERR_INTEGRITY);
	assert_contains(err.message,
	    "terraform/b/k: its serial is not the one that was captured");
	assert_int_equal(t->plan.p->nodes.len, 0);
}

/* ---- layers -------------------------------------------------------------- */

/* Two layers: "base" has the repository a, "apps" the bucket b. */
static void use_layers(struct test_maker *t)
{
	test_maker_use_layers(t,
	    "{\"unassigned\":\"last\",\"items\":[{\"name\":\"base\","
	    "\"depends_on\":[],\"sync\":\"automated\",\"select\":{"
	    "\"repositories\":[\"a\"]}},{\"name\":\"apps\",\"depends_on\":["
	    "\"base\"],\"sync\":\"automated\",\"select\":{\"states\":"
	    "[\"b/*\"]}}]}");
}

static void add_of_layers(struct test_maker *t)
{
	add_repository(t, "a", NULL);
	add_repository(t, "b", NULL);
	add(t, "terraform/b/k", NULL, "{}");
	add(t, "terraform/c/k", NULL, "{}");
}

static void each_has_its_layer(void **state)
{
	struct test_maker *t = *state;

	use_layers(t);
	add_of_layers(t);
	read_all(t);
	assert_nodes(t, "repository a\nrepository b\nstate b/k\nstate c/k\n");
	static const uint16_t expected[] = {0, 2, 1, 2};
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(
		    test_plan_node(&t->plan, i)->layer, expected[i]);
}

static void of_one_layer_nothing_else_becomes_a_node(void **state)
{
	struct test_maker *t = *state;
	struct strvec only = VEC_INIT;

	use_layers(t);
	add_of_layers(t);
	strvec_add(&only, "apps");
	t->plan.o.only_layers = &only;
	read_all(t);
	assert_nodes(t, "state b/k\n");
	strvec_done(&only);
}

/* ---- all kinds ----------------------------------------------------------- */

#define WIDGETS "widgets.example.org"

static void add_widget(struct test_maker *t)
{
	test_tree_add_object(&t->tree, "prod",
	    "customresourcedefinitions.apiextensions.k8s.io", NULL, WIDGETS,
	    "{\"apiVersion\":\"apiextensions.k8s.io/v1\",\"kind\":"
	    "\"CustomResourceDefinition\",\"metadata\":{\"name\":\"" WIDGETS
	    "\"},\"spec\":{\"group\":\"example.org\",\"scope\":\"Namespaced\","
	    "\"names\":{\"plural\":\"widgets\",\"kind\":\"Widget\"},"
	    "\"versions\":[{\"name\":\"v1\",\"served\":true}]}}");
	test_tree_add_object(&t->tree, "prod", WIDGETS, "team", "w",
	    "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Widget\","
	    "\"metadata\":{\"name\":\"w\",\"namespace\":\"team\"}}");
}

#define DEFINITION "CustomResourceDefinition.apiextensions.k8s.io " WIDGETS

static void of_a_whole_snapshot_each_definition_is_read_once(void **state)
{
	struct test_maker *t = *state;

	add_widget(t);
	read_all(t);
	assert_nodes(t, DEFINITION "\nWidget.example.org team/w\n");
}

/* The definition comes along, after what needs it. */
static void a_namespace_brings_the_definitions_of_its_kinds(void **state)
{
	struct test_maker *t = *state;
	struct strvec only = VEC_INIT;

	add_widget(t);
	strvec_add(&only, "team");
	t->plan.o.only_kubernetes = &only;
	read_all(t);
	assert_nodes(
	    t, "Widget.example.org team/w\n" DEFINITION " (companion)\n");
	strvec_done(&only);
}

static void without_kubernetes_no_definition_comes_along(void **state)
{
	struct test_maker *t = *state;

	add_widget(t);
	add(t, "terraform/b/k", NULL, "{}");
	t->plan.o.without_kubernetes = true;
	read_all(t);
	assert_nodes(t, "state b/k\n");
}

/* The operator is told what is wrong, not where the plan was when it met it. */
static void a_usage_error_is_not_of_a_file(void **state)
{
	struct test_maker *t = *state;
	struct err err;

	test_tree_add_object(&t->tree, "west", "configmaps", "team", "c",
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	    "\"name\":\"c\",\"namespace\":\"team\"}}");
	assert_fails(try_read(t, &err), err, ERR_USAGE);
	assert_string_equal(err.message,
	    "the snapshot has objects of the cluster 'west', for which no "
	    "target is known: name it under restore.targets.clusters");
}

static void a_stopped_run_reads_no_further(void **state)
{
	struct test_maker *t = *state;
	struct cancel stop = {0};
	struct err err;

	add(t, "terraform/b/k", NULL, "{}");
	t->plan.o.cancel = &stop;
	cancel_request(&stop);
	assert_fails(try_read(t, &err), err, ERR_CANCELLED);
	assert_int_equal(t->plan.p->nodes.len, 0);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(                                       \
	    name, test_maker_setup, test_maker_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_repository_is_one_node_of_many_files),
	    TEST(files_of_a_repository_need_not_be_together),
	    TEST(a_repository_that_was_not_asked_for_is_only_offered),
	    TEST(a_repository_that_is_damaged_is_refused),
	    TEST(a_repository_that_is_left_out_is_not_opened),
	    TEST(a_file_of_no_mirror_is_refused_all_the_same),
	    TEST(a_state_is_named_by_its_facts_or_its_path),
	    TEST(an_older_version_is_no_node),
	    TEST(a_state_is_chosen_by_its_bucket_or_in_full),
	    TEST(a_state_of_another_serial_is_refused),
	    TEST(each_has_its_layer),
	    TEST(of_one_layer_nothing_else_becomes_a_node),
	    TEST(of_a_whole_snapshot_each_definition_is_read_once),
	    TEST(a_namespace_brings_the_definitions_of_its_kinds),
	    TEST(without_kubernetes_no_definition_comes_along),
	    TEST(a_usage_error_is_not_of_a_file),
	    TEST(a_stopped_run_reads_no_further),
	};

	return cmocka_run_group_tests_name("plan/read", tests, NULL, NULL);
}
