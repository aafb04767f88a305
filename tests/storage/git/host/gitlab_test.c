#include "storage/git/host/gitlab.h"

#include "tests/support/host_script.h"

static void the_words_of_gitlab_are_used(void **state)
{
	static const struct script_reply replies[] = {{.status = "200 OK",
	    .body = "[{\"path_with_namespace\":\"group/sub/web\"},"
		    "{\"path_with_namespace\":\"group/sub/a/b\","
		    "\"archived\":true}]"}};
	static const struct script_reply own[] = {
	    {.status = "404 Not Found",
		.body = "{\"message\":\"404 Group Not Found\"}"},
	    {.status = "200 OK", .body = "{\"username\":\"ann\"}"},
	    {.status = "200 OK",
		.body = "[{\"path_with_namespace\":\"ann/one\"}]"}};
	cleanup(host_repositories_done) struct host_repositories all = VEC_INIT;
	struct test_host t;

	(void)state;
	test_host_start(&t, replies, 1);
	test_host_open(&t, HOST_GITLAB, "group/sub", false);
	assert_ok(host_list(t.host, &all, &t.err), t.err);
	assert_int_equal(all.len, 2);
	assert_string_equal(all.items[0].path, "group/sub/a/b");
	assert_true(all.items[0].archived);
	assert_host_asked(&t, 0,
	    "GET /api/v4/groups/group%2Fsub/projects?include_subgroups=true"
	    "&with_shared=false&order_by=id&sort=asc&per_page=100 ",
	    NULL);
	test_host_stop(&t);
	test_host_start(&t, own, 3);
	test_host_open(&t, HOST_GITLAB, "ann", false);
	assert_ok(host_list(t.host, &all, &t.err), t.err);
	assert_host_asked(&t, 2,
	    "GET /api/v4/users/ann/projects?order_by=id&sort=asc&per_page=100 ",
	    NULL);
	test_host_stop(&t);
}

static void a_project_is_made_in_its_namespace(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "{\"id\":42}"},
	    {.status = "201 Created", .body = "{\"id\":7}"},
	    {.status = "200 OK", .body = "{}"}};
	struct test_host t;

	(void)state;
	test_host_start(&t, replies, 3);
	test_host_open(&t, HOST_GITLAB, "group/sub/web.git", true);
	assert_ok(host_create(t.host, &t.err), t.err);
	assert_host_asked(&t, 0, "GET /api/v4/namespaces/group%2Fsub ", NULL);
	assert_host_asked(&t, 1, "POST /api/v4/projects ",
	    "{\"name\":\"web\",\"path\":\"web\",\"namespace_id\":42,"
	    "\"visibility\":\"private\"}");
	assert_ok(host_set_default_branch(t.host, "main", &t.err), t.err);
	assert_host_asked(&t, 2, "PUT /api/v4/projects/group%2Fsub%2Fweb ",
	    "{\"default_branch\":\"main\"}");
	test_host_stop(&t);
}

static void a_namespace_without_an_id_is_none(void **state)
{
	static const char *const bodies[] = {
	    "{}", "{\"id\":0}", "{\"id\":\"7\"}", "{\"id\":-1}", "[]"};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		const struct script_reply reply = {
		    .status = "200 OK", .body = bodies[i]};
		struct test_host t;
		test_host_start(&t, &reply, 1);
		test_host_open(&t, HOST_GITLAB, "group/web", true);
		assert_host_refused(&t, host_create(t.host, &t.err), ERR_FORMAT,
		    "GitLab does not say the id of namespace 'group'");
		assert_int_equal(script_server_count(t.server), 1);
		test_host_stop(&t);
	}
}

static void a_name_that_is_taken_is_there(void **state)
{
	static const struct script_reply replies[] = {
	    {.status = "200 OK", .body = "{\"id\":42}"},
	    {.status = "400 Bad Request",
		.body = "{\"message\":{\"name\":[\"has already been taken\"],"
			"\"path\":[\"has already been taken\"]}}"}};
	struct test_host t;

	(void)state;
	test_host_start(&t, replies, 2);
	test_host_open(&t, HOST_GITLAB, "group/web", true);
	assert_host_refused(&t, host_create(t.host, &t.err), ERR_EXISTS,
	    "GitLab answered 400: has already been taken");
	test_host_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_words_of_gitlab_are_used),
	    cmocka_unit_test(a_project_is_made_in_its_namespace),
	    cmocka_unit_test(a_namespace_without_an_id_is_none),
	    cmocka_unit_test(a_name_that_is_taken_is_there),
	};

	return cmocka_run_group_tests_name("gitlab", tests, NULL, NULL);
}
