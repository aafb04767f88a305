/* Whether a drill may go to a server that somebody else runs. */
#include "restore/drill/given.h"

#include "storage/archive/manifest.h"
#include "storage/base/cleanup.h"
#include "storage/base/file.h"
#include "storage/base/json.h"
#include "tests/support/configs.h"
#include "tests/support/kube_script.h"

#include <stdlib.h>

enum { MOST = 4 };

/* An API server whose namespace kube-system has that UID. */
struct server {
	struct script_server *server;
	char *url, *config; /* the kubeconfig that leads there */
	char *texts[2];
	struct script_reply replies[2 * MOST];
};

struct fixture {
	char *dir;
	struct test_clock clock;
	struct test_random random;
	struct server given, other;
	struct settings *settings;
	struct restore_options options;
	struct command command;
	struct manifest manifest;
	struct json_object *cluster;
	char *version;
};

static void serve(
    struct fixture *f, struct server *s, const char *name, const char *uid)
{
	s->texts[0] =
	    str_printf(KUBE_REPLY("%s", "{\"metadata\":{\"uid\":\"%s\"}}"),
		uid ? "200 OK" : "403 Forbidden", uid ? uid : "");
	s->texts[1] =
	    str_dup(KUBE_REPLY("200 OK", "{\"gitVersion\":\"v1.33.2\"}"));
	for (int i = 0; i < MOST; i++) {
		s->replies[2 * i] = (struct script_reply){
		    .to = "/kube-system ", .bytes = s->texts[0], .close = 1};
		s->replies[2 * i + 1] = (struct script_reply){
		    .to = "/version ", .bytes = s->texts[1], .close = 1};
	}
	s->server = script_server_start(s->replies, 2 * MOST);
	s->url = script_server_url(s->server, "");
	s->config = file_join(f->dir, name);
	autofree char *text = str_printf(
	    "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: "
	    "[{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: "
	    "k, cluster: {server: '%s'}}]\nusers: [{name: u, user: {}}]\n",
	    s->url);
	struct err err = ERR_INIT;
	assert_ok(file_write_durably(s->config, text, strlen(text), &err), err);
}

static void server_done(struct server *s)
{
	if (s->server)
		script_server_stop(s->server);
	free(s->url);
	free(s->config);
	free(s->texts[0]);
	free(s->texts[1]);
}

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	f->dir = test_dir_make();
	test_clock_init(&f->clock, 1700000000000);
	test_random_init(&f->random, 3);
	manifest_init(&f->manifest);
	f->cluster = test_json("{\"name\":\"prod\"}");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	server_done(&f->given);
	server_done(&f->other);
	settings_free(f->settings);
	manifest_done(&f->manifest);
	json_free(f->cluster);
	free(f->version);
	test_dir_remove(f->dir);
	free(f);
	return 0;
}

/* The given server; `rest` names others, "%s" stands for a kubeconfig. */
static void configure(
    struct fixture *f, const char *before, const char *config, const char *rest)
{
	autofree char *text = str_printf(
	    "%sdrill: {clusters: [{from: prod, kubeconfig: %s}]}\n%s%s%s",
	    CONFIG_HEAD, f->given.config, before, config, rest);
	struct err err = ERR_INIT;

	f->settings = settings_parse(text, strlen(text), "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s: %s", err.message, text);
	f->command = (struct command){.name = "drill",
	    .options = &f->options,
	    .settings = f->settings,
	    .env = {.clock = &f->clock.clock, .random = &f->random.random}};
}

static void as_source(struct fixture *f, const char *config)
{
	configure(f,
	    "kubernetes: {clusters: [{name: live, kubeconfig: ", config,
	    "}]}\n");
}

static void as_target(struct fixture *f, const char *config)
{
	configure(f,
	    "restore: {targets: {clusters: [{from: there, kubeconfig: ", config,
	    "}]}}\n");
}

static int try_check(struct fixture *f, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return given_check(
	    &f->command, &f->manifest, f->cluster, &f->version, err);
}

static void assert_allowed(struct fixture *f)
{
	struct err err;

	assert_ok(try_check(f, &err), err);
	assert_string_equal(f->version, "v1.33.2");
}

#define WAY_OUT                                                                \
	": a drill does not go where a platform lives or is to be restored; "  \
	"name another cluster, or use a control plane of its own"

static void assert_refused(struct fixture *f, const char *what, const char *end)
{
	struct err err;
	autofree char *whole = str_printf(
	    "the API server of 'prod' in drill.clusters (%s) is %s" WAY_OUT
	    "%s",
	    f->given.url, what, end);

	assert_fails(try_check(f, &err), err, ERR_USAGE);
	assert_string_equal(err.message, whole);
	assert_null(f->version);
}

/* ---- which server is given ----------------------------------------------- */

static void a_server_is_given_for_one_cluster(void **state)
{
	struct fixture *f = *state;

	serve(f, &f->given, "given", "u-given");
	configure(f, "", "", "");
	assert_string_equal(
	    given_for(f->settings, "prod")->kubeconfig, f->given.config);
	assert_null(given_for(f->settings, "edge"));
	assert_null(given_for(f->settings, ""));
}

/* ---- where a drill goes -------------------------------------------------- */

static void a_cluster_of_its_own_is_allowed(void **state)
{
	struct fixture *f = *state;

	serve(f, &f->given, "given", "u-given");
	serve(f, &f->other, "other", "u-live");
	json_free(f->manifest.sources);
	f->manifest.sources = test_json(
	    "[{\"kind\":\"kubernetes\",\"clusters\":[{\"name\":\"prod\","
	    "\"uid\":\"u-live\"}]}]");
	as_source(f, f->other.config);
	assert_allowed(f);
	assert_int_equal(script_server_count(f->other.server), 1);
}

static void the_cluster_that_was_captured_is_refused(void **state)
{
	struct fixture *f = *state;

	serve(f, &f->given, "given", "u-given");
	configure(f, "", "", "");
	json_free(f->manifest.sources);
	f->manifest.sources = test_json(
	    "[{\"kind\":\"kubernetes\",\"clusters\":[{\"name\":\"edge\","
	    "\"uid\":\"u-other\"},{\"name\":\"live\",\"uid\":\"u-given\"}]}]");
	assert_refused(f, "the cluster that was captured as 'live'", "");
}

static void a_source_or_a_target_is_refused_by_its_uid(void **state)
{
	for (int target = 0; target < 2; target++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		serve(f, &f->given, "given", "u-given");
		serve(f, &f->other, "other", "u-given");
		if (target)
			as_target(f, f->other.config);
		else
			as_source(f, f->other.config);
		assert_refused(f,
		    target ? "the target of 'there'" : "the source 'live'", "");
		tear_down(&one);
	}
	(void)state;
}

/* Which cluster it is need not be asked. */
static void a_source_or_a_target_is_refused_by_its_url(void **state)
{
	for (int target = 0; target < 2; target++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		serve(f, &f->given, "given", "u-given");
		if (target)
			as_target(f, f->given.config);
		else
			as_source(f, f->given.config);
		assert_refused(f,
		    target ? "the target of 'there'" : "the source 'live'", "");
		assert_int_equal(script_server_count(f->given.server), 1);
		tear_down(&one);
	}
	(void)state;
}

/* One that is down must not hold the drill up, nor one that does not tell. */
static void a_source_that_cannot_be_asked_is_another(void **state)
{
	struct fixture *f = *state;
	autofree char *none = file_join(f->dir, "none");

	serve(f, &f->given, "given", "u-given");
	serve(f, &f->other, "other", NULL);
	as_source(f, f->other.config);
	assert_allowed(f);
	assert_int_equal(script_server_count(f->other.server), 1);
	free(steal(f->version));
	settings_free(f->settings);
	as_source(f, none);
	assert_allowed(f);
}

/* ---- with a prefix ------------------------------------------------------- */

static void with_a_prefix_it_can_be_allowed(void **state)
{
	struct fixture *f = *state;

	serve(f, &f->given, "given", "u-given");
	as_source(f, f->given.config);
	f->options.prefix = "drill-";
	assert_refused(f, "the source 'live'",
	    ", or allow a drill that writes into namespaces of its own alone "
	    "with --same-cluster");
	f->options.same_cluster = true;
	assert_allowed(f);
	/* A drill that would write anywhere never is. */
	free(steal(f->version));
	f->options.prefix = NULL;
	assert_refused(f, "the source 'live'", "");
}

/* ---- servers that do not answer ------------------------------------------ */

/* Else it might be any. */
static void one_that_does_not_say_which_it_is_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;

	serve(f, &f->given, "given", NULL);
	configure(f, "", "", "");
	assert_fails(try_check(f, &err), err, ERR_DENIED);
	assert_contains(
	    err.message, "drill.clusters: which cluster that of 'prod' is: ");
	f->options.prefix = "drill-";
	f->options.same_cluster = true;
	assert_fails(try_check(f, &err), err, ERR_DENIED);
	assert_null(f->version);
}

static void one_without_a_kubeconfig_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err;

	f->given.config = file_join(f->dir, "none");
	configure(f, "", "", "");
	assert_fails(try_check(f, &err), err, ERR_NOT_FOUND);
	assert_contains(err.message, "drill.clusters: 'prod': ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_server_is_given_for_one_cluster),
	    TEST(a_cluster_of_its_own_is_allowed),
	    TEST(the_cluster_that_was_captured_is_refused),
	    cmocka_unit_test(a_source_or_a_target_is_refused_by_its_uid),
	    cmocka_unit_test(a_source_or_a_target_is_refused_by_its_url),
	    TEST(a_source_that_cannot_be_asked_is_another),
	    TEST(with_a_prefix_it_can_be_allowed),
	    TEST(one_that_does_not_say_which_it_is_is_refused),
	    TEST(one_without_a_kubeconfig_is_refused),
	};

	return cmocka_run_group_tests_name("drill/given", tests, NULL, NULL);
}
