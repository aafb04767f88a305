#include "storage/crypto/checkpoint.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
/* The example of c2sp.org/tlog-checkpoint. */
#define TEXT "example.com/behind-the-sofa\n20852163\n" ROOT

static void one_is_written_as_it_is_read(void **state)
{
	cleanup(checkpoint_done) struct checkpoint c = {.origin = NULL};
	cleanup(buf_done) struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	(void)state;
	assert_ok(checkpoint_parse(TEXT, strlen(TEXT), &c, &err), err);
	assert_string_equal(c.origin, "example.com/behind-the-sofa");
	assert_int_equal(c.size, 20852163);
	checkpoint_write(&c, &text);
	assert_string_equal(buf_str(&text), TEXT);
}

static void what_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"", "a\n", "a\n1\n", "\n1\n" ROOT,
	    "a\n01\n" ROOT, "a\n-1\n" ROOT, "a\n9223372036854775808\n" ROOT,
	    "a\n 1\n" ROOT, "a\n1\nCsUY\n", "a\n1\nx" ROOT, "\xff\n1\n" ROOT};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cleanup(checkpoint_done) struct checkpoint c = {.origin = NULL};
		struct err err;
		assert_fails(checkpoint_parse(bad[i], strlen(bad[i]), &c, &err),
		    err, ERR_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_is_written_as_it_is_read),
	    cmocka_unit_test(what_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
