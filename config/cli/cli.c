#include "config/cli/cli.h"

#include "config/settings.h"
#include "storage/base/cleanup.h"
#include "storage/base/closest.h"
#include "storage/base/log.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 96 };

#define COMMON(MEMBER) .offset = offsetof(struct cli_common, MEMBER)

const struct cli_option cli_common_options[] = {
    {.name = "config",
	.kind = CLI_TEXT,
	COMMON(config),
	.argument = "FILE",
	.help = "The configuration. Default: the file that the environment "
		"variable " SETTINGS_FILE_VARIABLE
		" names, else " SETTINGS_DEFAULT_FILE "."},
    {.name = "output",
	.letter = 'o',
	.kind = CLI_WORD,
	COMMON(output),
	.argument = "table|json",
	.help = "How results are printed on standard output."},
    {.name = "log-format",
	.kind = CLI_WORD,
	COMMON(log_format),
	.argument = "text|json",
	.help = "How events are written on standard error, one a line."},
    {.name = "verbose",
	.letter = 'v',
	.kind = CLI_COUNT,
	COMMON(verbose),
	.help = "Write more events."},
    {.name = "quiet",
	.letter = 'q',
	.kind = CLI_FLAG,
	COMMON(quiet),
	.help = "Write warnings and errors only, and no progress line."},
    {.name = "help", .letter = 'h', .help = "Print this and exit."},
    {.name = "version", .help = "Print the version and exit."},
    CLI_OPTION_END,
};

const struct cli_option cli_list_options[] = {
    CLI_OPTION_VAULT(
	"The vault to list. Default: the first of the configuration."),
    CLI_OPTION_FLAG(struct cli_common, "all-names", all_names,
	"List the snapshots of other agents in the same vault, too."),
    CLI_OPTION_TEXTS(struct cli_common, "tag", only_tags, "TAG",
	"List only the snapshots that have the tag. Of several, one is "
	"enough."),
    CLI_OPTION_TEXT(struct cli_common, "last", last, "COUNT",
	"List only the newest ones, as many as that."),
    CLI_OPTION_END,
};

const struct cli_option *cli_option_named(
    const struct cli_option *table, const char *name)
{
	for (const struct cli_option *t = table; t && t->name; t++)
		if (str_eq(t->name, name))
			return t;
	return NULL;
}

static const struct cli_option *lettered(
    const struct cli_option *t, char letter)
{
	for (; t && t->name; t++)
		if (t->letter == letter)
			return t;
	return NULL;
}

/* One of the command (NULL: none is known yet), which may have a common option
 * of its own, with more words; or one of the common options. */
static const struct cli_option *find_name(
    const struct cli_command *c, const char *name)
{
	const struct cli_option *o =
	    c ? cli_option_named(c->options, name) : NULL;

	return o ? o : cli_option_named(cli_common_options, name);
}

static const struct cli_option *find_letter(
    const struct cli_command *c, char letter)
{
	const struct cli_option *o = c ? lettered(c->options, letter) : NULL;

	return o ? o : lettered(cli_common_options, letter);
}

static void collect(
    const struct cli_option *t, const char **words, size_t *count)
{
	for (; t && t->name && *count < MAX_WORDS; t++)
		words[(*count)++] = t->name;
}

static int unknown_option(const struct cli_program *p,
    const struct cli_command *c, const char *arg, struct err *err)
{
	const char *words[MAX_WORDS + 1] = {NULL};
	cleanup(buf_done) struct buf shown = BUF_INIT;
	autofree char *name = str_ndup(arg, strcspn(arg, "="));
	size_t count = 0;

	collect(cli_common_options, words, &count);
	if (c)
		collect(c->options, words, &count);
	str_add_printable(&shown, name, strlen(name));
	autofree char *hint = closest_hint("--",
	    str_starts(name, "--") ? closest_word(name + 2, words) : NULL);
	return err_set(err, ERR_USAGE, "unknown option '%s'%s%s %s%s%s --help",
	    shown.data, hint, *hint ? " See" : "; see", p->name, c ? " " : "",
	    c ? c->name : "");
}

/* Whether a value is one of the words of an argument, "a|b|c". */
static bool find_word(const char *words, const char *value, int *position)
{
	for (*position = 0; *words; ++*position) {
		size_t len = strcspn(words, "|");
		if (strlen(value) == len && memcmp(words, value, len) == 0)
			return true;
		words += len + (words[len] == '|');
	}
	return false;
}

static int refuse_word(const char *what, const char *words, struct err *err)
{
	cleanup(buf_done) struct buf known = BUF_INIT;

	for (; *words; words++)
		buf_printf(&known, *words == '|' ? ", " : "%c", *words);
	return err_set(
	    err, ERR_USAGE, "%s takes one of: %s", what, buf_str(&known));
}

static int set(const struct cli_option *o, const char *value, void *options,
    struct cli_request *r, struct err *err)
{
	char *at = (char *)options + o->offset;
	bool has_words = o->argument && strchr(o->argument, '|');
	int position = 0;

	if (str_eq(o->name, "help")) {
		r->help = true;
		return 0;
	}
	if (str_eq(o->name, "version")) {
		r->version = true;
		return 0;
	}
	if (has_words && !find_word(o->argument, value, &position)) {
		autofree char *shown = str_printf("--%s", o->name);
		return refuse_word(shown, o->argument, err);
	}
	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)at = true;
		return 0;
	case CLI_COUNT:
		++*(int *)at;
		return 0;
	case CLI_TEXT:
		if (!*value)
			return err_set(err, ERR_USAGE,
			    "--%s takes %s, not "
			    "an empty text",
			    o->name, o->argument);
		*(const char **)at = value;
		return 0;
	case CLI_TEXTS:
		strvec_add((struct strvec *)at, value);
		return 0;
	case CLI_WORD:
		*(int *)at = position;
		return 0;
	}
	return 0;
}

struct args {
	int argc;
	char *const *argv;
	int at; /* the next one */
};

static int read_value(const struct cli_option *o, const char *attached,
    struct args *a, const char **value, struct err *err)
{
	*value = attached;
	if (!o->argument && attached)
		return err_set(err, ERR_USAGE, "--%s takes no value", o->name);
	if (!o->argument || attached)
		return 0;
	if (a->at >= a->argc)
		return err_set(err, ERR_USAGE, "--%s needs a value: %s",
		    o->name, o->argument);
	*value = a->argv[a->at++];
	return 0;
}

/* One argument that starts with '-': an option, or several letters. */
static int parse_option(const struct cli_program *p, struct args *a,
    const char *arg, void *options, struct cli_request *r, struct err *err)
{
	const char *value;

	if (str_starts(arg, "--")) {
		size_t len = strcspn(arg + 2, "=");
		autofree char *name = str_ndup(arg + 2, len);
		const struct cli_option *o = find_name(r->command, name);
		if (!o)
			return unknown_option(p, r->command, arg, err);
		const char *attached = arg[2 + len] ? arg + 3 + len : NULL;
		if (read_value(o, attached, a, &value, err))
			return -1;
		return set(o, value, options, r, err);
	}
	for (arg++; *arg; arg++) {
		const struct cli_option *o = find_letter(r->command, *arg);
		if (!o) {
			char shown[3] = {'-', *arg, '\0'};
			return unknown_option(p, r->command, shown, err);
		}
		const char *attached = o->argument && arg[1] ? arg + 1 : NULL;
		if (read_value(o, attached, a, &value, err) ||
		    set(o, value, options, r, err))
			return -1;
		if (o->argument)
			return 0;
	}
	return 0;
}

static const struct cli_command *find_command(
    const struct cli_program *p, const char *name, struct err *err)
{
	const char *words[MAX_WORDS + 1] = {NULL};
	cleanup(buf_done) struct buf shown = BUF_INIT;
	size_t count = 0;

	for (const struct cli_command *c = p->commands; c->name; c++) {
		if (str_eq(c->name, name))
			return c;
		words[count++] = c->name;
	}
	autofree char *hint = closest_hint("", closest_word(name, words));
	str_add_printable(&shown, name, strlen(name));
	err_set(err, ERR_USAGE, "unknown command '%s'%s%s %s --help",
	    buf_str(&shown), hint, *hint ? " See" : "; see", p->name);
	return NULL;
}

/* The command decides which options there are, so it is found first. An option
 * before it that takes a value is one of the common ones. */
static int parse_command(const struct cli_program *p, const struct args *all,
    struct cli_request *r, struct err *err)
{
	for (int i = 1; i < all->argc; i++) {
		const char *arg = all->argv[i];
		if (str_eq(arg, "--"))
			return 0;
		if (*arg != '-' || !arg[1]) {
			r->command = find_command(p, arg, err);
			return r->command ? 0 : -1;
		}
		bool is_long = arg[1] == '-';
		const struct cli_option *o = is_long
						 ? find_name(NULL, arg + 2)
						 : find_letter(NULL, arg[1]);
		if (o && o->argument && (is_long || !arg[2]))
			i++;
	}
	return 0;
}

static int check_operands(
    const struct cli_program *p, const struct cli_request *r, struct err *err)
{
	const struct cli_command *c = r->command;
	size_t n = r->operands.len;
	int position;

	if (!c)
		return err_set(err, ERR_USAGE,
		    "no command; see %s --help for what there is", p->name);
	if (n >= (size_t)c->min_operands && n <= (size_t)c->max_operands) {
		for (size_t i = 0; i < n && islower(*c->operands); i++)
			if (!find_word(
				c->operands, r->operands.items[i], &position))
				return refuse_word(c->name, c->operands, err);
		return 0;
	}
	return err_set(err, ERR_USAGE,
	    "usage: %s %s [options]%s%s; see %s %s "
	    "--help",
	    p->name, c->name, *c->operands ? " " : "", c->operands, p->name,
	    c->name);
}

int cli_parse(const struct cli_program *p, int argc, char *const *argv,
    void *options, struct cli_request *r, struct err *err)
{
	struct args a = {.argc = argc, .argv = argv, .at = 1};
	bool ended = false, named = false;

	if (parse_command(p, &a, r, err))
		return -1;
	while (a.at < argc) {
		const char *arg = argv[a.at++];
		if (!ended && str_eq(arg, "--")) {
			ended = true;
		} else if (!ended && arg[0] == '-' && arg[1]) {
			if (parse_option(p, &a, arg, options, r, err))
				return -1;
		} else if (!named && r->command) {
			named = true;
		} else {
			strvec_add(&r->operands, arg);
		}
	}
	return r->help || r->version ? 0 : check_operands(p, r, err);
}

void cli_request_done(struct cli_request *r)
{
	strvec_done(&r->operands);
}

static void done_table(const struct cli_option *t, void *options)
{
	for (; t && t->name; t++)
		if (t->kind == CLI_TEXTS)
			strvec_done(
			    (struct strvec *)((char *)options + t->offset));
}

void cli_options_done(const struct cli_program *p, void *options)
{
	done_table(cli_common_options, options);
	for (const struct cli_command *c = p->commands; c->name; c++)
		done_table(c->options, options);
}
