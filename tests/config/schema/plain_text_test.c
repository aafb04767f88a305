/* A text as it stands in the configuration is read back as it is. */
#include "config/schema/plain_text.h"

#include "config/schema/schema.h"
#include "storage/base/cleanup.h"
#include "tests/support/values.h"

#include <stdlib.h>

static const struct {
	const char *text, *escaped, *quoted;
} rows[] = {
    {"", "", "\"\""},
    {"plain", "plain", "\"plain\""},
    {"$", "$", "\"$\""},
    {"$HOME", "$HOME", "\"$HOME\""},
    {"${HOME}", "$${HOME}", "\"$${HOME}\""},
    {"a${b}${c}", "a$${b}$${c}", "\"a$${b}$${c}\""},
    {"${", "$${", "\"$${\""},
    {"$${x}", "$$${x}", "\"$$${x}\""},
    {"{}$", "{}$", "\"{}$\""},
    {"say \"hi\"\\\n\t", "say \"hi\"\\\n\t",
	"\"say \\\"hi\\\"\\\\\\u000a\\u0009\""},
    {": # - 'x' null", ": # - 'x' null", "\": # - 'x' null\""},
    {"\xc3\xa4\xf0\x9f\x90\x98", "\xc3\xa4\xf0\x9f\x90\x98",
	"\"\xc3\xa4\xf0\x9f\x90\x98\""},
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

static void only_what_begins_a_variable_is_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;

		plain_text_escape(rows[i].text, &out);
		assert_string_equal(buf_str(&out), rows[i].escaped);
	}
}

static void quotes_are_those_of_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;

		buf_add_str(&out, "k: ");
		plain_text_quote(rows[i].text, &out);
		assert_string_equal(buf_str(&out) + 3, rows[i].quoted);
	}
}

/* Also where a variable of that name is set. */
static void what_was_written_is_read_back(void **state)
{
	static const struct field f = {.key = "k", .kind = FIELD_TEXT};

	(void)state;
	setenv("x", "VALUE", 1);
	setenv("HOME", "VALUE", 1);
	for (size_t i = 0; i < ROWS; i++) {
		cleanup(buf_done) struct buf out = BUF_INIT;
		union config_value v;
		struct err err = ERR_INIT;

		if (!*rows[i].text)
			continue;
		plain_text_quote(rows[i].text, &out);
		assert_ok(config_value_read(&f, buf_str(&out), &v, &err), err);
		assert_string_equal(v.text, rows[i].text);
		value_done(&f, &v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_what_begins_a_variable_is_escaped),
	    cmocka_unit_test(quotes_are_those_of_json),
	    cmocka_unit_test(what_was_written_is_read_back),
	};

	return cmocka_run_group_tests_name(
	    "schema/plain_text", tests, NULL, NULL);
}
