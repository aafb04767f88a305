#include "storage/git/host/host.h"

#include "tests/support/host_script.h"

#include <stdlib.h>

#define PAGE(BODY, NEXT)                                                       \
	{                                                                      \
		.status = "200 OK", .headers = NEXT, .body = "[" BODY "]"      \
	}
#define NEXT(PATH) "Link: <http://host.test" PATH ">; rel=\"next\"\r\n"
#define IS(PATH) "{\"full_name\":\"" PATH "\"}"
#define IS_ARCHIVED(PATH) "{\"full_name\":\"" PATH "\",\"archived\":true}"
#define GONE                                                                   \
	{                                                                      \
		.status = "404 Not Found", .body = "{\"message\":\"none\"}"    \
	}
#define USER(NAME)                                                             \
	{                                                                      \
		.status = "200 OK", .to = "GET /api/v1/user ",                 \
		.body = "{\"login\":\"" NAME "\"}"                             \
	}

/* What is listed, a path each with a space behind it, archived ones with '*'.
 */
static char *listed(struct test_host *t)
{
	cleanup(host_repositories_done) struct host_repositories all = VEC_INIT;
	struct buf out = BUF_INIT;

	if (host_list(t->host, &all, &t->err)) {
		buf_done(&out);
		return NULL;
	}
	VEC_EACH (&all, r)
		buf_printf(&out, "%s%s ", r->path, r->archived ? "*" : "");
	return out.len ? buf_steal(&out) : str_dup("");
}

static void pages_are_followed_sorted_and_each_once(void **state)
{
	static const struct script_reply replies[] = {
	    PAGE(IS("Team/web") "," IS_ARCHIVED("team/old"),
		NEXT("/api/v1/o?page=2")),
	    PAGE(IS("team/api") "," IS("Team/web"), NEXT("/api/v1/o?page=3")),
	    PAGE("", "")};
	struct test_host t;

	(void)state;
	test_host_start(&t, replies, 3);
	test_host_open(&t, HOST_GITEA, "team", false);
	autofree char *is = listed(&t);
	assert_string_equal(is, "Team/web team/api team/old* ");
	assert_host_asked(&t, 0, "GET /api/v1/orgs/team/repos?limit=50 ", NULL);
	assert_host_asked(&t, 1, "GET /api/v1/o?page=2 ", NULL);
	assert_host_asked(&t, 2, "GET /api/v1/o?page=3 ", NULL);
	assert_int_equal(script_server_count(t.server), 3);
	test_host_stop(&t);
}

static void the_tokens_own_user_has_a_list_of_its_own(void **state)
{
	static const struct script_reply replies[] = {GONE, USER("Ann"),
	    PAGE(IS("ann/one") "," IS("other/two") "," IS("annabel/x"), "")};
	static const struct script_reply others[] = {GONE, USER("bob")};
	static const struct script_reply nobody[] = {
	    GONE, {.status = "403 Forbidden"}};
	static const struct script_reply denied[] = {
	    {.status = "403 Forbidden"}};
	struct test_host t;

	(void)state;
	test_host_start(&t, replies, 3);
	test_host_open(&t, HOST_GITEA, "ann", false);
	autofree char *is = listed(&t);
	assert_string_equal(is, "ann/one ");
	assert_host_asked(&t, 2, "GET /api/v1/user/repos?limit=50 ", NULL);
	test_host_stop(&t);
	for (int i = 0; i < 2; i++) {
		test_host_start(&t, i ? nobody : others, 2);
		test_host_open(&t, HOST_GITEA, "ann", false);
		assert_host_refused(&t, listed(&t) ? 0 : -1, ERR_NOT_FOUND,
		    "there is no organisation 'ann' that the token may see, "
		    "and it is not the token's own user: GET http");
		assert_int_equal(script_server_count(t.server), 2);
		test_host_stop(&t);
	}
	/* A refusal is no absence. */
	test_host_start(&t, denied, 1);
	test_host_open(&t, HOST_GITEA, "ann", false);
	assert_host_refused(&t, listed(&t) ? 0 : -1, ERR_DENIED, "403");
	assert_int_equal(script_server_count(t.server), 1);
	test_host_stop(&t);
}

static void a_list_that_is_none_or_does_not_end_is_refused(void **state)
{
	static const struct script_reply circle[] = {
	    PAGE(IS("team/a"), NEXT("/api/v1/o?page=2")),
	    PAGE(IS("team/b"), NEXT("/api/v1/o?page=2"))};
	static const struct script_reply empty[] = {{.status = "200 OK"}};
	static const struct script_reply bad[] = {
	    PAGE(IS("team/a"), NEXT("/api/v1/o?page=2")),
	    PAGE(IS("../../etc"), "")};
	struct test_host t;

	(void)state;
	test_host_start(&t, circle, 2);
	test_host_open(&t, HOST_GITEA, "team", false);
	assert_host_refused(&t, listed(&t) ? 0 : -1, ERR_FORMAT,
	    "GET /api/v1/o?page=2: the next page is that page itself");
	test_host_stop(&t);
	test_host_start(&t, empty, 1);
	test_host_open(&t, HOST_GITEA, "team", false);
	assert_host_refused(&t, listed(&t) ? 0 : -1, ERR_FORMAT,
	    "the answer is not a list of repositories");
	test_host_stop(&t);
	test_host_start(&t, bad, 2);
	test_host_open(&t, HOST_GITEA, "team", false);
	assert_host_refused(&t, listed(&t) ? 0 : -1, ERR_FORMAT,
	    "item 0 of the list has no 'full_name'");
	test_host_stop(&t);
}

static void one_is_made_for_an_organisation_or_for_oneself(void **state)
{
	static const struct script_reply made[] = {{.status = "201 Created"}};
	static const struct script_reply own[] = {
	    GONE, USER("ann"), {.status = "201 Created", .body = "{}"}};
	static const struct script_reply others[] = {GONE, USER("bob")};
	static const struct script_reply there[] = {
	    {.status = "409 Conflict", .body = "{\"message\":\"exists\"}"}};
	static const char body[] = "{\"name\":\"web\",\"private\":true}";
	struct test_host t;

	(void)state;
	test_host_start(&t, made, 1);
	test_host_open(&t, HOST_GITEA, "ann/web.git", true);
	assert_ok(host_create(t.host, &t.err), t.err);
	assert_host_asked(&t, 0, "POST /api/v1/orgs/ann/repos ", body);
	test_host_stop(&t);
	test_host_start(&t, own, 3);
	test_host_open(&t, HOST_GITEA, "ann/web", true);
	assert_ok(host_create(t.host, &t.err), t.err);
	assert_host_asked(&t, 2, "POST /api/v1/user/repos ", body);
	test_host_stop(&t);
	test_host_start(&t, others, 2);
	test_host_open(&t, HOST_GITEA, "ann/web", true);
	assert_host_refused(
	    &t, host_create(t.host, &t.err), ERR_NOT_FOUND, "404: none");
	assert_int_equal(script_server_count(t.server), 2);
	test_host_stop(&t);
	test_host_start(&t, there, 1);
	test_host_open(&t, HOST_GITEA, "ann/web", true);
	assert_host_refused(
	    &t, host_create(t.host, &t.err), ERR_EXISTS, "409: exists");
	assert_int_equal(script_server_count(t.server), 1);
	test_host_stop(&t);
}

static void names_and_places(void **state)
{
	struct test_host t;
	struct err err = ERR_INIT;

	(void)state;
	assert_string_equal(host_kind_name(HOST_GITHUB), "GitHub");
	assert_string_equal(host_kind_name(HOST_GITLAB), "GitLab");
	assert_string_equal(host_kind_name(HOST_GITEA), "Gitea");
	test_host_start(&t, NULL, 0);
	assert_null(host_open(HOST_GITEA, t.url, false, &t.access, &err));
	assert_int_equal(err.code, ERR_USAGE);
	test_host_open(&t, HOST_GITLAB, "group/sub", false);
	assert_string_equal(
	    host_path_below(t.host, "Group/Sub/deep/web"), "deep/web");
	/* It was renamed. */
	assert_string_equal(host_path_below(t.host, "new/web"), "web");
	assert_string_equal(
	    host_path_below(t.host, "group/subway/web"), "subway/web");
	autofree char *url = host_clone_url(t.host, "group/sub/web");
	autofree char *is = str_printf("%s/group/sub/web.git", t.url);
	assert_string_equal(url, is);
	host_free(NULL);
	test_host_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pages_are_followed_sorted_and_each_once),
	    cmocka_unit_test(the_tokens_own_user_has_a_list_of_its_own),
	    cmocka_unit_test(a_list_that_is_none_or_does_not_end_is_refused),
	    cmocka_unit_test(one_is_made_for_an_organisation_or_for_oneself),
	    cmocka_unit_test(names_and_places),
	};

	return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
