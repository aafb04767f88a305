#include "storage/git/host/location.h"

#include "storage/base/cleanup.h"
#include "storage/base/str.h"
#include "tests/support/test.h"

#include <stdlib.h>

static void each_kind_has_its_api_where_it_is(void **state)
{
	static const struct {
		enum host_kind kind;
		const char *url, *api, *web, *owner, *name;
	} rows[] = {
	    {HOST_GITHUB, "https://github.com/team/web.git",
		"https://api.github.com", "https://github.com", "team", "web"},
	    {HOST_GITHUB, "https://github.com/team/.github",
		"https://api.github.com", "https://github.com", "team",
		".github"},
	    {HOST_GITHUB, "https://git.example.com:8443/team/web",
		"https://git.example.com:8443/api/v3",
		"https://git.example.com:8443", "team", "web"},
	    {HOST_GITHUB, "https://us.ghe.com/team/web",
		"https://api.us.ghe.com", "https://us.ghe.com", "team", "web"},
	    {HOST_GITLAB, "https://gitlab.com/a/b/c/web.git",
		"https://gitlab.com/api/v4", "https://gitlab.com", "a/b/c",
		"web"},
	    {HOST_GITEA, "https://e.org/git/team/web.git/",
		"https://e.org/git/api/v1", "https://e.org/git", "team", "web"},
	    {HOST_GITHUB, "https://github.com/team/", "https://api.github.com",
		"https://github.com", "team", NULL},
	    {HOST_GITLAB, "https://e.org/a/b", "https://e.org/api/v4",
		"https://e.org", "a/b", NULL},
	    {HOST_GITEA, "https://e.org/team", "https://e.org/api/v1",
		"https://e.org", "team", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(host_location_done) struct host_location p = {
		    .api = NULL};
		struct err err = ERR_INIT;
		assert_ok(host_location_parse(rows[i].kind, rows[i].url,
			      rows[i].name != NULL, &p, &err),
		    err);
		assert_string_equal(p.api, rows[i].api);
		assert_string_equal(p.web, rows[i].web);
		assert_string_equal(p.owner, rows[i].owner);
		assert_true(str_eq(p.name, rows[i].name));
	}
}

static void what_is_no_owner_or_repository_is_refused(void **state)
{
	static const struct {
		enum host_kind kind;
		const char *url;
		bool of_repository;
	} rows[] = {
	    {HOST_GITHUB, "https://github.com", false},
	    {HOST_GITHUB, "https://github.com/team/web", false},
	    {HOST_GITHUB, "https://github.com/team", true},
	    {HOST_GITHUB, "https://github.com/team/.git", true},
	    {HOST_GITHUB, "https://github.com/a/b/c", true},
	    {HOST_GITLAB, "https://gitlab.com/web", true},
	    {HOST_GITLAB, "https://gitlab.com/a/../b", false},
	    {HOST_GITLAB, "https://gitlab.com/a//b", false},
	    {HOST_GITLAB, "https://gitlab.com/a%2Fb", false},
	    {HOST_GITEA, "https://e.org/web", true},
	    {HOST_GITEA, "https://u:p@e.org/team", false},
	    {HOST_GITEA, "https://e.org/team?x", false},
	    {HOST_GITEA, "git@e.org:team/web", true},
	    {HOST_GITEA, "/srv/team/web", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct host_location p = {.api = NULL};
		struct err err = ERR_INIT;
		assert_int_equal(host_location_parse(rows[i].kind, rows[i].url,
				     rows[i].of_repository, &p, &err),
		    -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_null(p.api);
	}
}

static void an_ssh_url_names_the_same_on_the_web(void **state)
{
	static const char *const rows[][2] = {
	    {"git@github.com:team/web.git", "https://github.com/team/web.git"},
	    {"ssh://git@e.org:2222/team/web", "https://e.org/team/web"},
	    {"ssh://[::1]/team/web", "https://[::1]/team/web"},
	    {"https://e.org/team/web.git", "https://e.org/team/web.git"},
	    {"http://127.0.0.1:8/t/w", "http://127.0.0.1:8/t/w"},
	    {"/srv/web.git", NULL}, {"file:///srv/web.git", NULL},
	    {"https://u:p@e.org/t/w", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		autofree char *url = host_location_web_url(rows[i][0]);
		assert_true(str_eq(url, rows[i][1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_has_its_api_where_it_is),
	    cmocka_unit_test(what_is_no_owner_or_repository_is_refused),
	    cmocka_unit_test(an_ssh_url_names_the_same_on_the_web),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
