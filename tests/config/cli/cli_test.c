#include "config/cli/cli.h"

#include "config/cli/cli_help.h"
#include "storage/base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct options {
	struct cli_common common;
	bool dry;
	const char *to;
	struct strvec tags;
};

static const struct cli_option push_options[] = {
    {.name = "dry-run",
	.kind = CLI_FLAG,
	.offset = offsetof(struct options, dry),
	.help = "Write nothing."},
    {.name = "to",
	.letter = 't',
	.kind = CLI_TEXT,
	.offset = offsetof(struct options, to),
	.argument = "DIR",
	.help = "Where to."},
    {.name = "tag",
	.kind = CLI_TEXTS,
	.offset = offsetof(struct options, tags),
	.argument = "TAG",
	.help = "A tag; may be repeated."},
    {.name = NULL},
};
static const struct cli_command commands[] = {
    {.name = "push",
	.operands = "THING",
	.min_operands = 1,
	.max_operands = 1,
	.summary = "push a thing",
	.description = "Pushes a thing.\n\nAnd a second paragraph.",
	.options = push_options},
    {.name = "list",
	.operands = "",
	.summary = "list",
	.description = "Lists."},
    {.name = NULL},
};
static const struct cli_program program = {.name = "prog",
    .summary = "does things",
    .description = "It does things.",
    .commands = commands};

#define PARSE(o, r, err, ...)                                                  \
	({                                                                     \
		char *argv_[] = {(char[]){"prog"}, __VA_ARGS__};               \
		cli_parse(&program, (int)(sizeof(argv_) / sizeof(*argv_)),     \
		    argv_, o, r, err);                                         \
	})

/* argv is not const: what stands in it must outlive the parse. */
static char *argument(const char *text)
{
	static char pool[64][64];
	static size_t next;
	char *place = pool[next++ % 64];

	assert_true(strlen(text) < sizeof(pool[0]));
	return strcpy(place, text);
}
#define A(text) argument(text)

static void done(struct options *o, struct cli_request *r)
{
	cli_options_done(&program, o);
	cli_request_done(r);
}

static void test_options_anywhere(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct options o = {.dry = false};
	struct cli_request r = CLI_REQUEST_INIT;

	assert_int_equal(
	    PARSE(&o, &r, &err, A("--config"), A("push"), A("-vv"), A("push"),
		A("--tag=a"), A("x"), A("-ojson"), A("--tag"), A("b"), A("-t"),
		A("d"), A("--dry-run")),
	    0);
	assert_string_equal(r.command->name, "push");
	assert_string_equal(o.common.config, "push");
	assert_int_equal(o.common.verbose, 2);
	assert_int_equal(o.common.output, CLI_OUTPUT_JSON);
	assert_int_equal(o.tags.len, 2);
	assert_string_equal(o.tags.items[1], "b");
	assert_string_equal(o.to, "d");
	assert_true(o.dry);
	assert_int_equal(r.operands.len, 1);
	assert_string_equal(r.operands.items[0], "x");
	done(&o, &r);
}

static void test_dashes_end_options(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct options o = {.dry = false};
	struct cli_request r = CLI_REQUEST_INIT;

	assert_int_equal(
	    PARSE(&o, &r, &err, A("push"), A("--"), A("--dry-run")), 0);
	assert_false(o.dry);
	assert_string_equal(r.operands.items[0], "--dry-run");
	done(&o, &r);
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *args[4];
		const char *message;
	} cases[] = {
	    {{NULL}, "no command; see prog --help for what there is"},
	    {{"pusk"}, "unknown command 'pusk'; did you mean 'push'? See prog "
		       "--help"},
	    {{"push", "x", "--dryrun"},
		"unknown option '--dryrun'; did you mean '--dry-run'? See "
		"prog push --help"},
	    {{"list", "--dry-run"},
		"unknown option '--dry-run'; see prog list --help"},
	    {{"push", "-z"}, "unknown option '-z'; see prog push --help"},
	    {{"push"}, "usage: prog push [options] THING; see prog push "
		       "--help"},
	    {{"list", "x"}, "usage: prog list [options]; see prog list --help"},
	    {{"list", "-o", "xml"}, "--output takes one of: table, json"},
	    {{"list", "--config"}, "--config needs a value: FILE"},
	    {{"list", "--config="}, "--config takes FILE, not an empty text"},
	    {{"list", "--quiet=1"}, "--quiet takes no value"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct err err = ERR_INIT;
		struct options o = {.dry = false};
		struct cli_request r = CLI_REQUEST_INIT;
		char *argv[5] = {A("prog")};
		int argc = 1;
		for (; argc < 5 && cases[i].args[argc - 1]; argc++)
			argv[argc] = str_dup(cases[i].args[argc - 1]);
		assert_int_equal(
		    cli_parse(&program, argc, argv, &o, &r, &err), -1);
		assert_int_equal(err.code, ERR_USAGE);
		assert_string_equal(err.message, cases[i].message);
		while (argc-- > 1)
			free(argv[argc]);
		done(&o, &r);
	}
}

static void test_help_demands_nothing_else(void **state)
{
	(void)state;
	struct err err = ERR_INIT;
	struct options o = {.dry = false};
	struct cli_request r = CLI_REQUEST_INIT;

	assert_int_equal(PARSE(&o, &r, &err, A("push"), A("--help")), 0);
	assert_true(r.help);
	done(&o, &r);
}

static void test_help_fits_a_terminal(void **state)
{
	(void)state;
	for (int i = -1; i < 2; i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		cli_help(&program, i < 0 ? NULL : &commands[i], &out);
		for (char *line = out.data; *line;) {
			size_t len = strcspn(line, "\n");
			assert_in_range(len, 0, 79);
			line += len + 1;
		}
		assert_non_null(strstr(out.data, "EXIT STATUS\n"));
		if (i == 0)
			assert_non_null(strstr(out.data,
			    "       -t, --to DIR\n              Where to.\n"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_options_anywhere),
	    cmocka_unit_test(test_dashes_end_options),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_help_demands_nothing_else),
	    cmocka_unit_test(test_help_fits_a_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
