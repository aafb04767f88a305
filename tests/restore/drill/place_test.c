/* Where a drill goes, by the command line, the configuration and a snapshot. */
#include "restore/drill/place.h"

#include "storage/archive/manifest.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A snapshot of the clusters "prod" and "edge". */
struct fixture {
	char *dir, *assets; /* the folder has both programs */
	struct settings *settings;
	struct restore_options options;
	struct command command;
	struct manifest manifest;
	struct result result;
	struct place place;
};

static void add_program(const struct fixture *f, const char *name)
{
	autofree char *path = file_join(f->assets, name);
	struct err err = ERR_INIT;

	assert_ok(file_write_durably(path, "#!/bin/sh\n", 10, &err), err);
	assert_int_equal(chmod(path, 0700), 0);
}

/* More of the configuration. */
static void configure(struct fixture *f, const char *more)
{
	autofree char *text = str_printf("%s%s", CONFIG_HEAD, more);
	struct err err = ERR_INIT;

	settings_free(f->settings);
	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s: %s", err.message, text);
	f->command = (struct command){
	    .name = "drill", .options = &f->options, .settings = f->settings};
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);
	struct err err = ERR_INIT;

	unsetenv("KUBEBUILDER_ASSETS");
	f->dir = test_dir_make();
	f->assets = file_join(f->dir, "assets");
	assert_ok(file_mkdirs(f->assets, &err), err);
	add_program(f, "etcd");
	add_program(f, "kube-apiserver");
	manifest_init(&f->manifest);
	f->manifest.label = str_dup("prod-1");
	json_free(f->manifest.sources);
	f->manifest.sources =
	    test_json("[{\"kind\":\"kubernetes\",\"clusters\":["
		      "{\"name\":\"prod\",\"namespaces\":[\"web\",\"db\"]},"
		      "{\"name\":\"edge\",\"namespaces\":[\"cache\"]}]}]");
	configure(f, "");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	place_done(&f->place);
	result_done(&f->result);
	strvec_done(&f->options.only);
	settings_free(f->settings);
	manifest_done(&f->manifest);
	test_dir_remove(f->dir);
	free(f->assets);
	free(f);
	return 0;
}

static int try_choose(struct fixture *f, struct err *err)
{
	place_done(&f->place);
	f->place = (struct place){.kind = RESULT_NOWHERE};
	*err = (struct err)ERR_INIT;
	return place_choose(&f->place, &f->command, &f->manifest, err);
}

static void assert_place(struct fixture *f, enum result_place kind)
{
	struct err err;

	assert_ok(try_choose(f, &err), err);
	assert_int_equal(f->place.kind, kind);
}

static void assert_refused(struct fixture *f, const char *why)
{
	struct err err;

	assert_fails(try_choose(f, &err), err, ERR_USAGE);
	assert_contains(err.message, why);
}

#define GIVEN                                                                  \
	"drill: {clusters: [{from: prod, kubeconfig: /k}, {from: edge, "       \
	"kubeconfig: /l}]}\n"
#define GIVEN_ONE "drill: {clusters: [{from: prod, kubeconfig: /k}]}\n"

/* ---- control planes ------------------------------------------------------ */

static void a_folder_with_both_programs_is_used(void **state)
{
	struct fixture *f = *state;

	f->options.control_plane = f->assets;
	assert_place(f, RESULT_CONTROL_PLANE);
	assert_string_equal(f->place.assets, f->assets);
	assert_int_equal(f->place.clusters.len, 2);
	assert_string_equal(f->place.clusters.items[0], "prod");
	assert_string_equal(f->place.clusters.items[1], "edge");
	/* Nothing is started yet. */
	assert_int_equal(f->place.planes.len, 0);
	assert_int_equal(f->place.copies.len, 0);
}

static void the_command_line_comes_before_the_configuration(void **state)
{
	struct fixture *f = *state;
	autofree char *more =
	    str_printf("drill: {control_plane: %s}\n", f->assets);

	setenv("KUBEBUILDER_ASSETS", "/nowhere/env", 1);
	configure(f, more);
	assert_place(f, RESULT_CONTROL_PLANE);
	assert_string_equal(f->place.assets, f->assets);
	f->options.control_plane = "/nowhere/option";
	assert_refused(f, "'/nowhere/option/");
	f->options.control_plane = NULL;
	configure(f, "");
	assert_refused(f, "'/nowhere/env/");
	setenv("KUBEBUILDER_ASSETS", f->assets, 1);
	assert_place(f, RESULT_CONTROL_PLANE);
	unsetenv("KUBEBUILDER_ASSETS");
}

/* As it is where nobody set it. */
static void an_empty_name_of_a_folder_is_none(void **state)
{
	struct fixture *f = *state;

	setenv("KUBEBUILDER_ASSETS", "", 1);
	assert_refused(f,
	    "nothing names a folder with etcd and kube-apiserver to restore "
	    "'prod-1' into: --control-plane, ");
	unsetenv("KUBEBUILDER_ASSETS");
}

static void a_folder_without_a_program_is_refused(void **state)
{
	struct fixture *f = *state;
	autofree char *api = file_join(f->assets, "kube-apiserver");
	autofree char *why =
	    str_printf("'%s' cannot be run: Permission denied", api);

	assert_int_equal(chmod(api, 0600), 0);
	f->options.control_plane = f->assets;
	assert_refused(f, why);
}

/* ---- nowhere ------------------------------------------------------------- */

static void without_clusters_it_goes_nowhere(void **state)
{
	struct fixture *f = *state;

	f->options.without_clusters = true;
	assert_place(f, RESULT_NOWHERE);
	f->options.without_clusters = false;
	strvec_add(&f->options.only, "git");
	assert_place(f, RESULT_NOWHERE);
	assert_int_equal(f->place.clusters.len, 0);
}

static void a_snapshot_without_clusters_needs_no_place(void **state)
{
	struct fixture *f = *state;

	json_free(f->manifest.sources);
	f->manifest.sources = test_json("[]");
	assert_place(f, RESULT_NOWHERE);
}

/* ---- servers of others --------------------------------------------------- */

static void a_given_server_is_used_where_no_folder_is_named(void **state)
{
	struct fixture *f = *state;

	configure(f, GIVEN);
	assert_place(f, RESULT_SERVER);
	f->options.server = true;
	assert_place(f, RESULT_SERVER);
	/* The folder that the environment names is not asked for. */
	setenv("KUBEBUILDER_ASSETS", "/nowhere", 1);
	assert_place(f, RESULT_SERVER);
	f->options.server = false;
	assert_refused(f, "'/nowhere/");
	unsetenv("KUBEBUILDER_ASSETS");
}

static void every_cluster_needs_one(void **state)
{
	struct fixture *f = *state;

	configure(f, GIVEN_ONE);
	f->options.server = true;
	assert_refused(f,
	    "c.yaml: drill.clusters names no API server for cluster 'edge' of "
	    "the snapshot; add one, or rehearse only other clusters (--only "
	    "kubernetes:CLUSTER/)");
	f->options.server = false;
	f->options.prefix = "drill-";
	assert_refused(f, "names no API server for cluster 'edge'");
	/* Of those that are restored. */
	strvec_add(&f->options.only, "kubernetes:prod/");
	assert_place(f, RESULT_PREFIX);
	assert_int_equal(f->place.clusters.len, 1);
	assert_int_equal(f->place.copies.len, 1);
}

static void what_is_asked_for_must_be_configured(void **state)
{
	struct fixture *f = *state;

	f->options.server = true;
	assert_refused(f, "--server needs API servers in drill.clusters of the "
			  "configuration");
	f->options.server = false;
	f->options.prefix = "drill-";
	assert_refused(f, "--prefix needs API servers in drill.clusters of the "
			  "configuration");
}

static void each_cluster_has_copies_of_its_namespaces(void **state)
{
	struct fixture *f = *state;

	configure(f, GIVEN);
	f->options.prefix = "drill-";
	assert_place(f, RESULT_PREFIX);
	assert_int_equal(f->place.copies.len, 2);
	const struct copies *prod = &f->place.copies.items[0];
	const struct copies *edge = &f->place.copies.items[1];
	assert_string_equal(prod->cluster, "prod");
	assert_string_equal(prod->prefix, "drill-");
	assert_int_equal(prod->names->len, 2);
	assert_string_equal(prod->names->items[0], "drill-web");
	assert_string_equal(prod->names->items[1], "drill-db");
	assert_string_equal(edge->cluster, "edge");
	assert_int_equal(edge->names->len, 1);
	assert_string_equal(edge->names->items[0], "drill-cache");
	/* What tells whose they are. */
	assert_string_not_equal(prod->mark, edge->mark);
}

/* Names are mapped for all clusters, so that one of another counts as well. */
static void a_copy_is_no_namespace_of_any_cluster(void **state)
{
	struct fixture *f = *state;

	json_free(f->manifest.sources);
	f->manifest.sources =
	    test_json("[{\"kind\":\"kubernetes\",\"clusters\":["
		      "{\"name\":\"prod\",\"namespaces\":[\"web\"]},"
		      "{\"name\":\"edge\",\"namespaces\":[\"drill-web\"]}]}]");
	configure(f, GIVEN);
	f->options.prefix = "drill-";
	assert_refused(f,
	    "--prefix drill-: 'drill-web', for the namespace 'web', is a "
	    "namespace of the snapshot itself; take another prefix");
	f->options.prefix = "";
	assert_refused(f, "--prefix is empty");
}

/* ---- what excludes each other -------------------------------------------- */

static void there_is_one_place_alone(void **state)
{
	static const char why[] = "--server, --prefix, --control-plane and "
				  "--without-clusters exclude each other";
	struct fixture *f = *state;

	configure(f, GIVEN);
	for (int i = 0; i < 5; i++) {
		f->options.server = i < 3;
		f->options.prefix = i >= 2 ? "drill-" : NULL;
		f->options.control_plane = i == 0 || i == 3 ? f->assets : NULL;
		f->options.without_clusters = i == 1 || i == 4;
		assert_refused(f, why);
	}
}

static void the_same_cluster_is_for_a_prefix(void **state)
{
	struct fixture *f = *state;

	configure(f, GIVEN);
	f->options.same_cluster = true;
	assert_refused(f, "--same-cluster is for a drill with --prefix alone");
	f->options.prefix = "drill-";
	assert_place(f, RESULT_PREFIX);
}

/* ---- before there is any ------------------------------------------------- */

static void nothing_is_started_or_left_of_others(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	configure(f, GIVEN);
	f->options.prefix = "drill-";
	assert_place(f, RESULT_PREFIX);
	assert_ok(place_start(&f->place, f->dir, &err), err);
	assert_int_equal(f->place.planes.len, 0);
	/* None was made: no server is asked to remove any. */
	place_leave(&f->place, &f->result);
	assert_int_equal(f->result.left.len, 0);
	assert_int_equal(f->result.namespaces_left, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_folder_with_both_programs_is_used),
	    TEST(the_command_line_comes_before_the_configuration),
	    TEST(an_empty_name_of_a_folder_is_none),
	    TEST(a_folder_without_a_program_is_refused),
	    TEST(without_clusters_it_goes_nowhere),
	    TEST(a_snapshot_without_clusters_needs_no_place),
	    TEST(a_given_server_is_used_where_no_folder_is_named),
	    TEST(every_cluster_needs_one),
	    TEST(what_is_asked_for_must_be_configured),
	    TEST(each_cluster_has_copies_of_its_namespaces),
	    TEST(a_copy_is_no_namespace_of_any_cluster),
	    TEST(there_is_one_place_alone),
	    TEST(the_same_cluster_is_for_a_prefix),
	    TEST(nothing_is_started_or_left_of_others),
	};

	return cmocka_run_group_tests_name("drill/place", tests, NULL, NULL);
}
