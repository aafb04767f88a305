#include "storage/aws/process.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <string.h>

static void words_are_those_of_a_shell(void **state)
{
	static const struct {
		const char *command;
		const char *words; /* with '|' behind each; NULL: refused */
	} rows[] = {
	    {"a b\tc", "a|b|c|"},
	    {"  a  ", "a|"},
	    {"a 'b c' \"d e\"", "a|b c|d e|"},
	    {"a'b'\"c\"d", "abcd|"},
	    {"a '' \"\"", "a|||"},
	    {"a\\ b \\'c", "a b|'c|"},
	    {"'a\\b' \"a\\\"b\"", "a\\b|a\"b|"},
	    {"a\\", "a\\|"},
	    {"$HOME *;`b`|c", "$HOME|*;`b`|c|"},
	    {"", NULL},
	    {" \t", NULL},
	    {"a 'b", NULL},
	    {"a \"b", NULL},
	    {"a \"b\\\"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cleanup(strvec_done) struct strvec words = VEC_INIT;
		cleanup(buf_done) struct buf all = BUF_INIT;
		int result = aws_process_split(rows[i].command, &words);
		assert_int_equal(result, rows[i].words ? 0 : -1);
		VEC_EACH (&words, w)
			buf_printf(&all, "%s|", *w);
		if (rows[i].words)
			assert_string_equal(buf_str(&all), rows[i].words);
	}
}

static void a_command_is_run_without_a_shell(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(
	    aws_process_run("/bin/echo '$HOME;' a", 60000, NULL, &out, &err),
	    err);
	assert_string_equal(buf_str(&out), "$HOME; a\n");
	assert_fails(aws_process_run("/bin/echo 'a", 60000, NULL, &out, &err),
	    err, ERR_USAGE);
	assert_contains(err.message, "a quote is not closed");
	assert_int_not_equal(
	    aws_process_run("/bin/false", 60000, NULL, &out, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_are_those_of_a_shell),
	    cmocka_unit_test(a_command_is_run_without_a_shell),
	};

	return cmocka_run_group_tests_name("aws/process", tests, NULL, NULL);
}
