#include "tests/support/lacks.h"

#include "storage/base/cleanup.h"
#include "tests/support/test.h"

void test_assert_lacks(struct closure *c, const char *want)
{
	cleanup(closure_lacks_done) struct closure_lacks lacks = VEC_INIT;
	cleanup(buf_done) struct buf out = BUF_INIT;

	closure_judge(c, &lacks);
	VEC_EACH (&lacks, l)
		buf_printf(&out, "%s: %s\n", l->outside ? "outside" : "missing",
		    l->what);
	assert_string_equal(buf_str(&out), want);
}
