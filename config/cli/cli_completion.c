#include "config/cli/cli_completion.h"

#include "storage/base/cleanup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What stands behind an option. */
enum value { VALUE_NONE, VALUE_WORDS, VALUE_FILE, VALUE_DIR, VALUE_OTHER };

static enum value value_of(const char *argument)
{
	if (!argument)
		return VALUE_NONE;
	if (islower(argument[0]))
		return VALUE_WORDS;
	return str_eq(argument, "FILE")	 ? VALUE_FILE
	       : str_eq(argument, "DIR") ? VALUE_DIR
					 : VALUE_OTHER;
}

static void add_words(struct buf *out, const char *argument)
{
	for (const char *c = argument; *c; c++)
		buf_add_char(out, *c == '|' ? ' ' : *c);
}

/* The name of a function of a shell. */
static char *function_name(const struct cli_program *p)
{
	char *name = str_printf("_%s", p->name);

	for (char *c = name; *c; c++)
		if (*c == '-')
			*c = '_';
	return name;
}

/* The first sentence, for between single quotes; `escaped` has what takes a
 * backslash besides. */
static void add_sentence(struct buf *out, const char *text, const char *escaped)
{
	const char *end = strstr(text, ". ");
	size_t len = end ? (size_t)(end - text) : strlen(text);

	while (len && text[len - 1] == '.')
		len--;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\'') {
			buf_add_str(out, "'\\''");
			continue;
		}
		if (strchr(escaped, text[i]))
			buf_add_char(out, '\\');
		buf_add_char(out, text[i] == '\n' ? ' ' : text[i]);
	}
}

/* ---- bash ---- */

static void bash_names(struct buf *out, const struct cli_option *t)
{
	for (; t && t->name; t++)
		if (t->help)
			buf_printf(out, " --%s", t->name);
}

/* One case for each option with a value: "COMMAND OPTION". */
static void bash_values(
    struct buf *out, const char *command, const struct cli_option *t)
{
	for (; t && t->name; t++) {
		enum value v = value_of(t->argument);
		if (!t->help || v == VALUE_NONE)
			continue;
		buf_printf(out, "\t%s' --%s'", command, t->name);
		if (t->letter)
			buf_printf(out, " | %s' -%c'", command, t->letter);
		buf_add_str(out, ")\n\t\t");
		if (v == VALUE_WORDS) {
			buf_add_str(out, "COMPREPLY=($(compgen -W '");
			add_words(out, t->argument);
			buf_add_str(out, "' -- \"$cur\"))\n\t\t");
		} else if (v != VALUE_OTHER) {
			buf_printf(out,
			    "compopt -o filenames 2>/dev/null\n\t\t"
			    "mapfile -t COMPREPLY < <(compgen -%c -- "
			    "\"$cur\")\n\t\t",
			    v == VALUE_FILE ? 'f' : 'd');
		}
		buf_add_str(out, "return ;;\n");
	}
}

static void bash_command_names(
    struct buf *out, const struct cli_program *p, const char *between)
{
	for (const struct cli_command *c = p->commands; c->name; c++)
		buf_printf(
		    out, "%s%s", c == p->commands ? "" : between, c->name);
}

static void bash(const struct cli_program *p, struct buf *out)
{
	autofree char *function = function_name(p);

	buf_printf(out,
	    "# bash completion of %s\n"
	    "%s() {\n"
	    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} word command= words\n"
	    "\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	    "\tCOMPREPLY=()\n"
	    "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	    "\t\tcase $word in\n\t\t",
	    p->name, function);
	bash_command_names(out, p, " | ");
	buf_add_str(out, ")\n\t\t\tcommand=$word\n\t\t\tbreak ;;\n\t\tesac\n"
			 "\tdone\n\tcase \"$command $prev\" in\n");
	/* What a command has instead of a common option comes first. */
	for (const struct cli_command *c = p->commands; c->name; c++)
		bash_values(out, c->name, c->options);
	bash_values(out, "*", cli_common_options);
	buf_add_str(out, "\tesac\n\tcase $command in\n");
	for (const struct cli_command *c = p->commands; c->name; c++) {
		buf_printf(out, "\t%s) words='", c->name);
		if (islower(c->operands[0]))
			add_words(out, c->operands);
		bash_names(out, c->options);
		buf_add_str(out, "' ;;\n");
	}
	buf_add_str(out, "\t*) words='");
	bash_command_names(out, p, " ");
	buf_add_str(out, "' ;;\n\tesac\n\twords+='");
	bash_names(out, cli_common_options);
	buf_printf(out,
	    "'\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- "
	    "\"$cur\")\n}\ncomplete -F %s %s\n",
	    function, p->name);
}

/* ---- zsh ---- */

static void zsh_action(struct buf *out, const char *argument)
{
	switch (value_of(argument)) {
	case VALUE_NONE:
		return;
	case VALUE_WORDS:
		buf_add_str(out, ":value:(");
		add_words(out, argument);
		buf_add_char(out, ')');
		return;
	case VALUE_FILE:
		buf_add_str(out, ":file:_files");
		return;
	case VALUE_DIR:
		buf_add_str(out, ":directory:_files -/");
		return;
	case VALUE_OTHER:
		buf_printf(out, ":%s: ", argument);
		return;
	}
}

static void zsh_option(struct buf *out, const struct cli_option *o,
    const char *dashes, const char *name, size_t len)
{
	bool again = o->kind == CLI_TEXTS || o->kind == CLI_COUNT;

	buf_printf(out, " \\\n\t\t'%s%s%.*s[", again ? "*" : "", dashes,
	    (int)len, name);
	add_sentence(out, o->help, "[]:\\");
	buf_add_char(out, ']');
	zsh_action(out, o->argument);
	buf_add_char(out, '\'');
}

static void zsh_options(struct buf *out, const struct cli_option *t)
{
	for (; t && t->name; t++) {
		if (!t->help)
			continue;
		if (t->letter)
			zsh_option(out, t, "-", &t->letter, 1);
		zsh_option(out, t, "--", t->name, strlen(t->name));
	}
}

/* The common options, without those that the command has instead: zsh refuses
 * one that is defined twice. */
static void zsh_common(struct buf *out, const struct cli_option *t)
{
	cleanup(buf_done) struct buf list = BUF_INIT;

	buf_add_str(&list, "common");
	for (; t && t->name; t++) {
		if (!cli_option_named(cli_common_options, t->name))
			continue;
		autofree char *rest = buf_steal(&list);
		buf_printf(&list, "%s:#(--%s|-%c)\\[*", rest, t->name,
		    t->letter ? t->letter : '-');
	}
	if (str_eq(buf_str(&list), "common"))
		buf_add_str(out, "$common");
	else
		buf_printf(out, "${%s}", buf_str(&list));
}

static void zsh(const struct cli_program *p, struct buf *out)
{
	autofree char *function = function_name(p);

	buf_printf(out,
	    "#compdef %s\n%s() {\n"
	    "\tlocal -a commands common\n"
	    "\tlocal context state state_descr line\n"
	    "\ttypeset -A opt_args\n"
	    "\tcommands=(",
	    p->name, function);
	for (const struct cli_command *c = p->commands; c->name; c++) {
		buf_printf(out, "\n\t\t'%s:", c->name);
		add_sentence(out, c->summary, "");
		buf_add_char(out, '\'');
	}
	buf_add_str(out, ")\n\tcommon=(");
	zsh_options(out, cli_common_options);
	buf_add_str(out, ")\n\t_arguments -C $common '1: :->command' "
			 "'*:: :->rest'\n\tcase $state in\n"
			 "\tcommand) _describe command commands ;;\n"
			 "\trest) case $words[1] in\n");
	for (const struct cli_command *c = p->commands; c->name; c++) {
		buf_printf(out, "\t%s) _arguments ", c->name);
		zsh_common(out, c->options);
		zsh_options(out, c->options);
		if (islower(c->operands[0])) {
			buf_add_str(out, " \\\n\t\t'1:what:(");
			add_words(out, c->operands);
			buf_add_str(out, ")'");
		}
		buf_add_str(out, " ;;\n");
	}
	buf_printf(out, "\tesac ;;\n\tesac\n}\n%s \"$@\"\n", function);
}

/* ---- fish ---- */

static void fish_options(struct buf *out, const struct cli_program *p,
    const char *when, const struct cli_option *t)
{
	for (; t && t->name; t++) {
		enum value v = value_of(t->argument);
		if (!t->help)
			continue;
		buf_printf(
		    out, "complete -c %s%s -l %s", p->name, when, t->name);
		if (t->letter)
			buf_printf(out, " -s %c", t->letter);
		if (v == VALUE_WORDS) {
			buf_add_str(out, " -x -a '");
			add_words(out, t->argument);
			buf_add_char(out, '\'');
		} else if (v == VALUE_FILE) {
			buf_add_str(out, " -r -F");
		} else if (v == VALUE_DIR) {
			buf_add_str(
			    out, " -x -a '(__fish_complete_directories)'");
		} else if (v == VALUE_OTHER) {
			buf_add_str(out, " -x");
		}
		buf_add_str(out, " -d '");
		add_sentence(out, t->help, "");
		buf_add_str(out, "'\n");
	}
}

static void fish(const struct cli_program *p, struct buf *out)
{
	buf_printf(out, "# fish completion of %s\ncomplete -c %s -f\n", p->name,
	    p->name);
	for (const struct cli_command *c = p->commands; c->name; c++) {
		buf_printf(out,
		    "complete -c %s -n __fish_use_subcommand -a %s -d '",
		    p->name, c->name);
		add_sentence(out, c->summary, "");
		buf_add_str(out, "'\n");
		autofree char *when =
		    str_printf(" -n '__fish_seen_subcommand_from %s'", c->name);
		fish_options(out, p, when, c->options);
		if (!islower(c->operands[0]))
			continue;
		buf_printf(out, "complete -c %s%s -a '", p->name, when);
		add_words(out, c->operands);
		buf_add_str(out, "'\n");
	}
	fish_options(out, p, "", cli_common_options);
}

int cli_completion(const struct cli_program *p, const char *shell,
    struct buf *out, struct err *err)
{
	if (str_eq(shell, "bash"))
		bash(p, out);
	else if (str_eq(shell, "zsh"))
		zsh(p, out);
	else if (str_eq(shell, "fish"))
		fish(p, out);
	else
		return err_set(
		    err, ERR_USAGE, "completion takes one of: bash, zsh, fish");
	return 0;
}

int cli_completion_run(const struct cli_run *r, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT;

	if (cli_completion(r->program, r->operands->items[0], &text, err))
		return -1;
	fputs(buf_str(&text), stdout);
	return 0;
}
