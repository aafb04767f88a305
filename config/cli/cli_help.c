#include "config/cli/cli_help.h"

#include "storage/base/cleanup.h"

#include <string.h>

enum { COLUMNS = 79, INDENT = 7, OPTION_INDENT = 14 };

/* Words of text, wrapped; an empty line in it starts a new paragraph. */
static void wrap(struct buf *out, const char *text, size_t indent)
{
	size_t column = 0;

	while (*text) {
		if (str_starts(text, "\n\n")) {
			buf_add_str(out, "\n\n");
			column = 0;
			text += 2;
			continue;
		}
		size_t space = strspn(text, " \n");
		text += space;
		size_t len = strcspn(text, " \n");
		if (!len)
			break;
		if (column && column + 1 + len > COLUMNS) {
			buf_add_char(out, '\n');
			column = 0;
		}
		if (!column) {
			buf_printf(out, "%*s", (int)indent, "");
			column = indent;
		} else {
			buf_add_char(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += len;
		text += len;
	}
	buf_add_char(out, '\n');
}

/* Those that `instead` has too are shown there. */
static void options(struct buf *out, const struct cli_option *t,
    const struct cli_option *instead)
{
	for (; t && t->name; t++) {
		if (!t->help || cli_option_named(instead, t->name))
			continue;
		buf_printf(out, "%*s", INDENT, "");
		if (t->letter)
			buf_printf(out, "-%c, ", t->letter);
		buf_printf(out, "--%s", t->name);
		if (t->argument)
			buf_printf(out, " %s", t->argument);
		buf_add_char(out, '\n');
		wrap(out, t->help, OPTION_INDENT);
	}
}

static void commands(struct buf *out, const struct cli_program *p)
{
	buf_add_str(out, "\nCOMMANDS\n");
	for (const struct cli_command *c = p->commands; c->name; c++) {
		buf_printf(out, "%*s%s%s%s\n", INDENT, "", c->name,
		    *c->operands ? " " : "", c->operands);
		wrap(out, c->summary, OPTION_INDENT);
	}
}

static const char exit_status[] =
    "       0  everything was captured or applied\n"
    "       1  partial: what was left out is listed\n"
    "       2  the command line or the configuration is wrong\n"
    "       3  failed; nothing was committed\n"
    "       4  another run holds the lock\n"
    "       5  integrity: a digest, a signature or an archive is wrong\n";

void cli_help(
    const struct cli_program *p, const struct cli_command *c, struct buf *out)
{
	cleanup(buf_done) struct buf name = BUF_INIT;

	buf_printf(&name, "%s%s%s - %s", p->name, c ? " " : "",
	    c ? c->name : "", c ? c->summary : p->summary);
	buf_add_str(out, "NAME\n");
	wrap(out, name.data, INDENT);
	buf_add_str(out, "\nSYNOPSIS\n");
	if (c)
		buf_printf(out, "       %s %s [options]%s%s\n", p->name,
		    c->name, *c->operands ? " " : "", c->operands);
	else
		buf_printf(out,
		    "       %s COMMAND [options]\n"
		    "       %s COMMAND --help\n",
		    p->name, p->name);
	buf_add_str(out, "\nDESCRIPTION\n");
	wrap(out, c ? c->description : p->description, INDENT);
	if (!c)
		commands(out, p);
	if (c && c->options && c->options->name) {
		buf_add_str(out, "\nOPTIONS\n");
		options(out, c->options, NULL);
	}
	buf_add_str(out, "\nCOMMON OPTIONS\n");
	options(out, cli_common_options, c ? c->options : NULL);
	buf_printf(out, "\nEXIT STATUS\n%s", exit_status);
	if (!c && p->examples)
		buf_printf(out, "\nEXAMPLES\n%s", p->examples);
	buf_printf(out, "\nSEE ALSO\n       %s(1)\n", p->name);
}
