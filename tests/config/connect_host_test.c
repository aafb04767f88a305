/* Which API a Git host is asked by, and with whose token. */
#include "config/connect_host.h"

#include "storage/base/cleanup.h"
#include "tests/support/configs.h"
#include "tests/support/environment.h"
#include "tests/support/script_client.h"

#include <stdlib.h>
#include <string.h>

/* A host that has no organisation, whatever API it is asked by. */
struct fixture {
	struct test_environment env;
	struct script_server *server;
	char *url;
	struct settings *settings;
	struct connect_host host;
};

static const struct script_reply none[] = {
    {.bytes = SCRIPT_STATUS(404), .close = 1},
    {.bytes = SCRIPT_STATUS(404), .close = 1}};

static int set_up(void **state)
{
	struct fixture *f = mem_new(struct fixture);

	test_environment_init(&f->env);
	f->server = script_server_start(none, 2);
	f->url = script_server_url(f->server, "");
	setenv("CONNECT_HOST_ONE", "HUSH1", 1);
	setenv("CONNECT_HOST_TWO", "HUSH2", 1);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	connect_host_done(&f->host);
	settings_free(f->settings);
	script_server_stop(f->server);
	free(f->url);
	free(f);
	return 0;
}

/* `git` is that section of the configuration, in which '@' stands for the
 * host. */
static void configure(struct fixture *f, const char *git)
{
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	buf_printf(&text,
	    "%sgit: {repositories: [{name: x, url: "
	    "https://h/x}], ",
	    CONFIG_HEAD);
	for (; *git; git++)
		if (*git == '@')
			buf_add_str(&text, f->url);
		else
			buf_add_char(&text, *git);
	buf_add_str(&text, "}\n");
	f->settings = settings_parse(buf_str(&text), text.len, "c.yaml", &err);
	if (!f->settings)
		fail_msg("%s: %s", err.message, buf_str(&text));
}

static int try_connect(
    struct fixture *f, int configured, const char *url, struct err *err)
{
	*err = (struct err)ERR_INIT;
	return connect_host(&f->settings->git, configured, url, false,
	    &f->env.connect, &f->host, err);
}

/* That the host of "team" is asked at a path that begins so, and with that
 * token. */
static void assert_asked(
    struct fixture *f, int configured, const char *path, const char *token)
{
	autofree char *url = str_printf("%s/team", f->url);
	autofree char *start = str_printf("GET %s", path);
	autofree char *bearer =
	    str_printf("\r\nAuthorization: Bearer %s\r\n", token);
	struct host_repositories listed = VEC_INIT;
	struct err err;

	assert_ok(try_connect(f, configured, url, &err), err);
	/* Nothing is asked by then. */
	assert_int_equal(script_server_count(f->server), 0);
	assert_int_equal(host_list(f->host.host, &listed, &err), -1);
	const char *request = script_server_request(f->server, 0);
	if (!str_starts(request, start))
		fail_msg("%s", request);
	assert_contains(request, bearer);
	host_repositories_done(&listed);
}

static void the_kind_is_said_somewhere(void **state)
{
	static const struct {
		const char *git;
		int configured;
		const char *path;
	} rows[] = {
	    /* By whoever asks, before all else. */
	    {"credentials: [{url: '@/', kind: gitea, token: "
	     "'${CONNECT_HOST_ONE}'}]",
		SETTINGS_HOST_GITLAB, "/api/v4/groups/team/"},
	    {"credentials: [{url: '@/', kind: gitea, token: "
	     "'${CONNECT_HOST_ONE}'}]",
		SETTINGS_HOST_AUTO, "/api/v1/orgs/team/"},
	    {"credentials: [{url: '@/', kind: github, token: "
	     "'${CONNECT_HOST_ONE}'}]",
		SETTINGS_HOST_AUTO, "/api/v3/orgs/team/"},
	    /* By an organisation of the same host. */
	    {"credentials: [{url: '@/', token: '${CONNECT_HOST_ONE}'}], "
	     "organisations: [{url: 'https://h/other', kind: gitlab}, {url: "
	     "'@/others', kind: gitea}]",
		SETTINGS_HOST_AUTO, "/api/v1/orgs/team/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		void *one;

		set_up(&one);
		configure(one, rows[i].git);
		assert_asked(one, rows[i].configured, rows[i].path, "HUSH1");
		tear_down(&one);
	}
}

/* Credentials for all that is below an owner are the owner's, too. */
static void the_nearest_token_is_taken(void **state)
{
	struct fixture *f = *state;

	configure(f, "credentials: [{url: '@/', kind: gitea, token: "
		     "'${CONNECT_HOST_ONE}'}, {url: '@/team/', kind: gitea, "
		     "token: '${CONNECT_HOST_TWO}'}, {url: '@/teams', kind: "
		     "gitea, token: '${CONNECT_HOST_ONE}'}]");
	assert_asked(f, SETTINGS_HOST_AUTO, "/api/v1/", "HUSH2");
}

static void assert_refused(struct fixture *f, const char *url, const char *part)
{
	struct err err;

	assert_fails(
	    try_connect(f, SETTINGS_HOST_AUTO, url, &err), err, ERR_USAGE);
	assert_contains(err.message, part);
	assert_null(strstr(err.message, "HUSH"));
	assert_null(f->host.host);
	connect_host_done(&f->host);
}

static void what_cannot_be_asked_says_why(void **state)
{
	struct fixture *f = *state;
	autofree char *team = str_printf("%s/team", f->url);
	autofree char *why =
	    str_printf("it is not known which API the host of %s has: give its "
		       "git.credentials a kind (github, gitlab or gitea)",
		team);

	configure(f, "credentials: [{url: '@/', token: "
		     "'${CONNECT_HOST_ONE}'}]");
	assert_refused(f, team, why);
	assert_refused(f, "/srv/git/team",
	    "/srv/git/team is on no host that "
	    "has an API");
	assert_refused(f, "https://github.com/team",
	    "the API of GitHub needs a token: give one in git.credentials, "
	    "with a url that https://github.com/team/ begins with");
	unsetenv("CONNECT_HOST_ONE");
	settings_free(f->settings);
	configure(f, "credentials: [{url: '@/', kind: gitea, token: "
		     "'${CONNECT_HOST_ONE}'}]");
	assert_refused(f, team, "CONNECT_HOST_ONE is not set");
	assert_int_equal(script_server_count(f->server), 0);
}

/* The API is asked over https, with the token, not the key. */
static void a_repository_over_ssh_is_on_the_same_host(void **state)
{
	struct fixture *f = *state;
	struct err err;

	configure(f, "credentials: [{url: 'https://github.com/', token: "
		     "'${CONNECT_HOST_ONE}'}]");
	assert_ok(connect_host(&f->settings->git, SETTINGS_HOST_AUTO,
		      "git@github.com:team/web.git", true, &f->env.connect,
		      &f->host, &err),
	    err);
	autofree char *url = host_clone_url(f->host.host, "team/web");
	assert_string_equal(url, "https://github.com/team/web.git");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_kind_is_said_somewhere),
	    TEST(the_nearest_token_is_taken),
	    TEST(what_cannot_be_asked_says_why),
	    TEST(a_repository_over_ssh_is_on_the_same_host),
	};

	return cmocka_run_group_tests_name("connect_host", tests, NULL, NULL);
}
