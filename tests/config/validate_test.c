#include "config/validate.h"

#include "tests/support/configs.h"
#include "tests/support/test.h"

#include <string.h>

/* No credential for one host goes to another that begins like it. */
static void a_beginning_of_a_url_ends_where_a_part_ends(void **state)
{
	static const struct {
		const char *prefix, *url;
		bool covers;
	} cases[] = {
	    {"https://h/", "https://h/x", true},
	    {"https://h", "https://h/x", true},
	    {"https://h", "https://h", true},
	    {"https://h", "https://h.evil.org/x", false},
	    {"https://h", "https://h:444/x", false},
	    {"https://h/team", "https://h/team/x", true},
	    {"https://h/team", "https://h/team-two/x", false},
	    {"https://h/team/", "https://h/team", false},
	    {"https://h", "http://h", false},
	    {"git@h", "git@h:x", true},
	    {"git@h:", "git@h:x", true},
	    {"git@h", "git@h.evil.org:x", false},
	    {"", "https://h", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (validate_url_covers(cases[i].prefix, cases[i].url) !=
		    cases[i].covers)
			fail_msg("%s, %s", cases[i].prefix, cases[i].url);
}

static void a_password_goes_to_one_host_and_not_in_the_clear(void **state)
{
	static const struct {
		const char *url;
		bool clear, host;
	} cases[] = {
	    {"http://h/x", true, true},
	    {"HTTP://h/x", true, true},
	    {"http://127.0.0.1.evil.org/x", true, true},
	    {"http://127.0.0.1:80/x", false, true},
	    {"http://localhost/x", false, true},
	    {"https://h/x", false, true},
	    {"ssh://git@h/x", false, true},
	    {"git@h:x", false, true},
	    {"https://", false, false},
	    {"https:///x", false, false},
	    {"https", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (validate_url_is_clear(cases[i].url) != cases[i].clear ||
		    validate_url_names_host(cases[i].url) != cases[i].host)
			fail_msg("%s", cases[i].url);
}

static void a_repository_has_a_name_for_its_folder(void **state)
{
	static const char *const good[] = {"web", "team/web", "a.git.b", "a-b"};
	static const char *const bad[] = {"", "/web", "web/", "a//b", "..",
	    "a/../b", "web.git", "team.git/web"};
	char name[202];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!validate_is_repository_name(good[i]))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (validate_is_repository_name(bad[i]))
			fail_msg("%s", bad[i]);
	memset(name, 'a', sizeof(name));
	name[200] = '\0';
	assert_true(validate_is_repository_name(name));
	name[200] = 'a';
	name[201] = '\0';
	assert_false(validate_is_repository_name(name));
}

#define VAULTS(LIST)                                                           \
	"name: prod\nvaults: [" LIST "]\nencryption: none\nsigning: none\n"

static void names_are_each_there_once(void **state)
{
	static const struct config_case cases[] = {
	    {CONFIG_HEAD "git: {repositories: [{url: /a/x}, {url: /b/y}]}\n",
		NULL},
	    {CONFIG_HEAD "git: {repositories: [{url: /a/x}, {url: /b/x}]}\n",
		"git.repositories[1]: has the name 'x' of item 0"},
	    {CONFIG_HEAD "git: {repositories: [{url: /a/x}, {url: /b/x, "
			 "name: y}]}\n",
		NULL},
	    {CONFIG_HEAD "git: {repositories: [{url: /a/x, name: a/../b}]}\n",
		"its name is not a name for a repository"},
	    {VAULTS("{name: a, directory: /v}, {name: b, directory: /w}"),
		NULL},
	    {VAULTS("{name: a, directory: /v}, {name: b, directory: /w}, "
		    "{name: a, directory: /x}"),
		"vaults[2]: has the name 'a' of item 0"},
	    {VAULTS(""), "vaults: is empty; list at least one"},
	    {CONFIG_HEAD "kubernetes: {clusters: [{name: a}, {name: b}]}\n",
		NULL},
	    {CONFIG_HEAD "kubernetes: {clusters: [{name: a}, {name: a}]}\n",
		"kubernetes.clusters[1]: has the name 'a' of item 0"},
	    {CONFIG_HEAD "terraform: {buckets: [{bucket: abc}, "
			 "{bucket: abc}]}\n",
		"terraform.buckets[1]: has the bucket 'abc' of item 0"},
	    {"name: a/b\nvaults: [{name: a, directory: /v}]\n"
	     "encryption: none\nsigning: none\n",
		":1:1: name: is not a name"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

#define LAYERS(LIST) CONFIG_HEAD "layers: [" LIST "]\n"

static void layers_are_checked_together(void **state)
{
	static const struct config_case cases[] = {
	    {LAYERS("{name: a, select: {states: ['*']}}, {name: b, "
		    "depends_on: [a], select: {kinds: ['*']}}"),
		NULL},
	    {LAYERS("{name: a, depends_on: [b], select: {states: ['*']}}, "
		    "{name: b, depends_on: [a], select: {kinds: ['*']}}"),
		"layers: 'a' and 'b' depend on each other"},
	    {LAYERS("{name: a, select: {states: ['*']}}, {name: a, select: "
		    "{kinds: ['*']}}"),
		"layers: "},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_beginning_of_a_url_ends_where_a_part_ends),
	    cmocka_unit_test(a_password_goes_to_one_host_and_not_in_the_clear),
	    cmocka_unit_test(a_repository_has_a_name_for_its_folder),
	    cmocka_unit_test(names_are_each_there_once),
	    cmocka_unit_test(layers_are_checked_together),
	};

	return cmocka_run_group_tests_name(
	    "config/validate", tests, NULL, NULL);
}
