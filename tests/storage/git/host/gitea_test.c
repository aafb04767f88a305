#include "storage/git/host/gitea.h"

#include "tests/support/host_script.h"

/* A server may be below a path; and so is its API. */
static void the_words_of_gitea_are_used(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "[{\"full_name\":\"team/web\"}]"},
	    {.status = "201 Created", .body = "{}"},
	    {.status = "200 OK", .body = "{}"}};
	cleanup(host_repositories_done) struct host_repositories all = VEC_INIT;
	struct test_host t;

	(void)state;
	test_host_start(&t, replies, 3);
	test_host_open(&t, HOST_GITEA, "git/team", false);
	assert_ok(host_list(t.host, &all, &t.err), t.err);
	assert_int_equal(all.len, 1);
	assert_host_asked(
	    &t, 0, "GET /git/api/v1/orgs/team/repos?limit=50 ", NULL);
	autofree char *accept = script_server_header(t.server, 0, "Accept");
	autofree char *version =
	    script_server_header(t.server, 0, "X-GitHub-Api-Version");
	assert_string_equal(accept, "application/json");
	assert_null(version);
	host_free(t.host);
	test_host_open(&t, HOST_GITEA, "git/team/web.git", true);
	assert_ok(host_create(t.host, &t.err), t.err);
	assert_host_asked(&t, 1, "POST /git/api/v1/orgs/team/repos ",
	    "{\"name\":\"web\",\"private\":true}");
	assert_ok(host_set_default_branch(t.host, "main", &t.err), t.err);
	assert_host_asked(&t, 2, "PATCH /git/api/v1/repos/team/web ",
	    "{\"default_branch\":\"main\"}");
	test_host_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_words_of_gitea_are_used),
	};

	return cmocka_run_group_tests_name("gitea", tests, NULL, NULL);
}
