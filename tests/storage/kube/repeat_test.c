#include "storage/kube/repeat.h"

#include "tests/support/test.h"

#include <string.h>

static enum kube_repeat_verdict item(struct kube_repeat *r, const char *text)
{
	return kube_repeat_item(r, text, strlen(text));
}

static void passes_each_item_on_once(void **state)
{
	struct kube_repeat r = {0};

	(void)state;
	kube_repeat_attempt(&r);
	assert_int_equal(item(&r, "a"), KUBE_REPEAT_NEW);
	assert_int_equal(item(&r, "b"), KUBE_REPEAT_NEW);
	kube_repeat_attempt(&r);
	assert_int_equal(item(&r, "a"), KUBE_REPEAT_KNOWN);
	assert_int_equal(item(&r, "b"), KUBE_REPEAT_KNOWN);
	assert_int_equal(item(&r, "c"), KUBE_REPEAT_NEW);
	/* An attempt that ended early takes nothing back. */
	kube_repeat_attempt(&r);
	assert_int_equal(item(&r, "a"), KUBE_REPEAT_KNOWN);
	kube_repeat_attempt(&r);
	assert_int_equal(item(&r, "a"), KUBE_REPEAT_KNOWN);
	assert_int_equal(item(&r, "b"), KUBE_REPEAT_KNOWN);
	assert_int_equal(item(&r, "c"), KUBE_REPEAT_KNOWN);
	assert_int_equal(item(&r, "d"), KUBE_REPEAT_NEW);
	assert_int_equal(r.delivered, 4);
}

/* The page is another: by an item, by its order, or by a length. */
static void finds_a_page_that_changed(void **state)
{
	static const char *const changed[][2] = {
	    {"a", "x"}, {"x", "b"}, {"b", "a"}, {"ab", ""}, {"a", "bb"}};

	(void)state;
	for (size_t i = 0; i < sizeof(changed) / sizeof(*changed); i++) {
		struct kube_repeat r = {0};

		kube_repeat_attempt(&r);
		assert_int_equal(item(&r, "a"), KUBE_REPEAT_NEW);
		assert_int_equal(item(&r, "b"), KUBE_REPEAT_NEW);
		kube_repeat_attempt(&r);
		assert_int_equal(item(&r, changed[i][0]), KUBE_REPEAT_KNOWN);
		assert_int_equal(item(&r, changed[i][1]), KUBE_REPEAT_CHANGED);
	}
}

/* The first 512 bytes and the length of an item count. */
static void a_long_item_counts_by_its_beginning(void **state)
{
	char text[600];
	struct kube_repeat r = {0};

	(void)state;
	memset(text, 'a', sizeof(text));
	kube_repeat_item(&r, text, sizeof(text));
	kube_repeat_attempt(&r);
	assert_int_equal(
	    kube_repeat_item(&r, text, sizeof(text) - 1), KUBE_REPEAT_CHANGED);
	kube_repeat_attempt(&r);
	assert_int_equal(
	    kube_repeat_item(&r, text, sizeof(text)), KUBE_REPEAT_KNOWN);
	text[511] = 'b';
	kube_repeat_attempt(&r);
	assert_int_equal(
	    kube_repeat_item(&r, text, sizeof(text)), KUBE_REPEAT_CHANGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(passes_each_item_on_once),
	    cmocka_unit_test(finds_a_page_that_changed),
	    cmocka_unit_test(a_long_item_counts_by_its_beginning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
