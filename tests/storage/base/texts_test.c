#include "storage/base/texts.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void texts_of_any_length_stay_where_they_are(void **state)
{
	enum { COUNT = 5000, LONG = 200000 };
	struct texts t = TEXTS_INIT;
	const char *kept[COUNT];
	autofree char *long_text = mem_zalloc(LONG + 1);
	char text[32];

	(void)state;
	memset(long_text, 'l', LONG);
	const char *empty = texts_keep(&t, "");
	const char *longest = texts_keep(&t, long_text);
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "text number %d", i);
		kept[i] = texts_keep(&t, text);
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "text number %d", i);
		assert_string_equal(kept[i], text);
	}
	assert_string_equal(empty, "");
	assert_string_equal(longest, long_text);
	texts_done(&t);
	assert_string_equal(texts_keep(&t, "again"), "again");
	texts_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(texts_of_any_length_stay_where_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
