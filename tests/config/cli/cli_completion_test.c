/* What the tables of a program become in each shell. */
#include "config/cli/cli_completion.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static const struct cli_option options[] = {
    {.name = "to",
	.letter = 't',
	.kind = CLI_TEXT,
	.argument = "DIR",
	.help = "Where it's to. And more."},
    {.name = "from", .kind = CLI_TEXT, .argument = "FILE", .help = "From."},
    {.name = "mode",
	.kind = CLI_WORD,
	.argument = "fast|slow",
	.help = "How [1]: fast."},
    {.name = "tag", .kind = CLI_TEXTS, .argument = "TAG", .help = "A tag."},
    {.name = "hidden", .kind = CLI_FLAG},
    {.name = NULL},
};
static const struct cli_command commands[] = {
    {.name = "push",
	.operands = "THING",
	.summary = "push it's thing",
	.options = options},
    {.name = "show", .operands = "one|two", .summary = "show"},
    {.name = NULL},
};
static const struct cli_program program = {
    .name = "my-prog", .commands = commands};

static void complete(const char *shell, struct buf *out)
{
	struct err err = ERR_INIT;

	assert_ok(cli_completion(&program, shell, out, &err), err);
	/* An option without help is there to be refused. */
	assert_null(strstr(buf_str(out), "hidden"));
}

static void bash_gets_cases(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	complete("bash", &out);
	const char *text = buf_str(&out);
	assert_contains(text, "_my_prog() {");
	assert_contains(text, "complete -F _my_prog my-prog\n");
	assert_contains(text, "push | show)");
	assert_contains(text, "push' --to' | push' -t')");
	assert_contains(text, "compgen -d ");
	assert_contains(text, "compgen -f ");
	assert_contains(text, "compgen -W 'fast slow' ");
	assert_contains(text, "push) words=' --to --from --mode --tag' ;;");
	assert_contains(text, "show) words='one two' ;;");
	assert_contains(text, "--help");
}

static void zsh_gets_arguments(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	complete("zsh", &out);
	const char *text = buf_str(&out);
	assert_int_equal(strncmp(text, "#compdef my-prog\n", 17), 0);
	/* One sentence, its quote closed and opened again. */
	assert_contains(text, "'--to[Where it'\\''s to]:directory:_files -/'");
	assert_contains(text, "'-t[Where it'\\''s to]");
	assert_contains(text, "'--from[From]:file:_files'");
	/* What ends a description or a name takes a backslash. */
	assert_contains(
	    text, "'--mode[How \\[1\\]\\: fast]:value:(fast slow)'");
	/* It may stand there several times. */
	assert_contains(text, "'*--tag[A tag]:TAG: '");
	assert_contains(text, "'push:push it'\\''s thing'");
	assert_contains(text, "'1:what:(one two)'");
}

static void fish_gets_a_line_each(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	complete("fish", &out);
	const char *text = buf_str(&out);
#define WHEN "complete -c my-prog -n '__fish_seen_subcommand_from push'"
	assert_contains(
	    text, "complete -c my-prog -n __fish_use_subcommand -a push ");
	assert_contains(text,
	    WHEN " -l to -s t -x -a '(__fish_complete_directories)' -d 'Where "
		 "it'\\''s to'\n");
	assert_contains(text, WHEN " -l from -r -F -d 'From'\n");
	assert_contains(text, WHEN " -l mode -x -a 'fast slow' ");
	assert_contains(text, WHEN " -l tag -x -d 'A tag'\n");
	assert_contains(text,
	    "complete -c my-prog -n '__fish_seen_subcommand_from show' -a "
	    "'one two'\n");
}

static void other_shells_are_refused(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err;

	(void)state;
	assert_fails(
	    cli_completion(&program, "tcsh", &out, &err), err, ERR_USAGE);
	assert_string_equal(
	    err.message, "completion takes one of: bash, zsh, fish");
	assert_int_equal(out.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bash_gets_cases),
	    cmocka_unit_test(zsh_gets_arguments),
	    cmocka_unit_test(fish_gets_a_line_each),
	    cmocka_unit_test(other_shells_are_refused),
	};

	return cmocka_run_group_tests_name(
	    "cli/cli_completion", tests, NULL, NULL);
}
