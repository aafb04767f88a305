#include "storage/base/closest.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static void finds_what_was_meant(void **state)
{
	static const char *const words[] = {
	    "compression", "encryption", "keep", "name", NULL};
	static const struct {
		const char *word, *meant;
	} table[] = {{"compresion", "compression"},
	    {"comprsesion", "compression"}, {"encription", "encryption"},
	    {"kepe", "keep"}, {"nam", "name"}, {"keep", "keep"}, {"zzzz", NULL},
	    {"", NULL}, {"ke", NULL}, {"compress", "compression"},
	    {"comp", NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const char *meant = closest_word(table[i].word, words);

		if (table[i].meant)
			assert_string_equal(meant, table[i].meant);
		else
			assert_null(meant);
	}
}

/* Up to a third of the letters may differ, and one more. */
static void bounds_what_may_differ(void **state)
{
	static const char *const words[] = {"abcdef", NULL};

	(void)state;
	assert_string_equal(closest_word("abcxyz", words), "abcdef");
	assert_null(closest_word("abwxyz", words));
}

static void prefers_the_first_of_the_closest(void **state)
{
	static const char *const words[] = {"cats", "hats", "hat", NULL};

	(void)state;
	assert_string_equal(closest_word("bats", words), "cats");
	assert_string_equal(closest_word("hat", words), "hat");
	assert_null(closest_word("bats", words + 3));
}

/* What is too long to compare is close to nothing, however many letters of it
 * might differ. */
static void a_long_word_is_close_to_nothing(void **state)
{
	static const char *const words[] = {"name", NULL};
	char word[400];

	(void)state;
	for (size_t len = 39; len < sizeof(word); len++) {
		memset(word, 'n', len);
		word[len] = '\0';
		assert_null(closest_word(word, words));
	}
	memset(word, 'n', 40);
	word[40] = '\0';
	const char *long_words[] = {word, NULL};
	assert_ptr_equal(
	    closest_word(
		"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnm", long_words),
	    word);
}

static void hints(void **state)
{
	autofree char *hint = closest_hint("--", "only");
	autofree char *none = closest_hint("--", NULL);

	(void)state;
	assert_string_equal(hint, "; did you mean '--only'?");
	assert_string_equal(none, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(finds_what_was_meant),
	    cmocka_unit_test(bounds_what_may_differ),
	    cmocka_unit_test(prefers_the_first_of_the_closest),
	    cmocka_unit_test(a_long_word_is_close_to_nothing),
	    cmocka_unit_test(hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
