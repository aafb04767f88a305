#include "agent/program.h"

#include "agent/agent.h"
#include "storage/base/cleanup.h"
#include "tests/support/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_tables(void **state)
{
	(void)state;
	assert_tables(&agent_program);
}

/* One option of each kind arrives in the member that its row names. */
static void test_options_arrive(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct agent_options o = {.prune = false};
	cleanup(cli_request_done) struct cli_request r = CLI_REQUEST_INIT;
	char *argv[] = {(char[]){"backstay-agent"}, (char[]){"backup"},
	    (char[]){"--prune"}, (char[]){"--tag=a"}, (char[]){"--tag=b"},
	    (char[]){"--hold"}, (char[]){"--accept-shrink"}};

	assert_int_equal(cli_parse(&agent_program, 7, argv, &o, &r, &err), 0);
	assert_true(o.prune && o.hold && o.accept_shrink);
	assert_false(o.yes || o.common.dry_run || o.adopt || o.show_config);
	assert_int_equal(o.tags.len, 2);
	assert_string_equal(o.tags.items[1], "b");
	cli_options_done(&agent_program, &o);
}

static void test_vault_is_only_made(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct agent_options o = {.prune = false};
	cleanup(cli_request_done) struct cli_request r = CLI_REQUEST_INIT;
	char *argv[] = {
	    (char[]){"backstay-agent"}, (char[]){"vault"}, (char[]){"remove"}};

	assert_int_equal(cli_parse(&agent_program, 3, argv, &o, &r, &err), -1);
	assert_int_equal(err.code, ERR_USAGE);
	assert_string_equal(err.message, "vault takes one of: init");
	cli_options_done(&agent_program, &o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tables),
	    cmocka_unit_test(test_options_arrive),
	    cmocka_unit_test(test_vault_is_only_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
