#include "tests/support/configs.h"
#include "tests/support/test.h"

#define GIT(TEXT) CONFIG_HEAD "git: {" TEXT "}\n"
#define ONE "repositories: [{url: /a/b}]"

static void a_share_warns_before_it_makes_partial(void **state)
{
	static const struct config_case cases[] = {
	    {CONFIG_HEAD "shrink: {warn: 10%, partial: 20%}\n", NULL},
	    {CONFIG_HEAD "shrink: {warn: 20%, partial: 20%}\n", NULL},
	    {CONFIG_HEAD "shrink: {warn: 21%, partial: 20%}\n",
		"shrink.warn: is more than partial, 20%: nothing would be "
		"warned of first"},
	    /* Its own value stands above it, and is nobody's wish. */
	    {CONFIG_HEAD "shrink: {partial: 1%}\n", NULL},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void git_names_what_it_takes(void **state)
{
	static const struct config_case cases[] = {
	    {GIT(ONE), NULL},
	    {GIT("repositories: [{url: a/b}]"), "is not a URL of a repository"},
	    {GIT("repositories: [{url: 'https:///b'}]"),
		"is not a URL of a repository"},
	    {GIT("repositories: [{url: 'https://u:p@h/b'}]"),
		"holds a user or password; they do not stand in a URL, use "
		"git.credentials"},
	    {GIT("repositories: []"), "git: names nothing"},
	    {GIT(ONE ", accept_missing: ['a:refs/heads/x', "
		     "0123456789012345678901234567890123456789012345678901234"
		     "567890123]"),
		NULL},
	    {GIT(ONE ", accept_missing: ['a:heads/x']"), "has 'a:heads/x'"},
	    {GIT(ONE ", accept_missing: [':refs/heads/x']"),
		"has ':refs/heads/x'"},
	    {GIT(ONE ", accept_missing: "
		     "[012345678901234567890123456789012345678901234567890123"
		     "45678901234]"),
		"64 lower-case hex digits"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void an_organisation_is_one_of_a_known_host(void **state)
{
#define ORGANISATION(TEXT) GIT("organisations: [{" TEXT "}]")
	static const struct config_case cases[] = {
	    {ORGANISATION("url: 'https://github.com/t'"), NULL},
	    {ORGANISATION("url: 'https://git.example.com/t'"),
		"kind: is needed for a host of that name"},
	    {ORGANISATION("url: 'https://git.example.com/t', kind: gitea"),
		NULL},
	    {ORGANISATION("url: 'http://git.example.com/t', kind: gitea"),
		"url: would send a token in the clear"},
	    {ORGANISATION("url: 'http://127.0.0.1:3000/t', kind: gitea"), NULL},
	    {ORGANISATION("url: 'https://github.com/t/w'"),
		"is no URL of an organisation"},
	    {ORGANISATION("url: 'https://t@github.com/t'"),
		"url: holds a user or password"},
	    {ORGANISATION("url: 'https://github.com/t', include: []"),
		"include: is empty; list some, or leave it out to take all"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void credentials_are_whole_and_stay_hidden(void **state)
{
#define CREDENTIALS(TEXT) GIT(ONE ", credentials: [{" TEXT "}]")
	static const struct config_case cases[] = {
	    {CREDENTIALS("url: 'https://h/', token: '${T}'"), NULL},
	    {CREDENTIALS("url: 'git@h:', ssh_key_file: /k"), NULL},
	    {CREDENTIALS("url: 'git@h', ssh_key_file: /k"), NULL},
	    {CREDENTIALS("url: 'https://u:p@h/', token: '${T}'"),
		"url: holds a user or password; use 'username'"},
	    {CREDENTIALS("url: 'https://', token: '${T}'"),
		"url: names no host"},
	    {CREDENTIALS("url: 'https:///x', token: '${T}'"),
		"url: names no host"},
	    {CREDENTIALS("url: h, token: '${T}'"), "url: names no host"},
	    {CREDENTIALS("url: 'https://h/', token: '${T}', password: '${P}'"),
		"has both a password and a token"},
	    {CREDENTIALS("url: 'https://h/', username: u"),
		"username: stands alone"},
	    {CREDENTIALS("url: 'https://h/', username: u, password: '${P}'"),
		NULL},
	    {CREDENTIALS("url: 'http://h/', token: '${T}'"),
		"url: would send a password in the clear"},
	    {CREDENTIALS("url: 'http://localhost/', token: '${T}'"), NULL},
	    {CREDENTIALS("url: 'git@h:', ssh_passphrase: '${P}'"),
		"ssh_passphrase: needs ssh_key_file"},
	    {CREDENTIALS("url: 'git@h:', ssh_key_file: /k, ssh_agent: true"),
		"ssh_agent: and ssh_key_file exclude each other"},
	    {CREDENTIALS("url: 'https://h/', token: '${T}', proxy: h"),
		"proxy: is not a URL"},
	    {GIT(ONE ", credentials: [{url: 'https://h/', token: '${T}'}, "
		     "{url: 'https://i/', token: '${T}'}, "
		     "{url: 'https://h/', token: '${U}'}]"),
		"credentials: item 2 has the url of item 0"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

/* An empty list would select all. */
static void a_list_of_nothing_is_a_mistake(void **state)
{
#define CLUSTER(TEXT) CONFIG_HEAD "kubernetes: {clusters: [{" TEXT "}]}\n"
	static const struct config_case cases[] = {
	    {CLUSTER("name: c, namespaces: [a], resources: [b]"), NULL},
	    {CLUSTER("name: c, namespaces: []"),
		"namespaces: is empty; list some, or leave it out to take all"},
	    {CLUSTER("name: c, resources: []"),
		"resources: is empty; list some, or leave it out to take all"},
	    {CLUSTER("name: c/d"), "name: is not a name"},
	    {CONFIG_HEAD "kubernetes: {clusters: []}\n",
		"kubernetes.clusters: is empty; list at least one"},
	    {CONFIG_HEAD "terraform: {buckets: []}\n",
		"terraform.buckets: is empty; list at least one"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_share_warns_before_it_makes_partial),
	    cmocka_unit_test(git_names_what_it_takes),
	    cmocka_unit_test(an_organisation_is_one_of_a_known_host),
	    cmocka_unit_test(credentials_are_whole_and_stay_hidden),
	    cmocka_unit_test(a_list_of_nothing_is_a_mistake),
	};

	return cmocka_run_group_tests_name(
	    "config/validate_sources", tests, NULL, NULL);
}
