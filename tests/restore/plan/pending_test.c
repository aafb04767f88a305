#include "restore/plan/pending.h"

#include "tests/support/test.h"

static uint32_t keep(struct pending *w, const char *name)
{
	size_t from = w->texts.len;

	buf_add_str(&w->texts, name);
	return pending_keep(w, from);
}

/* The names of what comes one after the other are mostly the same. */
static void a_name_is_kept_once_among_the_last_few(void **state)
{
	struct pending w;

	(void)state;
	pending_init(&w, NULL);
	uint32_t a = keep(&w, "a");
	uint32_t b = keep(&w, "bb");
	size_t len = w.texts.len;
	assert_int_not_equal(a, 0);
	assert_int_equal(keep(&w, "a"), a);
	assert_int_equal(keep(&w, "bb"), b);
	assert_int_equal(w.texts.len, len);
	assert_int_not_equal(keep(&w, "b"), b);
	for (int i = 0; i < PENDING_RECENT; i++)
		keep(&w, (const char[]){(char)('0' + i), '\0'});
	uint32_t again = keep(&w, "a");
	assert_int_not_equal(again, a);
	assert_string_equal(pending_text(&w, a), "a");
	assert_string_equal(pending_text(&w, b), "bb");
	assert_string_equal(pending_text(&w, again), "a");
	pending_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_is_kept_once_among_the_last_few),
	};

	return cmocka_run_group_tests_name("plan/pending", tests, NULL, NULL);
}
