#include "config/hosts.h"

#include "config/settings.h"
#include "tests/support/test.h"

static void the_great_hosts_are_known(void **state)
{
	static const struct {
		const char *url;
		enum host_kind kind;
	} cases[] = {
	    {"https://github.com/t", HOST_GITHUB},
	    {"https://gitlab.com/t", HOST_GITLAB},
	    {"https://codeberg.org/t", HOST_GITEA},
	    {"https://gitea.com/t", HOST_GITEA},
	    {"https://acme.ghe.com/t", HOST_GITHUB},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		enum host_kind kind = HOST_GITLAB;

		if (!hosts_kind(SETTINGS_HOST_AUTO, cases[i].url, &kind) ||
		    kind != cases[i].kind)
			fail_msg("%s: %d", cases[i].url, kind);
	}
}

/* A name that looks like one is somebody's own. */
static void others_have_to_be_named(void **state)
{
	static const char *const urls[] = {"https://github.com.evil.org/t",
	    "https://git.github.com/t", "https://ghe.com/t",
	    "https://notgitlab.com/t", "https://git.example.com/t", "x", ""};
	enum host_kind kind;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
		if (hosts_kind(SETTINGS_HOST_AUTO, urls[i], &kind))
			fail_msg("%s", urls[i]);
	assert_true(hosts_kind(
	    SETTINGS_HOST_GITLAB, "https://git.example.com/t", &kind));
	assert_int_equal(kind, HOST_GITLAB);
	/* What is said goes before what is guessed. */
	assert_true(
	    hosts_kind(SETTINGS_HOST_GITEA, "https://github.com/t", &kind));
	assert_int_equal(kind, HOST_GITEA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_great_hosts_are_known),
	    cmocka_unit_test(others_have_to_be_named),
	};

	return cmocka_run_group_tests_name("config/hosts", tests, NULL, NULL);
}
