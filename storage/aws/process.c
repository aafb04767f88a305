#include "storage/aws/process.h"

#include "storage/base/cleanup.h"
#include "storage/base/program.h"
#include "storage/base/str.h"

enum { MAX_OUTPUT_BYTES = 256 * 1024 };

int aws_process_split(const char *command, struct strvec *words)
{
	cleanup(buf_done) struct buf word = BUF_INIT;
	char quote = 0;
	bool begun = false;

	for (const char *c = command; *c; c++) {
		if (quote && *c == quote) {
			quote = 0;
		} else if (*c == '\\' && quote != '\'' && c[1]) {
			buf_add_char(&word, *++c);
			begun = true;
		} else if (quote) {
			buf_add_char(&word, *c);
		} else if (*c == '\'' || *c == '"') {
			quote = *c;
			begun = true;
		} else if (*c == ' ' || *c == '\t') {
			if (begun)
				strvec_add(words, buf_str(&word));
			buf_clear(&word);
			begun = false;
		} else {
			buf_add_char(&word, *c);
			begun = true;
		}
	}
	if (begun)
		strvec_add(words, buf_str(&word));
	return quote || !words->len ? -1 : 0;
}

int aws_process_run(const char *command, int timeout_ms,
    const struct cancel *cancel, struct buf *out, struct err *err)
{
	cleanup(strvec_done) struct strvec words = VEC_INIT;
	const struct program program = {.args = &words,
	    .max_output_bytes = MAX_OUTPUT_BYTES,
	    .time_limit_ms = timeout_ms,
	    .cancel = cancel};

	if (aws_process_split(command, &words))
		return err_set(err, ERR_USAGE,
		    "it is not a command: a quote is not closed, or it is "
		    "empty");
	return program_run(&program, out, err);
}
