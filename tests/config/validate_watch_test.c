#include "tests/support/configs.h"
#include "tests/support/test.h"

static void metrics_are_pushed_with_a_whole_account(void **state)
{
#define PUSH(TEXT) CONFIG_HEAD "metrics: {pushgateway: {" TEXT "}}\n"
	static const struct config_case cases[] = {
	    {PUSH("url: 'http://h:9091'"), NULL},
	    {PUSH("url: h"), "url: is not a URL"},
	    {PUSH("url: 'https://u:p@h'"), "url: holds a user or password"},
	    {PUSH("url: 'https://h', username: u, password: '${P}'"), NULL},
	    {PUSH("url: 'https://h', username: u"),
		"has one of 'username' and 'password_file'"},
	    {PUSH("url: 'https://h', password: '${P}'"),
		"has one of 'username' and 'password_file'"},
	    {PUSH("url: 'http://h', username: u, password: '${P}'"),
		"url: would send a password in the clear"},
	    {PUSH("url: 'http://127.0.0.1:9091', username: u, password: "
		  "'${P}'"),
		NULL},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

#define NOTIFY(TEXT) CONFIG_HEAD "notify: [{name: a, " TEXT "}]\n"

static void a_notice_has_what_its_kind_needs(void **state)
{
	static const struct config_case cases[] = {
	    {NOTIFY("kind: json, url_file: /u"), NULL},
	    {NOTIFY("kind: json, url: '${URL}', template_file: /t"), NULL},
	    {NOTIFY("kind: json"), "lacks 'url_file'"},
	    {NOTIFY("kind: ntfy, url_file: /u, template_file: /t"),
		"template_file: is for kind: json alone"},
	    {NOTIFY("kind: command, command: [/bin/true]"), NULL},
	    {NOTIFY("kind: command"), "lacks 'command'"},
	    {NOTIFY("kind: command, command: [x], url_file: /u"),
		"kind: command uses no 'url'"},
	    {NOTIFY("kind: command, command: [x], token: '${T}'"),
		"kind: command uses no 'url'"},
	    {NOTIFY("kind: command, command: [x], proxy: 'http://h'"),
		"kind: command uses no 'url'"},
	    {NOTIFY("kind: ntfy, url_file: /u, command: [x]"),
		"command: is for kind: command alone"},
	    {CONFIG_HEAD "notify: [{name: a b, kind: json, url_file: /u}]\n",
		"notify[0].name: is not a name"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

static void events_and_commands_are_known_words(void **state)
{
	static const struct config_case cases[] = {
	    {NOTIFY("kind: json, url_file: /u, on: [start, success, partial, "
		    "failure], of: [backup, prune, verify, apply]"),
		NULL},
	    {NOTIFY("kind: json, url_file: /u, on: [failure, failed]"),
		"on: holds 'failed'; it takes a list of: start, success, "
		"partial, failure"},
	    {NOTIFY("kind: json, url_file: /u, of: [Backup]"),
		"of: holds 'Backup'; it takes a list of: backup, prune, "
		"verify, apply"},
	};

	(void)state;
	ASSERT_CONFIG_CASES(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(metrics_are_pushed_with_a_whole_account),
	    cmocka_unit_test(a_notice_has_what_its_kind_needs),
	    cmocka_unit_test(events_and_commands_are_known_words),
	};

	return cmocka_run_group_tests_name(
	    "config/validate_watch", tests, NULL, NULL);
}
