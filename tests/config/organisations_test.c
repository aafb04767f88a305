/* The repositories of organisations, as a scripted host lists them. */
#include "config/organisations.h"

#include "storage/base/cleanup.h"
#include "tests/support/configs.h"
#include "tests/support/environment.h"
#include "tests/support/script_client.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct test_environment env;
	struct script_server *server;
	char *url;
	char *reply;
	struct script_reply replies[2];
	struct settings *settings;
	struct organisations all;
};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_environment_init(&f->env);
	setenv("ORGANISATIONS_TEST", "HUSH", 1);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	organisations_done(&f->all);
	settings_free(f->settings);
	script_server_stop(f->server);
	free(f->url);
	free(f->reply);
	free(f);
	return 0;
}

/* The host has these repositories, JSON; all that has no other reply is an
 * error of the server. */
static void serve(struct fixture *f, const char *list)
{
	f->reply = str_printf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n"
			      "%s",
	    strlen(list), list);
	f->replies[0] = (struct script_reply){
	    .to = "/api/v1/orgs/team/repos", .bytes = f->reply};
	f->server = script_server_start(f->replies, 1);
	f->url = script_server_url(f->server, "");
}

static int try_list(struct fixture *f, const char *organisation,
    const char *rest, struct err *err)
{
	autofree char *text = str_printf(
	    "%sgit:\n  credentials: [{url: '%s/', token: "
	    "'${ORGANISATIONS_TEST}'}]\n  organisations: [{url: '%s/team', "
	    "kind: gitea%s}]\n%s",
	    CONFIG_HEAD, f->url, f->url, organisation, rest);

	*err = (struct err)ERR_INIT;
	f->settings = settings_parse(text, strlen(text), "c.yaml", err);
	if (!f->settings)
		fail_msg("%s: %s", err->message, text);
	return organisations_list(f->settings, &f->env.connect, &f->all, err);
}

static void list(struct fixture *f, const char *organisation, const char *rest)
{
	struct err err;

	assert_ok(try_list(f, organisation, rest, &err), err);
}

/* "name url\n" of each; "@" stands for the host. */
static void assert_repositories(struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf lines = BUF_INIT;

	VEC_EACH (&f->all.settings.git.repositories, r) {
		bool here = str_starts(r->url, f->url);

		buf_printf(&lines, "%s %s%s\n", r->name, here ? "@" : "",
		    r->url + (here ? strlen(f->url) : 0));
	}
	assert_string_equal(buf_str(&lines), expected);
}

static void assert_described(const struct fixture *f, const char *expected)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	assert_int_equal(f->all.each.len, 1);
	organisations_describe(&f->all.each.items[0], &text);
	assert_string_equal(buf_str(&text), expected);
}

#define LIST                                                                   \
	"[{\"full_name\":\"team/web\"},{\"full_name\":\"team/api\"},"          \
	"{\"full_name\":\"team/old\",\"archived\":true}]"

static void what_is_listed_joins_the_settings(void **state)
{
	struct fixture *f = *state;

	serve(f, LIST);
	list(f, "", "  repositories: [{name: infra, url: https://h/infra}]\n");
	assert_repositories(f, "infra https://h/infra\n"
			       "team/api @/team/api.git\n"
			       "team/old @/team/old.git\n"
			       "team/web @/team/web.git\n");
	assert_described(f, "3 repositories");
	assert_int_equal(f->all.each.items[0].err.code, ERR_NONE);
	assert_true(f->all.settings.git.repositories.items[1].lfs);
	/* Those of the configuration are as they were. */
	assert_int_equal(f->settings->git.repositories.len, 1);
	assert_int_equal(f->all.configured, 1);
	assert_contains(script_server_request(f->server, 0),
	    "\r\nAuthorization: Bearer HUSH\r\n");
}

static void what_is_left_out_is_counted(void **state)
{
	struct fixture *f = *state;

	serve(f, LIST);
	list(f, ", archived: false, exclude: ['a*'], lfs: false", "");
	assert_repositories(f, "team/web @/team/web.git\n");
	assert_described(f, "1 repository, 1 archived left out, 1 left out by "
			    "include and exclude");
	assert_false(f->all.settings.git.repositories.items[0].lfs);
}

static void patterns_are_for_names_below_the_organisation(void **state)
{
	struct fixture *f = *state;

	serve(f, LIST);
	list(f, ", include: [web, 'o*', 'team/api']", "");
	assert_repositories(
	    f, "team/old @/team/old.git\nteam/web @/team/web.git\n");
	assert_described(
	    f, "2 repositories, 1 left out by include and exclude");
}

/* It is captured as it is configured, and once. */
static void one_that_is_named_is_not_added_again(void **state)
{
	static const char *const spellings[] = {"%s/team/web",
	    "%s/team/web.git", "%s/team/web/", "ssh://git@127.0.0.1/team/web",
	    "git@127.0.0.1:team/web.git"};

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		void *one;

		set_up(&one);
		struct fixture *f = one;
		serve(f, LIST);
		cleanup(buf_done) struct buf rest = BUF_INIT;
		const char *at = spellings[i];
		buf_add_str(&rest, "  repositories: [{name: own, url: '");
		if (str_starts(at, "%s")) {
			buf_add_str(&rest, f->url);
			at += 2;
		}
		buf_printf(&rest, "%s'}]\n", at);
		list(f, "", buf_str(&rest));
		if (f->all.settings.git.repositories.len != 3)
			fail_msg("%s is there twice", spellings[i]);
		assert_described(
		    f, "2 repositories, 1 that git.repositories names");
		tear_down(&one);
	}
}

static void a_name_that_is_taken_is_not_given_twice(void **state)
{
	struct fixture *f = *state;

	serve(f, "[{\"full_name\":\"team/web\"}]");
	list(f, "",
	    "  repositories: [{name: team/web, url: https://h/elsewhere}]\n");
	assert_repositories(f, "team/web https://h/elsewhere\n");
	assert_described(f, "0 repositories, 1 that git.repositories names");
}

/* No path in the archive could be made of it. */
static void a_name_that_no_repository_can_have_is_told(void **state)
{
	struct fixture *f = *state;

	serve(f, "[{\"full_name\":\"team/web\"},{\"full_name\":"
		 "\"team/x.git/y\"},{\"full_name\":\"team/a.git\"}]");
	list(f, "", "");
	VEC_EACH (&f->all.settings.git.repositories, r)
		assert_true(str_eq(r->name, "team/web"));
	assert_int_equal(f->all.each.items[0].added, 1);
	assert_int_equal(f->all.each.items[0].unusable.len, 2);
}

/* ---- what cannot be listed ----------------------------------------------- */

static void a_host_that_fails_leaves_the_others(void **state)
{
	struct fixture *f = *state;
	struct err err;

	serve(f, "{\"message\":\"HUSH\"}");
	assert_ok(try_list(f, "",
		      "  repositories: [{name: infra, url: "
		      "https://h/infra}]\n",
		      &err),
	    err);
	assert_repositories(f, "infra https://h/infra\n");
	assert_int_equal(f->all.each.items[0].err.code, ERR_FORMAT);
	assert_contains(f->all.each.items[0].err.message, "/orgs/team/repos");
	assert_null(strstr(f->all.each.items[0].err.message, "HUSH"));
}

static void a_host_without_a_token_is_not_asked(void **state)
{
	struct fixture *f = *state;
	struct err err;

	serve(f, LIST);
	unsetenv("ORGANISATIONS_TEST");
	assert_ok(try_list(f, "", "", &err), err);
	assert_int_equal(f->all.each.items[0].err.code, ERR_USAGE);
	assert_contains(f->all.each.items[0].err.message,
	    "the environment variable ORGANISATIONS_TEST is not set");
	assert_int_equal(script_server_count(f->server), 0);
}

static void a_stopped_run_lists_nothing(void **state)
{
	struct fixture *f = *state;
	struct err err;

	serve(f, LIST);
	cancel_request(&f->env.cancel);
	assert_fails(try_list(f, "", "", &err), err, ERR_CANCELLED);
}

/* ---- covering ------------------------------------------------------------ */

static void an_organisation_covers_what_is_below_it(void **state)
{
	static char url[] = "https://h/team";
	const struct settings_organisation o = {.url = url};

	(void)state;
	assert_true(organisations_covers(&o, "https://h/team/web.git"));
	assert_true(organisations_covers(&o, "https://h/team"));
	assert_false(organisations_covers(&o, "https://h/teams/web"));
	assert_false(organisations_covers(&o, "https://h/tea"));
	assert_false(organisations_covers(&o, "https://other/team/web"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(what_is_listed_joins_the_settings),
	    TEST(what_is_left_out_is_counted),
	    TEST(patterns_are_for_names_below_the_organisation),
	    cmocka_unit_test(one_that_is_named_is_not_added_again),
	    TEST(a_name_that_is_taken_is_not_given_twice),
	    TEST(a_name_that_no_repository_can_have_is_told),
	    TEST(a_host_that_fails_leaves_the_others),
	    TEST(a_host_without_a_token_is_not_asked),
	    TEST(a_stopped_run_lists_nothing),
	    cmocka_unit_test(an_organisation_covers_what_is_below_it),
	};

	return cmocka_run_group_tests_name("organisations", tests, NULL, NULL);
}
