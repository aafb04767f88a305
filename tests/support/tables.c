#include "tests/support/tables.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Whether an option of the table before `end` (NULL: of all of it) has the name
 * or the letter of another. */
static bool is_in_use(const struct cli_option *t, const struct cli_option *end,
    const struct cli_option *other)
{
	for (; t && t->name && t != end; t++)
		if (str_eq(t->name, other->name) ||
		    (other->letter && t->letter == other->letter))
			return true;
	return false;
}

/* Whether it is --output with other words, which takes the place of the common
 * one; json is everywhere the second of them. */
static bool replaces_output(const struct cli_option *o)
{
	const char *second = o->argument ? strchr(o->argument, '|') : NULL;

	return str_eq(o->name, "output") && o->letter == 'o' &&
	       o->kind == CLI_WORD &&
	       o->offset == offsetof(struct cli_common, output) && second &&
	       str_starts(second, "|json");
}

static void assert_sentences(const char *of, const char *text)
{
	size_t len = strlen(text);

	if (!len || !isupper(text[0]) || text[len - 1] != '.' ||
	    strstr(text, "  "))
		fail_msg("%s: not sentences: %s", of, text);
}

static void assert_option(const struct cli_option *o)
{
	bool valued = o->kind != CLI_FLAG && o->kind != CLI_COUNT;

	for (const char *c = o->name; *c; c++)
		if (!islower(*c) && *c != '-')
			fail_msg("--%s: not a name", o->name);
	if (valued != (o->argument != NULL))
		fail_msg("--%s: its argument is not of its kind", o->name);
	if (o->argument && islower(o->argument[0]) &&
	    !strpbrk(o->argument, "|:"))
		fail_msg("--%s: a choice of one word", o->name);
	if (o->kind == CLI_WORD && !strchr(o->argument, '|'))
		fail_msg("--%s: no words to choose from", o->name);
	if (o->help)
		assert_sentences(o->name, o->help);
}

static void assert_command(const struct cli_command *c)
{
	assert_sentences(c->name, c->description);
	if (c->summary[strlen(c->summary) - 1] == '.')
		fail_msg("%s: a summary is not a sentence", c->name);
	if ((c->max_operands > 0) != (*c->operands != '\0') ||
	    c->min_operands > c->max_operands)
		fail_msg(
		    "%s: its operands are not as many as it takes", c->name);
	for (const struct cli_option *o = c->options; o && o->name; o++) {
		assert_option(o);
		if ((is_in_use(cli_common_options, NULL, o) &&
			!replaces_output(o)) ||
		    is_in_use(c->options, o, o))
			fail_msg("%s: --%s hides another", c->name, o->name);
	}
}

void assert_tables(const struct cli_program *p)
{
	for (const struct cli_option *o = cli_common_options; o->name; o++) {
		assert_option(o);
		if (is_in_use(cli_common_options, o, o))
			fail_msg("--%s hides another", o->name);
	}
	assert_sentences(p->name, p->description);
	for (const struct cli_command *c = p->commands; c->name; c++) {
		assert_non_null(c->run);
		assert_command(c);
		for (const struct cli_command *b = p->commands; b != c; b++)
			assert_string_not_equal(b->name, c->name);
	}
}
