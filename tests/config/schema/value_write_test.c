/* What is written reads back, whatever characters it has. */
#include "storage/base/cleanup.h"
#include "tests/support/values.h"

#include <stdlib.h>
#include <string.h>

static void assert_reads_back(const char *value)
{
	const struct field f = {.key = "k", .kind = FIELD_TEXT};
	autofree char *copy = str_dup(value);
	const union config_value before = {.text = copy};
	union config_value after;
	cleanup(buf_done) struct buf out = BUF_INIT;
	struct err err = ERR_INIT;

	value_write(&f, &before, 0, &out);
	buf_truncate(&out, out.len - 1);
	assert_ok(config_value_read(&f, buf_str(&out) + 1, &after, &err), err);
	assert_string_equal(after.text, value);
	value_done(&f, &after);
}

static void any_text_reads_back(void **state)
{
	static const char *const texts[] = {"a", "a b", " a ", "a: b", "# a",
	    "'", "\"", "\\", "a\nb", "\t", "true", "1", "~", "${A}", "$${A}",
	    "$$${A}", "$", "$$", "{", "[a]", "\xc3\xa4", "\xf0\x9f\x98\x80",
	    "- a", "a\\nb", "*a", "&a", "!a"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_reads_back(texts[i]);
}

static void each_kind_is_written_in_its_form(void **state)
{
	static char file[] = "/pw", variable[] = "PW";
	const struct field secret = {.key = "k", .kind = FIELD_SECRET};
	const union config_value by_file = {.secret = {.file = file}};
	const union config_value by_name = {.secret = {.variable = variable}};
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	value_write_secret(&by_file, &out);
	value_write(&secret, &by_file, 0, &out);
	assert_string_equal(buf_str(&out), "_file \"/pw\"\n");
	buf_clear(&out);
	value_write_secret(&by_name, &out);
	value_write(&secret, &by_name, 0, &out);
	assert_string_equal(buf_str(&out), " ${PW}\n");
}

static void lists_are_indented(void **state)
{
	const struct field f = {.key = "k", .kind = FIELD_TEXTS};
	union config_value v = {.texts = VEC_INIT};
	cleanup(buf_done) struct buf out = BUF_INIT;

	(void)state;
	strvec_add(&v.texts, "a");
	value_write(&f, &v, 4, &out);
	assert_string_equal(buf_str(&out), "\n      - \"a\"\n");
	value_done(&f, &v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_text_reads_back),
	    cmocka_unit_test(each_kind_is_written_in_its_form),
	    cmocka_unit_test(lists_are_indented),
	};

	return cmocka_run_group_tests_name(
	    "schema/value_write", tests, NULL, NULL);
}
