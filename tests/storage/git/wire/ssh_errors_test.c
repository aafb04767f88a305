#include "storage/git/wire/ssh_errors.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

/* As OpenSSH 9.2 and git 2.39 say it. */
static void each_failure_has_its_kind_and_its_advice(void **state)
{
	static const struct {
		const char *messages;
		int status;
		enum err_code code;
		const char *advice;
	} cases[] = {
	    {"me@h: Permission denied (publickey).\r\n", 255, ERR_DENIED,
		"does not take the key"},
	    {"Host key verification failed.\n", 255, ERR_DENIED,
		"not in known_hosts"},
	    {"@@@@@\nWARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\n"
	     "Host key verification failed.\n",
		255, ERR_DENIED, "not the one in known_hosts"},
	    {"fatal: '/r.git' does not appear to be a git repository\n", 128,
		ERR_NOT_FOUND, NULL},
	    {"ERROR: Repository not found.\n", 1, ERR_NOT_FOUND, NULL},
	    {"ssh: connect to host h port 22: Connection refused\n", 255,
		ERR_NETWORK, NULL},
	    /* Its words are about a file here, not about the repository. */
	    {"Load key \"/k\": No such file or directory\n", 255, ERR_NETWORK,
		"passphrase"},
	    {"ssh: Could not resolve hostname work: Name or service not known"
	     "\r\n",
		255, ERR_NETWORK, "~/.ssh/config is not read"},
	    {"", -1, ERR_NETWORK, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *advice = ssh_errors_advice(cases[i].messages);
		assert_int_equal(
		    ssh_errors_code(cases[i].messages, cases[i].status),
		    cases[i].code);
		assert_int_equal(advice != NULL, cases[i].advice != NULL);
		if (advice)
			assert_non_null(strstr(advice, cases[i].advice));
	}
}

static void it_becomes_one_printable_line(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	ssh_errors_add(&out, "@@@ rule @@@\none \r\n\n\033[31mtwo");
	assert_int_equal(strncmp(buf_str(&out), "one; ", 5), 0);
	assert_null(strchr(buf_str(&out), '\033'));
	assert_null(strchr(buf_str(&out), '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_failure_has_its_kind_and_its_advice),
	    cmocka_unit_test(it_becomes_one_printable_line),
	};

	return cmocka_run_group_tests_name("ssh_said", tests, NULL, NULL);
}
