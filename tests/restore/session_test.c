/* From a command line and a configuration to a plan. */
#include "restore/session.h"

#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "tests/support/kube_script.h"
#include "tests/support/opened.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A snapshot of one state and one object, and no server at all. */
struct fixture {
	struct test_opened t;
	struct session s;
	struct err err;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_opened_init(&f->t);
	f->s = (struct session)SESSION_INIT;
	f->s.elsewhere = true;
	f->t.options.offline = true;
	f->t.sources =
	    "[{\"kind\":\"kubernetes\",\"clusters\":[{\"name\":\"prod\","
	    "\"namespaces\":[\"ns\"],\"resources\":[]}]},"
	    "{\"kind\":\"git\",\"repositories\":[{\"name\":\"web\",\"url\":"
	    "\"https://old.example/web.git\"}]}]";
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	session_done(&f->s);
	strvec_done(&f->t.options.only);
	strvec_done(&f->t.options.prune_kinds);
	strvec_done(&f->t.options.prune_namespaces);
	test_opened_done(&f->t);
	free(f);
	return 0;
}

#define MAP "kubernetes/prod/namespaces/ns/configmaps/a.json"
#define TARGETS                                                                \
	"targets: {clusters: [{from: prod, kubeconfig: '%s/kubeconfig'}]}"

static void commit(struct fixture *f, const char *restore)
{
	autofree char *config =
	    str_printf("restore: {" TARGETS "%s}\n", f->t.dir, restore);

	test_tree_add(&f->t.tree, MAP,
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"a\","
	    "\"namespace\":\"ns\",\"resource\":\"configmaps\"}",
	    "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{"
	    "\"name\":\"a\",\"namespace\":\"ns\"}}");
	test_tree_add(&f->t.tree, "terraform/b/k",
	    "{\"bucket\":\"b\",\"key\":\"k\"}",
	    "{\"version\":4,\"serial\":1,\"lineage\":\"l\"}");
	test_opened_commit(&f->t, config);
	f->t.command.name = "plan";
	f->s.c = &f->t.command;
}

static void plan(struct fixture *f)
{
	assert_ok(session_plan(&f->s, &f->err), f->err);
	assert_non_null(f->s.plan);
}

static void assert_plan_fails(
    struct fixture *f, enum err_code code, const char *part)
{
	struct err err;

	assert_fails(session_plan(&f->s, &err), err, code);
	assert_contains(err.message, part);
}

/* Of what is asked for, before the vault is even looked at. */
static void assert_refused(struct fixture *f, const char *part)
{
	assert_plan_fails(f, ERR_USAGE, part);
	assert_null(f->s.plan);
	assert_null(f->s.opened.vault.vault);
}

static size_t count(const struct fixture *f, enum plan_node_kind kind)
{
	size_t n = 0;

	VEC_EACH (&f->s.plan->nodes, node)
		n += node->kind == kind && node->action == PLAN_APPLY;
	return n;
}

/* ---- what is refused ----------------------------------------------------- */

static void force_does_not_say_what_may_be_lost(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	f->t.options.force = true;
	assert_refused(f, "--overwrite-state");
}

static void what_is_pruned_is_chosen_with_prune(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	strvec_add(&f->t.options.prune_kinds, "Secret");
	assert_refused(f, "need --prune");
}

/* One of the two alone would delete too much. */
static void pruning_needs_both_namespaces_and_kinds(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	f->t.options.prune = true;
	strvec_add(&f->t.options.prune_namespaces, "ns");
	assert_refused(f, "both namespaces and kinds");
}

static void a_thing_that_is_none_is_refused(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	strvec_add(&f->t.options.only, "helm:web");
	assert_refused(f, "--only takes git, terraform or kubernetes");
}

static void what_the_snapshot_does_not_have_cannot_be_chosen(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	strvec_add(&f->t.options.only, "terraform:other");
	assert_plan_fails(f, ERR_NOT_FOUND, "terraform:other");
}

/* ---- what becomes the plan's --------------------------------------------- */

static void all_of_a_snapshot_is_planned(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	plan(f);
	assert_int_equal(count(f, PLAN_KUBE), 1);
	assert_int_equal(count(f, PLAN_STATE), 1);
	assert_string_equal(f->s.options.snapshot, f->t.label);
	assert_false(f->s.options.partial);
	assert_int_equal(f->s.options.existing, PLAN_EXISTING_SKIP);
	assert_ptr_equal(session_cancel(&f->s), &f->t.cancel);
}

static void a_part_is_planned_where_that_is_asked_for(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	strvec_add(&f->t.options.only, "terraform:b");
	plan(f);
	assert_int_equal(count(f, PLAN_KUBE), 0);
	assert_int_equal(count(f, PLAN_STATE), 1);
}

static void without_clusters_no_object_is_planned(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	f->s.without_clusters = true;
	plan(f);
	assert_int_equal(count(f, PLAN_KUBE), 0);
	assert_int_equal(count(f, PLAN_STATE), 1);
}

/* The command line counts where it says something. */
static void the_configuration_is_carried_over(void **state)
{
	struct fixture *f = *state;

	commit(f,
	    ", existing: update, take_fields: true, status: true, hold: true, "
	    "derived_secrets: true, include_finished: true, "
	    "namespaces: {ns: there}");
	plan(f);
	assert_int_equal(f->s.options.existing, PLAN_EXISTING_UPDATE);
	assert_true(f->s.options.take_fields);
	assert_true(f->s.options.status);
	assert_true(f->s.options.hold);
	assert_true(f->s.options.derived);
	assert_true(f->s.options.finished);
	bool found = false;
	VEC_EACH (&f->s.plan->nodes, n)
		if (n->kind == PLAN_KUBE && n->action == PLAN_APPLY) {
			assert_string_equal(n->namespace, "there");
			found = true;
		}
	assert_true(found);
}

static void the_command_line_comes_before_it(void **state)
{
	struct fixture *f = *state;

	commit(f, ", existing: update");
	f->t.options.existing = "recreate";
	f->t.options.take_fields = true;
	plan(f);
	assert_int_equal(f->s.options.existing, PLAN_EXISTING_RECREATE);
	assert_true(f->s.options.take_fields);
	assert_false(f->s.options.hold);
}

static void what_is_pruned_may_be_configured(void **state)
{
	struct fixture *f = *state;

	commit(f, ", prune_namespaces: [ns], prune_kinds: [Secret]");
	plan(f);
	assert_null(f->s.options.prune_kinds);
	session_done(&f->s);
	f->s = (struct session)SESSION_INIT;
	f->s.elsewhere = true;
	f->s.c = &f->t.command;
	f->t.options.prune = true;
	plan(f);
	assert_string_equal(f->s.options.prune_kinds->items[0], "Secret");
	assert_string_equal(f->s.options.prune_namespaces->items[0], "ns");
}

/* A repository may be named by its name: the objects name its URL. */
static void a_repository_that_moves_is_known_by_its_url(void **state)
{
	struct fixture *f = *state;
	static const char config[] =
	    "restore: {targets: {clusters: [{from: prod, kubeconfig: "
	    "/nowhere}], repositories: {web: 'https://new.example/web.git'}}}"
	    "\n";

	test_opened_commit(&f->t, config);
	f->s.c = &f->t.command;
	plan(f);
	assert_int_equal(f->s.renamed.len, 1);
	assert_contains(f->s.renamed.items[0].from, "https://old.example/web");
}

/* ---- only the targets ---------------------------------------------------- */

/* As `release` needs them: the archive need not even be there, and nobody is
 * asked yet. */
static void targets_are_opened_without_the_archive(void **state)
{
	struct fixture *f = *state;
	struct script_server *server = script_server_start(NULL, 0);
	autofree char *path = file_join(f->t.dir, "kubeconfig");

	test_kubeconfig_write(server, path);
	commit(f, "");
	autofree char *archive = test_opened_file(&f->t, ".tar.zst");
	assert_int_equal(unlink(archive), 0);
	assert_ok(session_open_targets(&f->s, &f->err), f->err);
	assert_true(f->s.opened.has_manifest);
	assert_null(f->s.opened.tree);
	assert_null(f->s.plan);
	assert_int_equal(f->s.targets.plan.len, 1);
	assert_string_equal(f->s.targets.plan.items[0].name, "prod");
	assert_non_null(f->s.targets.plan.items[0].client);
	assert_int_equal(script_server_count(server), 0);
	script_server_stop(server);
}

static void without_an_archive_there_is_no_plan(void **state)
{
	struct fixture *f = *state;

	commit(f, "");
	test_opened_damage(&f->t, ".tar.zst");
	assert_plan_fails(f, ERR_INTEGRITY, f->t.label);
	assert_null(f->s.plan);
	assert_false(f->s.has_targets);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(force_does_not_say_what_may_be_lost),
	    TEST(what_is_pruned_is_chosen_with_prune),
	    TEST(pruning_needs_both_namespaces_and_kinds),
	    TEST(a_thing_that_is_none_is_refused),
	    TEST(what_the_snapshot_does_not_have_cannot_be_chosen),
	    TEST(all_of_a_snapshot_is_planned),
	    TEST(a_part_is_planned_where_that_is_asked_for),
	    TEST(without_clusters_no_object_is_planned),
	    TEST(the_configuration_is_carried_over),
	    TEST(the_command_line_comes_before_it),
	    TEST(what_is_pruned_may_be_configured),
	    TEST(a_repository_that_moves_is_known_by_its_url),
	    TEST(targets_are_opened_without_the_archive),
	    TEST(without_an_archive_there_is_no_plan),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
