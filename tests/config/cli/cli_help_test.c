#include "config/cli/cli_help.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static const struct cli_option options[] = {
    {.name = "to",
	.letter = 't',
	.kind = CLI_TEXT,
	.argument = "DIR",
	.help = "Where to."},
    {.name = "output",
	.kind = CLI_WORD,
	.argument = "a|b",
	.help = "Another output."},
    {.name = "hidden", .kind = CLI_FLAG},
    {.name = NULL},
};
static const struct cli_command commands[] = {
    {.name = "push",
	.operands = "THING",
	.summary = "push a thing",
	.description = "Pushes one.\n\nAnd a second\nparagraph.",
	.options = options},
    {.name = "list", .operands = "", .summary = "list", .description = "L."},
    {.name = NULL},
};
static const struct cli_program program = {.name = "prog",
    .summary = "does things",
    .description = "It does.",
    .commands = commands,
    .examples = "       prog push x\n"};

static void a_program_lists_its_commands(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	cli_help(&program, NULL, &out);
	const char *text = buf_str(&out);
	assert_contains(text, "NAME\n       prog - does things\n");
	assert_contains(text, "\nSYNOPSIS\n       prog COMMAND [options]\n");
	assert_contains(text,
	    "\nCOMMANDS\n       push THING\n              push a thing\n"
	    "       list\n              list\n");
	assert_contains(text, "\nEXAMPLES\n       prog push x\n");
	assert_contains(text, "\nSEE ALSO\n       prog(1)\n");
	for (int status = 0; status <= 5; status++) {
		autofree char *line = str_printf("\n       %d  ", status);
		assert_contains(text, line);
	}
	assert_null(strstr(text, "\nOPTIONS\n"));
}

static void a_command_lists_its_options(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	cli_help(&program, &commands[0], &out);
	const char *text = buf_str(&out);
	assert_contains(text, "NAME\n       prog push - push a thing\n");
	assert_contains(text, "\nSYNOPSIS\n       prog push [options] THING\n");
	assert_contains(text,
	    "\nDESCRIPTION\n       Pushes one.\n\n       And a second "
	    "paragraph.\n");
	assert_contains(
	    text, "\nOPTIONS\n       -t, --to DIR\n              Where to.\n");
	assert_null(strstr(text, "hidden"));
	assert_null(strstr(text, "EXAMPLES"));
	/* What it has instead of a common option is shown once. */
	const char *own = strstr(text, "--output");
	assert_non_null(own);
	assert_null(strstr(own + 1, "--output"));
	assert_contains(text, "\nCOMMON OPTIONS\n");
}

static void one_without_options_has_no_such_section(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	cli_help(&program, &commands[1], &out);
	assert_null(strstr(buf_str(&out), "\nOPTIONS\n"));
	assert_contains(
	    buf_str(&out), "\nSYNOPSIS\n       prog list [options]\n");
}

/* A line breaks where the next word would pass column 79, and a word that is
 * longer stands alone. */
static void text_is_wrapped_at_a_column(void **state)
{
	char word[200];
	static char text[400];
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct cli_program p = program;

	(void)state;
	memset(word, 'x', sizeof(word));
	word[72] = '\0'; /* 7 + 72: up to column 79 */
	strcpy(text, word);
	strcat(text, " y");
	p.description = text;
	cli_help(&p, NULL, &out);
	autofree char *full =
	    str_printf("\nDESCRIPTION\n       %s\n       y\n", word);
	assert_contains(buf_str(&out), full);
	buf_clear(&out);
	word[70] = '\0';
	strcpy(text, word);
	strcat(text, " y");
	cli_help(&p, NULL, &out);
	autofree char *fits = str_printf("\nDESCRIPTION\n       %s y\n", word);
	assert_contains(buf_str(&out), fits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_program_lists_its_commands),
	    cmocka_unit_test(a_command_lists_its_options),
	    cmocka_unit_test(one_without_options_has_no_such_section),
	    cmocka_unit_test(text_is_wrapped_at_a_column),
	};

	return cmocka_run_group_tests_name("cli/cli_help", tests, NULL, NULL);
}
