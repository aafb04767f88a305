/*
 * Command lines as data: a program has commands, a command has options and
 * operands, and the same tables parse them and print the help. Nothing here
 * knows what a command does.
 *
 * Options may stand before or after the command and its operands; `--name
 * value`, `--name=value`, `-n value`, `-nvalue`; `--` ends them.
 */
#ifndef CONFIG_CLI_CLI_H
#define CONFIG_CLI_CLI_H

#include "storage/base/buf.h"
#include "storage/base/err.h"
#include "storage/base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* The C type behind each kind stands beside it. */
enum cli_kind {
	CLI_FLAG,  /* bool */
	CLI_COUNT, /* int: how often it was given */
	CLI_TEXT,  /* const char *: borrowed from argv */
	CLI_TEXTS, /* struct strvec: each time it was given */
	CLI_WORD,  /* int: the place of the value in `words` */
};

struct cli_option {
	const char *name; /* without "--"; NULL ends a table */
	char letter;	  /* 0: none */
	enum cli_kind kind;
	size_t offset;
	const char *argument; /* "FILE"; NULL for flags */
	const char *const *words;
	/* Sentences; wrapped by the printer. NULL: one that is only there to be
	 * refused by its command, and not shown. */
	const char *help;
};

struct cli_command {
	const char *name;     /* NULL ends a table */
	const char *operands; /* "SNAPSHOT", "[SNAPSHOT]" or "" */
	int min_operands, max_operands;
	const char *summary;	 /* a line */
	const char *description; /* paragraphs, an empty line between them */
	const struct cli_option *options;
	/* The exit status, or -1 with the error. */
	int (*run)(
	    void *options, const struct strvec *operands, struct err *err);
};

struct cli_program {
	const char *name;
	const char *summary;
	const char *description;
	const struct cli_option *common; /* of every command */
	const struct cli_command *commands;
	const char *examples; /* lines, as they stand */
};

/* Options that both programs have. Embedded first in each one's own. */
enum cli_output { CLI_OUTPUT_TABLE, CLI_OUTPUT_JSON };
struct cli_common {
	const char *config;
	int output;	/* enum cli_output */
	int log_format; /* enum log_format */
	int verbose;
	bool quiet;
};
extern const struct cli_option cli_common_options[];

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

/* Fills the options and the request; ERR_USAGE with one line. Where help or
 * version is asked for, nothing else is demanded. */
int cli_parse(const struct cli_program *p, int argc, char *const *argv,
    void *options, struct cli_request *request, struct err *err);
/* Releases what CLI_TEXTS options hold. */
void cli_options_done(const struct cli_program *p, void *options);

/* The help of a command, or (NULL) of the program; wrapped to 79 columns. */
void cli_help(
    const struct cli_program *p, const struct cli_command *c, struct buf *out);

/*
 * The whole of a main: private umask and memory, signals, options, logging,
 * the command, its error as one line, and the exit status.
 */
struct cancel;
int cli_main(const struct cli_program *p, int argc, char *const *argv,
    void *options, struct cancel *cancel);

/* The configuration that --config or the environment names, or the default;
 * logs which of the secrets it names are open to others. The caller frees;
 * NULL as settings_load. */
struct settings;
struct settings *cli_settings(const struct cli_common *common, struct err *err);

#endif
