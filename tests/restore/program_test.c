#include "restore/program.h"

#include "restore/command.h"
#include "storage/base/cleanup.h"
#include "tests/support/tables.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_tables(void **state)
{
	(void)state;
	assert_tables(&restore_program);
}

static const struct cli_command *command(const char *name)
{
	const struct cli_command *c = restore_program.commands;

	while (!str_eq(c->name, name))
		c++;
	return c;
}

/* plan shows what apply would do: an option of one that the other does not
 * have changes nothing of what is done. */
static void test_plan_and_apply_share_what_decides(void **state)
{
	(void)state;
	static const char *const own[] = {
	    "server", "offline", "all", "output", "yes", "resume", "approve"};
	const struct cli_option *plan = command("plan")->options;
	const struct cli_option *apply = command("apply")->options;

	for (int i = 0; i < 2; i++) {
		const struct cli_option *mine = i ? apply : plan;
		const struct cli_option *other = i ? plan : apply;
		for (; mine->name; mine++) {
			const struct cli_option *o = other;
			bool is_own = false;
			for (size_t k = 0; k < sizeof(own) / sizeof(*own); k++)
				is_own |= str_eq(mine->name, own[k]);
			while (o->name && !str_eq(o->name, mine->name))
				o++;
			if (!is_own && !o->name)
				fail_msg("--%s is only one's", mine->name);
		}
	}
}

static void test_options_arrive(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct restore_options o = {.yes = false};
	cleanup(cli_request_done) struct cli_request r = CLI_REQUEST_INIT;
	char *argv[] = {(char[]){"backstay-restore"}, (char[]){"apply"},
	    (char[]){"latest"}, (char[]){"--existing=update"},
	    (char[]){"--vault=second"}, (char[]){"--only=git"},
	    (char[]){"--include-finished"}};

	assert_int_equal(cli_parse(&restore_program, 7, argv, &o, &r, &err), 0);
	assert_string_equal(o.existing, "update");
	assert_string_equal(o.common.vault, "second");
	assert_string_equal(o.only.items[0], "git");
	assert_true(o.finished);
	assert_false(o.yes || o.prune || o.derived || o.status);
	cli_options_done(&restore_program, &o);
}

static void test_unknown_choice(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct restore_options o = {.yes = false};
	cleanup(cli_request_done) struct cli_request r = CLI_REQUEST_INIT;
	char *argv[] = {(char[]){"backstay-restore"}, (char[]){"apply"},
	    (char[]){"latest"}, (char[]){"--existing=skip|update"}};

	assert_int_equal(
	    cli_parse(&restore_program, 4, argv, &o, &r, &err), -1);
	assert_string_equal(
	    err.message, "--existing takes one of: skip, update, recreate");
	cli_options_done(&restore_program, &o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tables),
	    cmocka_unit_test(test_plan_and_apply_share_what_decides),
	    cmocka_unit_test(test_options_arrive),
	    cmocka_unit_test(test_unknown_choice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
