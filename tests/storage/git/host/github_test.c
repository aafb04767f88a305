#include "storage/git/host/github.h"

#include "tests/support/host_script.h"

/* An Enterprise Server, whose API is below the same host. */
static void the_words_of_github_are_used(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK",
		.body = "[{\"full_name\":\"team/web\",\"archived\":false}]"},
	    {.status = "404 Not Found"},
	    {.status = "200 OK", .body = "{\"login\":\"team\"}"},
	    {.status = "200 OK", .body = "[{\"full_name\":\"team/own\"}]"}};
	cleanup(host_repositories_done) struct host_repositories all = VEC_INIT;
	struct test_host t;

	(void)state;
	test_host_start(&t, replies, 4);
	test_host_open(&t, HOST_GITHUB, "team", false);
	assert_ok(host_list(t.host, &all, &t.err), t.err);
	assert_int_equal(all.len, 1);
	assert_string_equal(all.items[0].path, "team/web");
	assert_host_asked(&t, 0,
	    "GET /api/v3/orgs/team/repos?type=all&sort=created&direction=asc"
	    "&per_page=100 ",
	    NULL);
	autofree char *accept = script_server_header(t.server, 0, "Accept");
	autofree char *version =
	    script_server_header(t.server, 0, "X-GitHub-Api-Version");
	assert_string_equal(accept, "application/vnd.github+json");
	assert_string_equal(version, "2022-11-28");
	assert_ok(host_list(t.host, &all, &t.err), t.err);
	assert_host_asked(&t, 2, "GET /api/v3/user ", NULL);
	assert_host_asked(&t, 3,
	    "GET /api/v3/user/repos?affiliation=owner&sort=created"
	    "&direction=asc&per_page=100 ",
	    NULL);
	test_host_stop(&t);
}

static void a_repository_is_made_private_and_gets_its_branch(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "201 Created", .body = "{}"},
	    {.status = "200 OK", .body = "{}"},
	    {.status = "422 Unprocessable Entity",
		.body = "{\"message\":\"Validation Failed\",\"errors\":"
			"[{\"message\":\"The branch main was not found\"}]}"}};
	struct test_host t;

	(void)state;
	test_host_start(&t, replies, 3);
	test_host_open(&t, HOST_GITHUB, "team/web.git", true);
	assert_ok(host_create(t.host, &t.err), t.err);
	assert_host_asked(&t, 0, "POST /api/v3/orgs/team/repos ",
	    "{\"name\":\"web\",\"private\":true}");
	assert_ok(host_set_default_branch(t.host, "a\"b/c", &t.err), t.err);
	assert_host_asked(&t, 1, "PATCH /api/v3/repos/team/web ",
	    "{\"default_branch\":\"a\\\"b/c\"}");
	assert_host_refused(&t, host_set_default_branch(t.host, "main", &t.err),
	    ERR_EXISTS,
	    "GitHub answered 422: Validation Failed; The branch main was not "
	    "found");
	test_host_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_words_of_github_are_used),
	    cmocka_unit_test(a_repository_is_made_private_and_gets_its_branch),
	};

	return cmocka_run_group_tests_name("github", tests, NULL, NULL);
}
