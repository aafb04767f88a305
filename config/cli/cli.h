/*
 * Command lines as data: a program has commands, a command has options and
 * operands. The same tables parse a command line, print the help
 * (cli_help.h) and run the program (cli_main.h). Nothing here knows what a
 * command does.
 *
 * Options may stand before or after the command and its operands; `--name
 * value`, `--name=value`, `-n value`, `-nvalue`; `--` ends them.
 */
#ifndef CONFIG_CLI_CLI_H
#define CONFIG_CLI_CLI_H

#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct connect_env;
struct settings;
struct watch;

/* The C type behind each kind stands beside it. */
enum cli_kind {
	CLI_FLAG,  /* bool */
	CLI_COUNT, /* int: how often it was given */
	CLI_TEXT,  /* const char *: borrowed from argv */
	CLI_TEXTS, /* struct strvec: each time it was given */
	CLI_WORD,  /* int: the position of the value among the words */
};

struct cli_option {
	const char *name; /* without "--"; NULL ends a table */
	char letter;	  /* 0: none */
	enum cli_kind kind;
	size_t offset;
	/*
	 * NULL for flags. Says what the value is, so that a shell can complete
	 * it: words with '|' between them are all that it may be, and any other
	 * value is refused; FILE and DIR are paths; VAULT is the name of a
	 * vault in the configuration. Other names stand for text of their own
	 * kind.
	 */
	const char *argument;
	/* Sentences, wrapped by cli_help. NULL: not shown. The option is only
	 * there so that its command can refuse it with an explanation. */
	const char *help;
};

/* Rows of a table. OPTIONS is the struct that the option is stored in. */
#define CLI_OPTION_END                                                         \
	{                                                                      \
		.name = NULL                                                   \
	}
#define CLI_OPTION_FLAG(OPTIONS, NAME, MEMBER, HELP)                           \
	{                                                                      \
		.name = NAME, .kind = CLI_FLAG,                                \
		.offset = offsetof(OPTIONS, MEMBER), .help = HELP              \
	}
#define CLI_OPTION_TEXT(OPTIONS, NAME, MEMBER, ARGUMENT, HELP)                 \
	{                                                                      \
		.name = NAME, .kind = CLI_TEXT,                                \
		.offset = offsetof(OPTIONS, MEMBER), .argument = ARGUMENT,     \
		.help = HELP                                                   \
	}
#define CLI_OPTION_TEXTS(OPTIONS, NAME, MEMBER, ARGUMENT, HELP)                \
	{                                                                      \
		.name = NAME, .kind = CLI_TEXTS,                               \
		.offset = offsetof(OPTIONS, MEMBER), .argument = ARGUMENT,     \
		.help = HELP                                                   \
	}

/* Options that both programs have. Each program's own struct of options has
 * this as its first member. */
enum cli_output {
	CLI_OUTPUT_TABLE,
	CLI_OUTPUT_JSON,
	/* Of the commands that have CLI_OPTION_OUTPUT. */
	CLI_OUTPUT_HTML,
	CLI_OUTPUT_DOT
};
struct cli_common {
	const char *config;
	int output;	/* enum cli_output */
	int log_format; /* enum log_format */
	int verbose;
	bool quiet;
	/* Of a command that can show what it would do: others are not informed
	 * of such a run. */
	bool dry_run;
	/* Of the commands that read or write a vault. */
	const char *vault; /* NULL: as the help of the command says */
	bool all_names;
	/* list */
	struct strvec only_tags;
	const char *last; /* a count; NULL: all */
};
extern const struct cli_option cli_common_options[]; /* of every command */
/* The common option with more words, "table|json|html": it takes its place. */
#define CLI_OPTION_OUTPUT(WORDS, HELP)                                         \
	{                                                                      \
		.name = "output", .letter = 'o', .kind = CLI_WORD,             \
		.offset = offsetof(struct cli_common, output),                 \
		.argument = WORDS, .help = HELP                                \
	}
#define CLI_OPTION_VAULT(HELP)                                                 \
	CLI_OPTION_TEXT(struct cli_common, "vault", vault, "VAULT", HELP)

/* What a command is run with; all of it is borrowed. */
struct cli_run {
	const char *command;		 /* its name */
	const void *options;		 /* the program's own struct */
	const struct settings *settings; /* NULL: without_settings */
	const struct strvec *operands;
	const struct connect_env *env;
	struct watch *watch; /* NULL: the command is not watched */
	const struct cli_program *program;
};

struct cli_command {
	const char *name; /* NULL ends a table */
	/* "", or what they are: lower-case words with '|' between them are all
	 * that they may be; SNAPSHOT is the label of one. */
	const char *operands;
	int min_operands, max_operands;
	bool without_settings; /* needs no configuration */
	/* Notices and metrics report when it starts and how it ends. */
	bool watched;
	const char *summary;	 /* a line */
	const char *description; /* paragraphs, an empty line between them */
	const struct cli_option *options;
	/* Returns the exit status, or -1 with the error. */
	int (*run)(const struct cli_run *r, struct err *err);
};
#define CLI_COMMAND_END                                                        \
	{                                                                      \
		.name = NULL                                                   \
	}

/* The command `list`, which both programs have. */
extern const struct cli_option cli_list_options[];
#define CLI_COMMAND_LIST(RUN)                                                  \
	{                                                                      \
		.name = "list", .operands = "",                                \
		.summary = "list the snapshots of a vault",                    \
		.description =                                                 \
		    "Lists snapshots, oldest first. A snapshot is shown as "   \
		    "invalid if its signature is wrong, or if its archive is " \
		    "missing or has the wrong size; the exit status is then "  \
		    "5.",                                                      \
		.options = cli_list_options, .run = RUN                        \
	}

struct cli_program {
	const char *name;
	const char *summary;
	const char *description;
	const struct cli_command *commands;
	const char *examples; /* lines, printed as they are */
};

struct cli_request {
	const struct cli_command *command;
	struct strvec operands;
	bool help;
	bool version;
};
#define CLI_REQUEST_INIT                                                       \
	{                                                                      \
		.command = NULL                                                \
	}
void cli_request_done(struct cli_request *r);

/* Fills the options and the request; ERR_USAGE with one line. If help or
 * version is asked for, operands may be missing. */
int cli_parse(const struct cli_program *p, int argc, char *const *argv,
    void *options, struct cli_request *request, struct err *err);
/* The option of a table, which may be NULL; or NULL, where it has none. */
const struct cli_option *cli_option_named(
    const struct cli_option *table, const char *name);
/* Releases what CLI_TEXTS options hold. */
void cli_options_done(const struct cli_program *p, void *options);

#endif
