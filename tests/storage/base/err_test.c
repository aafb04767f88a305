#include "storage/base/err.h"

#include "storage/base/str.h"
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

static void reads_from_what_was_tried_to_what_went_wrong(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_system(&err, ENOENT, "opening '%s'", "/x"), -1);
	assert_int_equal(err_wrap(&err, "configuration"), -1);
	assert_string_equal(err.message,
	    "configuration: opening '/x': No such file or directory");
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_int_equal(err.sys_errno, ENOENT);
}

static void may_take_its_own_message_as_an_argument(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	err_set(&err, ERR_NETWORK, "inner");
	err_set(&err, ERR_DENIED, "outer (%s)", err.message);
	assert_string_equal(err.message, "outer (inner)");
}

static void says_that_it_was_cut(void **state)
{
	struct err err = ERR_INIT;
	char longer[2000];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	err_set(&err, ERR_FORMAT, "%s", longer);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_string_equal(
	    err.message + sizeof(err.message) - sizeof("a..."), "a...");
}

static void is_not_cut_within_a_character(void **state)
{
	(void)state;
	/* Whatever stands before, one of these would be cut in two. */
	for (size_t before = 0; before < 4; before++) {
		struct err err = ERR_INIT;
		char longer[2000];
		memset(longer, 'a', before);
		for (size_t i = before; i + 4 < sizeof(longer); i += 4)
			memcpy(longer + i, "\xf0\x9f\x98\x80", 5);
		err_set(&err, ERR_FORMAT, "%s", longer);
		assert_true(str_utf8_valid(err.message, strlen(err.message)));
		assert_true(str_ends(err.message, "\x80..."));
	}
}

static void maps_to_the_exit_status(void **state)
{
	static const struct {
		enum err_code code;
		int status;
	} table[] = {{ERR_NONE, 0}, {ERR_USAGE, 2}, {ERR_SYSTEM, 3},
	    {ERR_NETWORK, 3}, {ERR_DENIED, 3}, {ERR_CANCELLED, 3},
	    {ERR_LOCKED, 4}, {ERR_INTEGRITY, 5}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct err err = {.code = table[i].code};
		assert_int_equal(err_exit_status(&err), table[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reads_from_what_was_tried_to_what_went_wrong),
	    cmocka_unit_test(may_take_its_own_message_as_an_argument),
	    cmocka_unit_test(says_that_it_was_cut),
	    cmocka_unit_test(is_not_cut_within_a_character),
	    cmocka_unit_test(maps_to_the_exit_status),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
